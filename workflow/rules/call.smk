# One joint call over the normal and all tumours of a patient. If it is scattered, each share of the
# targets is read by a job of its own, and the call is made of the evidence of all.
rule call:
    input:
        evidence=evidence,
        bams=bams,
        # Not the sheet's step: another drug does not concern the calls. As an ancient() input it
        # would keep Snakemake from seeing that the calls themselves are due.
        reference=REFERENCE,
        targets=PANEL["targets"],
        sites=SITES,
        resources=[path for path in (SETTINGS.pon, SETTINGS.germline) if path],
        assay=ASSAY,
        primers=primers,
        due=DUE("call", "{patient}"),
    output:
        vcf=STAGE["call"] / "{patient}.vcf.gz",
        index=STAGE["call"] / "{patient}.vcf.gz.tbi",
        counts=STAGE["call"] / "{patient}.counts.json",
    log:
        OUT / "logs/call/{patient}.log",
    benchmark:
        OUT / "benchmarks/call/{patient}.tsv"
    conda:
        "../envs/resistpanel.yaml"
    threads: lambda wildcards: 1 if evidence(wildcards) else 2
    resources:
        mem_mb=memory("call"),
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        gather=lambda wildcards, input: flags(
            [("--gather", tuple(input.evidence) or None)]
        ),
        samples=normal_and_tumors,
        resources=flags([("--pon", SETTINGS.pon), ("--germline", SETTINGS.germline)]),
        folder=flags([("--assay-folder", SETTINGS.assay_folder)]),
        assay=assay,
        extra=SETTINGS.call_extra,
    shell:
        "resistpanel call --made-from {input.due:q}"
        " --reference {input.reference:q} --targets {input.targets:q}"
        " {params.samples} --sites {input.sites:q} {params.resources} {params.assay} {params.extra}"
        " {params.folder} {params.gather} --threads {threads} --counts {output.counts:q}"
        " --output {output.vcf:q} > {log:q} 2>&1"


rule call_shard:
    input:
        bams=bams,
        reference=REFERENCE,
        targets=PANEL["targets"],
        sites=SITES,
        primers=primers,
        due=DUE("call_shard", "{patient}.{shard}-of-{shards}"),
    output:
        temp(STAGE["call"] / "{patient}.{shard}-of-{shards}.npz"),
    log:
        OUT / "logs/call/{patient}.{shard}-of-{shards}.log",
    benchmark:
        OUT / "benchmarks/call/{patient}.{shard}-of-{shards}.tsv"
    wildcard_constraints:
        shard=r"\d+",
        shards=r"\d+",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("call"),
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        samples=normal_and_tumors,
        assay=assay,
        extra=SETTINGS.call_extra,
    shell:
        "resistpanel call --made-from {input.due:q}"
        " --reference {input.reference:q} --targets {input.targets:q}"
        " {params.samples} --sites {input.sites:q} {params.assay} {params.extra}"
        " --shard {wildcards.shard:q}/{wildcards.shards:q} --evidence {output:q} > {log:q} 2>&1"
