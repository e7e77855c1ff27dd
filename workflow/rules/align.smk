# Samples that are given as FASTQ: aligned, sorted, duplicates marked, indexed. BAMs in object
# storage: fetched once and indexed.


wildcard_constraints:
    aligned="|".join(map(re.escape, PLAN.aligned)) or "none",
    fetched="|".join(map(re.escape, PLAN.fetched)) or "none",


if PLAN.fetched:

    rule fetch:
        input:
            bam=lambda wildcards: storage(PLAN.fetched[wildcards.fetched].url),
            due=DUE("fetch", "{fetched}"),
        output:
            bam=STAGE["align"] / "{fetched}.bam",
            index=STAGE["align"] / "{fetched}.bam.bai",
        log:
            OUT / "logs/align/{fetched}.log",
        conda:
            "../envs/resistpanel.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=lambda wildcards, attempt: 240 * attempt,
        shell:
            "resistpanel align --made-from {input.due:q}"
            " fetch --copy {input.bam:q} --output {output.bam:q} > {log:q} 2>&1"


if PLAN.aligned:

    rule align_index:
        input:
            reference=REFERENCE,
            fai=f"{REFERENCE}.fai",
            due=DUE("align_index"),
        output:
            folder=directory(STAGE["align"] / "index"),
        log:
            OUT / "logs/align/index.log",
        conda:
            "../envs/bwa.yaml"
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 16000 * attempt,
            runtime=lambda wildcards, attempt: 240 * attempt,
        params:
            aligner=SETTINGS.align["aligner"],
        shell:
            "resistpanel align --made-from {input.due:q}"
            " index --reference {input.reference:q} --aligner {params.aligner:q}"
            " --output {output.folder:q} > {log:q} 2>&1"

    rule align:
        input:
            fastq1=lambda wildcards: PLAN.aligned[wildcards.aligned].fastq1,
            fastq2=lambda wildcards: PLAN.aligned[wildcards.aligned].fastq2,
            reference=REFERENCE,
            index=STAGE["align"] / "index",
            due=DUE("align", "{aligned}"),
        output:
            bam=STAGE["align"] / "{aligned}.bam",
            index=STAGE["align"] / "{aligned}.bam.bai",
        log:
            OUT / "logs/align/{aligned}.log",
        benchmark:
            OUT / "benchmarks/align/{aligned}.tsv"
        conda:
            "../envs/bwa.yaml"
        threads: 8
        resources:
            mem_mb=lambda wildcards, attempt: 16000 * attempt,
            runtime=lambda wildcards, attempt: 480 * attempt,
        params:
            fastq=lambda wildcards: flags(PLAN.fastq(wildcards.aligned)),
            umi=SETTINGS.align["umi"],
            adapter=SETTINGS.align["adapter"],
            qualities=SETTINGS.align["qualities"],
            structure=SETTINGS.align["read_structure"],
        shell:
            "resistpanel align --made-from {input.due:q}"
            " run --sample {wildcards.aligned:q} {params.fastq}"
            " --reference {input.reference:q} --index {input.index:q} --umi {params.umi:q}"
            " --adapter {params.adapter:q} --qualities {params.qualities:q}"
            " --read-structure {params.structure:q}"
            " --threads {threads} --output {output.bam:q} > {log:q} 2>&1"
