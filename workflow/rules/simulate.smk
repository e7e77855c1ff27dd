# A described patient: genome, targets, BAMs and sheet with known truth.
if SETTINGS.simulate:

    rule simulate:
        input:
            patient=PLAN.sources[0],
            others=PLAN.sources[1:],
            due=DUE("simulate"),
        output:
            samples=SETTINGS.samples,
            targets=SETTINGS.targets,
            reference=multiext(str(REFERENCE), "", ".fai", ".gzi"),
            bams=[row.bam for rows in PLAN.patients.values() for row in rows],
            indexes=[
                f"{row.bam}.bai" for rows in PLAN.patients.values() for row in rows
            ],
        log:
            OUT / "logs/simulate.log",
        benchmark:
            OUT / "benchmarks/simulate.tsv"
        conda:
            "../envs/resistpanel.yaml"
        threads: 2
        resources:
            mem_mb=4000,
            runtime=30,
        params:
            folder=SETTINGS.samples.parent,
            options=flags(
                [
                    ("--seed", SETTINGS.simulate.seed),
                    ("--depth", SETTINGS.simulate.depth),
                ]
            ),
        shell:
            "resistpanel simulate --made-from {input.due:q}"
            " {input.patient:q} --output {params.folder:q} {params.options}"
            " --threads {threads}"
            " > {log:q} 2>&1"
