MULTIQC = OUT / "multiqc/multiqc.html"


# One page per patient, with its data beside it.
rule report:
    input:
        sheet=OUT / "sheet/{patient}.json",
        qc=OUT / "qc/{patient}.json",
        compare=OUT / "compare/{patient}.json",
        resist=OUT / "resist/{patient}.json",
        biomarkers=OUT / "biomarkers/{patient}.json",
        # Decisions of readers; no rule makes them.
        review=reviews,
        copynumber=STAGE["copynumber"] / "{patient}.json",
        vcf=STAGE["annotate"] / "{patient}.vcf.gz",
        reference=REFERENCE,
        genes=PANEL["genes"],
        # For the reads around each call.
        bams=bams,
        table1=[SETTINGS.table1] if SETTINGS.table1 else [],
        callers=[STAGE["callers"] / "{patient}.json"] if PLAN.compared else [],
        due=DUE("report", "{patient}"),
    output:
        html=report(
            OUT / "report/{patient}.html",
            caption="../report/patient.rst",
            category="Patients",
            labels={"patient": "{patient}", "what": "report"},
        ),
        json=OUT / "report/{patient}.json",
        tsv=report(
            OUT / "report/{patient}.tsv",
            caption="../report/calls.rst",
            category="Patients",
            labels={"patient": "{patient}", "what": "calls (TSV)"},
        ),
        maf=OUT / "report/{patient}.maf",
        vcf=report(
            OUT / "report/{patient}.vcf.gz",
            caption="../report/vcf.rst",
            category="Patients",
            labels={"patient": "{patient}", "what": "calls (VCF)"},
        ),
        tbi=OUT / "report/{patient}.vcf.gz.tbi",
        pass_vcf=OUT / "report/pass/{patient}.vcf.gz",
        pass_tbi=OUT / "report/pass/{patient}.vcf.gz.tbi",
    log:
        OUT / "logs/report/{patient}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("report"),
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        build=SETTINGS.build,
        paths="--full-paths" if SETTINGS.report_paths == "full" else "",
        table1=flags([("--table1", SETTINGS.table1)]),
        review=lambda wildcards, input: flags([("--review", x) for x in input.review]),
        callers=lambda wildcards, input: flags(
            [("--callers", x) for x in input.callers]
        ),
        igv=igv_page,
    shell:
        "resistpanel report --made-from {input.due:q}"
        " --sheet {input.sheet:q} --qc {input.qc:q}"
        " --compare {input.compare:q} --resist {input.resist:q} --vcf {input.vcf:q}"
        " --copynumber {input.copynumber:q} --biomarkers {input.biomarkers:q}"
        " {params.callers} {params.review} --genes {input.genes:q} --reference {input.reference:q}"
        " --reads --build {params.build:q}"
        " {params.paths} {params.table1} {params.igv} --output-html {output.html:q} --output-json {output.json:q}"
        " --output-tsv {output.tsv:q} --output-maf {output.maf:q}"
        " --output-vcf {output.vcf:q} --output-pass-vcf {output.pass_vcf:q} > {log:q} 2>&1"


# On request (report.slices): the reads around the findings.
rule slices:
    input:
        sheet=OUT / "sheet/{patient}.json",
        qc=OUT / "qc/{patient}.json",
        compare=OUT / "compare/{patient}.json",
        resist=OUT / "resist/{patient}.json",
        vcf=STAGE["annotate"] / "{patient}.vcf.gz",
        reference=REFERENCE,
        bams=bams,
        due=DUE("slices", "{patient}"),
    output:
        slices=directory(OUT / "report/slices/{patient}"),
    log:
        OUT / "logs/slices/{patient}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("slices"),
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        build=SETTINGS.build,
    shell:
        "resistpanel report --made-from {input.due:q}"
        " --sheet {input.sheet:q} --qc {input.qc:q}"
        " --compare {input.compare:q} --resist {input.resist:q} --vcf {input.vcf:q}"
        " --reference {input.reference:q} --build {params.build:q}"
        " --output-slices {output.slices:q} > {log:q} 2>&1"


# On request (report.igv): the same reads in IGV.
rule igv:
    input:
        sheet=OUT / "sheet/{patient}.json",
        qc=OUT / "qc/{patient}.json",
        compare=OUT / "compare/{patient}.json",
        resist=OUT / "resist/{patient}.json",
        vcf=STAGE["annotate"] / "{patient}.vcf.gz",
        reference=REFERENCE,
        genes=PANEL["genes"],
        bams=bams,
        script=[SETTINGS.igv_js] if SETTINGS.igv_js else [],
        due=DUE("igv", "{patient}"),
    output:
        html=OUT / "report/igv/{patient}.html",
    log:
        OUT / "logs/igv/{patient}.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=memory("igv"),
        runtime=lambda wildcards, attempt: 15 * attempt,
    params:
        build=SETTINGS.build,
        script=flags([("--igv-js", SETTINGS.igv_js)]),
    shell:
        "resistpanel report --made-from {input.due:q}"
        " --sheet {input.sheet:q} --qc {input.qc:q}"
        " --compare {input.compare:q} --resist {input.resist:q} --vcf {input.vcf:q}"
        " --genes {input.genes:q} --reference {input.reference:q} --build {params.build:q}"
        " {params.script} --output-igv {output.html:q} > {log:q} 2>&1"


# All patients of the run on one page.
rule cohort:
    input:
        reports=expand(OUT / "report/{patient}.json", patient=PLAN.patients),
        identity=OUT / "identity/cohort.json",
        genes=PANEL["genes"],
        targets=PANEL["targets"],
        due=DUE("cohort"),
    output:
        html=report(
            OUT / "report/cohort.html",
            caption="../report/cohort.rst",
            category="Cohort",
            labels={"what": "all patients"},
        ),
        tsv=report(
            OUT / "report/cohort.tsv",
            caption="../report/study.rst",
            category="Cohort",
            labels={"what": "all patients (TSV)"},
        ),
        # What cBioPortal loads.
        study=directory(OUT / "report/cbioportal"),
    log:
        OUT / "logs/report/cohort.log",
    conda:
        "../envs/resistpanel.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        # Linked once `multiqc` was made; the next run then makes this page again.
        multiqc=flags([("--multiqc", MULTIQC if MULTIQC.is_file() else None)]),
    shell:
        "resistpanel report --made-from {input.due:q}"
        " --cohort {input.reports:q} --identity {input.identity:q} {params.multiqc}"
        " --genes {input.genes:q} --targets {input.targets:q}"
        " --output-html {output.html:q} --output-tsv {output.tsv:q}"
        " --output-cbioportal {output.study:q} > {log:q} 2>&1"
