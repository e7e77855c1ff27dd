# Consequence, HGVS c. and p.
rule annotate:
    input:
        vcf=STAGE["call"] / "{patient}.vcf.gz",
        index=STAGE["call"] / "{patient}.vcf.gz.tbi",
        genes=PANEL["genes"],
        sequences=SEQUENCES,
        reference=REFERENCE,
        due=DUE("annotate", "{patient}"),
    output:
        vcf=STAGE["annotate"] / "{patient}.vcf.gz",
        index=STAGE["annotate"] / "{patient}.vcf.gz.tbi",
    log:
        OUT / "logs/annotate/{patient}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("annotate"),
        runtime=lambda wildcards, attempt: 15 * attempt,
    shell:
        "resistpanel annotate --made-from {input.due:q}"
        " --vcf {input.vcf:q} --genes {input.genes:q}"
        " --reference {input.reference:q} --sequences {input.sequences:q} --output {output.vcf:q} > {log:q} 2>&1"
