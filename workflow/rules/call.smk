# One joint call over the normal and all tumours of a patient.
rule call:
    input:
        bams=bams,
        # The BAMs' headers are checked, and missing indexes made, before they are read.
        sheet=OUT / "sheet/{patient}.json",
        reference=REFERENCE,
        targets=PANEL["targets"],
        sites=SITES,
        resources=[path for path in (SETTINGS.pon, SETTINGS.germline) if path],
    output:
        vcf=OUT / "call/{patient}.vcf.gz",
        index=OUT / "call/{patient}.vcf.gz.tbi",
    log:
        OUT / "logs/call/{patient}.log",
    benchmark:
        OUT / "benchmarks/call/{patient}.tsv"
    conda:
        "../envs/resistpanel.yaml"
    threads: 2
    resources:
        mem_mb=memory("call"),
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        samples=normal_and_tumors,
        resources=flags([("--pon", SETTINGS.pon), ("--germline", SETTINGS.germline)]),
        extra=SETTINGS.call_extra,
    shell:
        "resistpanel call --reference {input.reference:q} --targets {input.targets:q}"
        " {params.samples} --sites {input.sites:q} {params.resources} {params.extra}"
        " --threads {threads} --output {output.vcf:q} > {log:q} 2>&1"
