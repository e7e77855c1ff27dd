# Allele frequencies with intervals, and the state of every variant between time points.
rule compare:
    input:
        vcf=STAGE["annotate"] / "{patient}.vcf.gz",
        index=STAGE["annotate"] / "{patient}.vcf.gz.tbi",
        sheet=OUT / "sheet/{patient}.json",
        copynumber=STAGE["copynumber"] / "{patient}.json",
        # A table that has grown leaves the patients alone whose rows are as they were.
        tests=ancient(SETTINGS.other_tests or []),
        listed=lambda wildcards: PLAN.test_files(wildcards.patient),
        due=DUE("compare", "{patient}"),
    output:
        json=OUT / "compare/{patient}.json",
    log:
        OUT / "logs/compare/{patient}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("compare"),
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        germline=lambda wildcards: flags(PLAN.withheld(wildcards.patient)),
        tests=flags([("--other-tests", SETTINGS.other_tests)]),
        build=SETTINGS.build,
        hopping=flags([("--most-hopping", SETTINGS.index_hopping)]),
    shell:
        "resistpanel compare --made-from {input.due:q}"
        " --vcf {input.vcf:q} --sheet {input.sheet:q} {params.hopping} {params.germline}"
        " {params.tests} --build {params.build:q}"
        " --copynumber {input.copynumber:q} --output {output.json:q} > {log:q} 2>&1"
