# A patient's rows, checked against the BAMs' headers; drugs resolved; missing indexes made.
rule sheet:
    input:
        # A sheet that has grown leaves the patients alone whose rows are as they were.
        samples=ancient(SETTINGS.samples),
        treatments=ancient(SETTINGS.treatments or []),
        reference=REFERENCE,
        targets=SETTINGS.targets,
        genes=SETTINGS.genes,
        drugs=[SETTINGS.catalog / "drugs.tsv", *DRUGS],
        bams=bams,
        due=DUE("sheet", "{patient}"),
    output:
        json=OUT / "sheet/{patient}.json",
    log:
        OUT / "logs/sheet/{patient}.log",
    # Before the calls, which do not wait for it: what it refuses needs no calls.
    priority: 1
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("sheet"),
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        build=SETTINGS.build,
        catalog=SETTINGS.catalog,
        aligned=STAGE["align"],
        tables=flags(
            [("--treatments", SETTINGS.treatments), ("--drugs", SETTINGS.drugs)]
        ),
    shell:
        "resistpanel sheet --made-from {input.due:q}"
        " --samples {input.samples:q} {params.tables} --reference {input.reference:q}"
        " --build {params.build:q} --targets {input.targets:q} --genes {input.genes:q}"
        " --catalog {params.catalog:q} --patient {wildcards.patient:q} --output {output.json:q}"
        " --aligned {params.aligned:q} > {log:q} 2>&1"
