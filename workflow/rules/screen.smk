# A pooled mutagenesis screen: recurrent substitutions of a cDNA library grown under a drug.
rule screen:
    input:
        bam=lambda wildcards: SCREENS[wildcards.screen]["bam"],
        control=lambda wildcards: SCREENS[wildcards.screen].get("control", []),
        reference=lambda wildcards: SCREENS[wildcards.screen]["reference"],
        due=DUE("screen", "{screen}"),
    output:
        tsv=OUT / "screen/{screen}.tsv",
        rows=OUT / "screen/{screen}.catalog.tsv",
        plot=report(OUT / "screen/{screen}.svg", category="Screens"),
    log:
        OUT / "logs/screen/{screen}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        catalog=SETTINGS.catalog,
        options=lambda wildcards: flags(
            (f"--{key}", SCREENS[wildcards.screen].get(key)) for key in SCREEN_OPTIONS
        ),
    shell:
        "resistpanel screen --made-from {input.due:q}"
        " --bam {input.bam:q} --reference {input.reference:q}"
        " {params.options} --catalog {params.catalog:q} --output {output.tsv:q}"
        " --rows {output.rows:q} --plot {output.plot:q} > {log:q} 2>&1"
