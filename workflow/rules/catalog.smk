# The catalogue's alleles as VCF: each is genotyped in every sample, found or not.
rule catalog:
    input:
        **PANEL,
        reference=REFERENCE,
        catalog=CATALOG,
        due=DUE("catalog"),
    output:
        sites=OUT / "catalog/sites.vcf",
    log:
        OUT / "logs/catalog.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        folder=SETTINGS.catalog,
        user=USER_TABLES,
    shell:
        "resistpanel catalog --made-from {input.due:q}"
        " sites --genes {input.genes:q} --reference {input.reference:q}"
        " --catalog {params.folder:q} {params.user} --targets {input.targets:q} --output {output.sites:q}"
        " > {log:q} 2>&1"
