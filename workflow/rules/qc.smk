# Depth, on-target, duplicates, insert size and the gate, per sample: from what the caller counted
# while it read the BAMs. Where the call is scattered the BAMs are read again, beside it.
rule qc:
    input:
        bams=bams,
        sheet=OUT / "sheet/{patient}.json",
        reference=REFERENCE,
        targets=PANEL["targets"],
        counts=counts,
        due=DUE("qc", "{patient}"),
    output:
        json=OUT / "qc/{patient}.json",
    log:
        OUT / "logs/qc/{patient}.log",
    benchmark:
        OUT / "benchmarks/qc/{patient}.tsv"
    conda:
        "../envs/resistpanel.yaml"
    threads: 2
    resources:
        mem_mb=memory("qc"),
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        counts=lambda wildcards, input: flags([("--counts", path) for path in input.counts]),
        assay=lambda wildcards: flags(PLAN.assay(wildcards.patient)),
        gate=flags(
            ("--gate", f"{name}={'off' if value is None else value}")
            for name, value in SETTINGS.qc.items()
        ),
    shell:
        "resistpanel qc --made-from {input.due:q}"
        " --sheet {input.sheet:q} --targets {input.targets:q}"
        " --reference {input.reference:q} {params.assay} {params.gate} {params.counts}"
        " --threads {threads}"
        " --output {output.json:q} > {log:q} 2>&1"
