# Results of this run and of earlier ones, for SQL. Made where DuckDB is installed.
rule store:
    input:
        reports=expand(OUT / "report/{patient}.json", patient=PLAN.patients),
        due=DUE("store"),
    output:
        # Not removed before the job: it holds the results of earlier runs.
        store=update(OUT / "store/results.duckdb"),
    log:
        OUT / "logs/store.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        also=flags([("--also", SETTINGS.store)]),
    shell:
        "resistpanel store --made-from {input.due:q}"
        " add --complete {params.also} {output.store:q} {input.reports:q} > {log:q} 2>&1"


if SETTINGS.publish:

    # Snakemake uploads what the job has copied, and again where a report was made again.
    rule publish:
        input:
            result=OUT / "report/{file}",
            due=DUE("publish", "{file}"),
        output:
            storage(f"{SETTINGS.publish}/report/{{file}}"),
        log:
            OUT / "logs/publish/{file}.log",
        wildcard_constraints:
            file=r"(pass/)?[^/]+\.(html|json|tsv|maf|vcf\.gz|tbi)",
        conda:
            "../envs/resistpanel.yaml"
        threads: 1
        resources:
            mem_mb=500,
            runtime=30,
        shell:
            "resistpanel store --made-from {input.due:q}"
            " copy {input.result:q} --output {output:q} > {log:q} 2>&1"
