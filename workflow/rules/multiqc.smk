# One page of figures over all samples. Not part of the default run: MultiQC is an optional extra.
rule multiqc:
    input:
        qc=expand(OUT / "qc/{patient}.json", patient=PLAN.patients),
        copynumber=expand(STAGE["copynumber"] / "{patient}.json", patient=PLAN.patients),
        identity=OUT / "identity/cohort.json",
        scan=SETTINGS.multiqc,
        due=DUE("multiqc"),
    output:
        html=OUT / "multiqc/multiqc.html",
    log:
        OUT / "logs/multiqc.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        content=OUT / "multiqc/content",
        scan=flags([("--scan", tuple(SETTINGS.multiqc) or None)]),
    shell:
        "resistpanel multiqc --made-from {input.due:q}"
        " --qc {input.qc:q} --copynumber {input.copynumber:q}"
        " --identity {input.identity:q} {params.scan} --content {params.content:q}"
        " --output {output.html:q} > {log:q} 2>&1"
