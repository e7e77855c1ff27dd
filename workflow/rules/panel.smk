# The panel's files under the contig names of the reference and the accessions of its contigs, once
# per run.
rule panel:
    input:
        reference=REFERENCE,
        fai=f"{REFERENCE}.fai",
        targets=SETTINGS.targets,
        genes=SETTINGS.genes,
        due=DUE("panel"),
    output:
        **PANEL,
        sequences=SEQUENCES,
    log:
        OUT / "logs/panel.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        read="--read-contigs" if SETTINGS.vrs == "all" else "",
    shell:
        "resistpanel panel --made-from {input.due:q}"
        " adapt --reference {input.reference:q}"
        " --bed {input.targets:q} --gff3 {input.genes:q}"
        " --output-bed {output.targets:q} --output-gff3 {output.genes:q}"
        " --output-sequences {output.sequences:q} {params.read} > {log:q} 2>&1"
