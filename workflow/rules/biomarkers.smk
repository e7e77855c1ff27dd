# Mutational burden, hypermutation, microsatellite instability.
rule biomarkers:
    input:
        **PANEL,
        sheet=OUT / "sheet/{patient}.json",
        qc=OUT / "qc/{patient}.json",
        compare=OUT / "compare/{patient}.json",
        bams=bams,
        reference=REFERENCE,
        sites=[SETTINGS.msi_sites] if SETTINGS.msi_sites else [],
        due=DUE("biomarkers", "{patient}"),
    output:
        json=OUT / "biomarkers/{patient}.json",
    log:
        OUT / "logs/biomarkers/{patient}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("biomarkers"),
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        sites=flags([("--sites", SETTINGS.msi_sites)]),
    shell:
        "resistpanel biomarkers --made-from {input.due:q}"
        " --sheet {input.sheet:q} --qc {input.qc:q} --compare {input.compare:q}"
        " --targets {input.targets:q} --genes {input.genes:q} --reference {input.reference:q}"
        " {params.sites} --output {output.json:q} > {log:q} 2>&1"
