# All samples of the run against each other: swaps between patients.
rule identity:
    input:
        patients=expand(STAGE["copynumber"] / "{patient}.json", patient=PLAN.patients),
        due=DUE("identity"),
    output:
        json=OUT / "identity/cohort.json",
    log:
        OUT / "logs/identity.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        limits=flags(
            (f"--{name.replace('_', '-')}", value)
            for name, value in SETTINGS.identity.items()
        ),
    shell:
        "resistpanel identity --made-from {input.due:q}"
        " {input.patients:q} {params.limits} --output {output.json:q} > {log:q} 2>&1"
