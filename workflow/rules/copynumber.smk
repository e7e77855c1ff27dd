# Gene log2 ratio, purity, identity and contamination.
rule copynumber:
    input:
        sheet=OUT / "sheet/{patient}.json",
        qc=OUT / "qc/{patient}.json",
        vcf=STAGE["annotate"] / "{patient}.vcf.gz",
        index=STAGE["annotate"] / "{patient}.vcf.gz.tbi",
        reference=REFERENCE,
        genes=PANEL["genes"],
        drivers=SETTINGS.catalog / "drivers.tsv",
        pool=lambda wildcards: [path for path, _ in PLAN.pool(wildcards.patient)],
        due=DUE("copynumber", "{patient}"),
    output:
        json=STAGE["copynumber"] / "{patient}.json",
    log:
        OUT / "logs/copynumber/{patient}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("copynumber"),
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        catalog=SETTINGS.catalog,
        pool=lambda wildcards: flags(
            ("--pool", normal) for normal in PLAN.pool(wildcards.patient)
        ),
        gate=flags(
            ("--gate", f"{name}={'off' if value is None else value}")
            for name, value in SETTINGS.copynumber.items()
        ),
    shell:
        "resistpanel copynumber --made-from {input.due:q}"
        " --sheet {input.sheet:q} --qc {input.qc:q} --vcf {input.vcf:q}"
        " --reference {input.reference:q} --genes {input.genes:q}"
        " --catalog {params.catalog:q} {params.pool} {params.gate}"
        " --output {output.json:q} > {log:q} 2>&1"
