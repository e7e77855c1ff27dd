# Other callers beside ours; off unless the configuration names some.

# What ours is asked for: the catalogue's alleles, and those of the other callers.
SITES = OUT / "catalog/sites.vcf"
if PLAN.compared:
    SITES = STAGE["callers"] / "{patient}.sites.vcf"


wildcard_constraints:
    caller="|".join(SETTINGS.callers) or "none",


if PLAN.compared:

    rule callers_reference:
        input:
            reference=REFERENCE,
            fai=f"{REFERENCE}.fai",
            due=DUE("callers_reference"),
        output:
            folder=directory(STAGE["callers"] / "reference"),
        log:
            OUT / "logs/callers/reference.log",
        conda:
            "../envs/resistpanel.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=60,
        shell:
            "resistpanel callers --made-from {input.due:q}"
            " reference --reference {input.reference:q}"
            " --output {output.folder:q} > {log:q} 2>&1"

    rule callers_run:
        input:
            bams=bams,
            sheet=OUT / "sheet/{patient}.json",
            reference=STAGE["callers"] / "reference",
            targets=PANEL["targets"],
            germline=SETTINGS.germline or [],
            due=DUE("callers_run", "{caller}/{patient}"),
        output:
            folder=directory(STAGE["callers"] / "{caller}/{patient}"),
        log:
            OUT / "logs/callers/{caller}/{patient}.log",
        benchmark:
            OUT / "benchmarks/callers/{caller}/{patient}.tsv"
        conda:
            "../envs/{caller}.yaml"
        threads: 2
        resources:
            mem_mb=lambda wildcards, attempt: 6000 * attempt,
            runtime=lambda wildcards, attempt: 720 * attempt,
        params:
            samples=normal_and_tumors,
            germline=flags([("--germline", SETTINGS.germline)]),
            extra=lambda wildcards: flags(
                [("--extra", SETTINGS.callers_extra.get(wildcards.caller))]
            ),
        shell:
            "resistpanel callers --made-from {input.due:q}"
            " run --caller {wildcards.caller:q}"
            " --reference {input.reference:q}/genome.fa --targets {input.targets:q}"
            " {params.samples} {params.germline} {params.extra} --threads {threads}"
            " --output {output.folder:q} > {log:q} 2>&1"

    # Ours is asked for every allele that another caller took for somatic.
    rule callers_sites:
        input:
            folders=caller_folders,
            vcfs=caller_files,
            sheet=OUT / "sheet/{patient}.json",
            sites=OUT / "catalog/sites.vcf",
            reference=REFERENCE,
            due=DUE("callers_sites", "{patient}"),
        output:
            sites=STAGE["callers"] / "{patient}.sites.vcf",
        log:
            OUT / "logs/callers/{patient}.sites.log",
        conda:
            "../envs/resistpanel.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=15,
        params:
            calls=caller_flags,
        shell:
            "resistpanel callers --made-from {input.due:q}"
            " sites --sites {input.sites:q} {params.calls}"
            " --sheet {input.sheet:q} --reference {input.reference:q}"
            " --output {output.sites:q} > {log:q} 2>&1"

    rule callers:
        input:
            folders=caller_folders,
            vcfs=caller_files,
            sheet=OUT / "sheet/{patient}.json",
            vcf=STAGE["call"] / "{patient}.vcf.gz",
            reference=REFERENCE,
            due=DUE("callers", "{patient}"),
        output:
            json=STAGE["callers"] / "{patient}.json",
            tsv=STAGE["callers"] / "{patient}.tsv",
        log:
            OUT / "logs/callers/{patient}.log",
        conda:
            "../envs/resistpanel.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=15,
        params:
            calls=caller_flags,
        shell:
            "resistpanel callers --made-from {input.due:q}"
            " table --vcf {input.vcf:q} {params.calls}"
            " --sheet {input.sheet:q} --reference {input.reference:q}"
            " --output-json {output.json:q} --output-tsv {output.tsv:q} > {log:q} 2>&1"
