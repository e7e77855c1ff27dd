# Catalogue match, mechanism against the drug given, verdict.
rule resist:
    input:
        **PANEL,
        compare=OUT / "compare/{patient}.json",
        sheet=OUT / "sheet/{patient}.json",
        copynumber=STAGE["copynumber"] / "{patient}.json",
        qc=OUT / "qc/{patient}.json",
        catalog=CATALOG,
        knowledge=KNOWLEDGE,
        reference=REFERENCE,
        due=DUE("resist", "{patient}"),
    output:
        json=OUT / "resist/{patient}.json",
    log:
        OUT / "logs/resist/{patient}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("resist"),
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        catalog=SETTINGS.catalog,
        user=USER_TABLES,
        knowledge=SETTINGS.knowledge,
    shell:
        "resistpanel resist --made-from {input.due:q}"
        " --compare {input.compare:q} --sheet {input.sheet:q}"
        " --copynumber {input.copynumber:q} --qc {input.qc:q}"
        " --catalog {params.catalog:q} {params.user} --knowledge {params.knowledge:q}"
        " --genes {input.genes:q} --targets {input.targets:q} --reference {input.reference:q}"
        " --output {output.json:q} > {log:q} 2>&1"
