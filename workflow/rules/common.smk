# Shared by the rules: the checked configuration and sheet, paths, wildcards, the final output.
from resistpanel.inputs.binding import Due
from resistpanel.inputs.config import PRIVATE
from resistpanel.inputs.machine import why as why_failed
from resistpanel.inputs.plan import flags, plan_or_exit, put_on_path
from resistpanel.inputs.resources import memory
from resistpanel.inputs.simulated_patient import load_patient

put_on_path()

# Bad input ends the run here, with one line for each problem and exit status 2. The jobs'
# own processes, which read this file again on a cluster, need not look at every BAM again.
PLAN = plan_or_exit(
    config,
    load=lambda path: load_patient(path)[0],
    headers=workflow.is_main_process,
    where=" and ".join(
        map(str, workflow.overwrite_configfiles or workflow.configfiles)
    ),
)
SETTINGS = PLAN.settings
OUT = SETTINGS.outdir
# Folders of the stages whose files hold inherited variants: outside OUT where those are withheld.
STAGE = {name: SETTINGS.stage(name) for name in PRIVATE}
REFERENCE = SETTINGS.reference
PANEL = {"targets": OUT / "panel/targets.bed", "genes": OUT / "panel/genes.gff3"}
SEQUENCES = OUT / "panel/sequences.json"
ASSAY = [SETTINGS.assay_folder / "assay.yaml"] if SETTINGS.built else []
DRUGS = [SETTINGS.drugs] if SETTINGS.drugs else []
CATALOG = [*sorted(SETTINGS.catalog.glob("*.tsv")), *SETTINGS.catalog_tables, *DRUGS]
USER_TABLES = flags(
    [
        *(("--user", path) for path in SETTINGS.catalog_tables),
        ("--drugs", SETTINGS.drugs),
    ]
)
KNOWLEDGE = sorted(SETTINGS.knowledge.glob("*.tsv"))
SCREENS = config.get("screens") or {}
# An input of every rule: newer than its outputs where they were made from something else.
DUE = Due(PLAN, workflow, SCREENS)
SCREEN_OPTIONS = (
    "control",
    "contig",
    "cds",
    "gene",
    "drug",
    "clones",
    "threshold",
    "source",
    "disease",
)


wildcard_constraints:
    screen="|".join(map(re.escape, SCREENS)) or "none",
    patient="|".join(map(re.escape, PLAN.patients)),


def bams(wildcards):
    return PLAN.bams(wildcards.patient)


def normal_and_tumors(wildcards):
    normals = [("--normal", bam) for bam in PLAN.bams(wildcards.patient, "normal")]
    return flags(
        [*normals, *(("--tumor", bam) for bam in PLAN.tumor_bams(wildcards.patient))]
    )


def primers(wildcards):
    return PLAN.primers(wildcards.patient)


def assay(wildcards):
    padding = ("--padding", PLAN.padding(wildcards.patient))
    return flags([padding, *PLAN.assay(wildcards.patient)])


def reviews(wildcards):
    path = OUT / f"review/{wildcards.patient}.json"
    return [path] if path.is_file() else []


def igv_page(wildcards):
    shown = wildcards.patient in PLAN.in_igv()
    page = OUT / f"report/igv/{wildcards.patient}.html" if shown else None
    return flags([("--igv", page)])


def evidence(wildcards):
    shards = PLAN.shards(wildcards.patient)
    return [
        STAGE["call"] / f"{wildcards.patient}.{shard}-of-{shards}.npz"
        for shard in range(1, shards + 1)
        if shards > 1
    ]


def counts(wildcards):
    whole = PLAN.shards(wildcards.patient) == 1
    return [STAGE["call"] / f"{wildcards.patient}.counts.json"] if whole else []


def caller_folders(wildcards):
    return [
        STAGE["callers"] / name / wildcards.patient
        for name in PLAN.callers(wildcards.patient)
    ]


def caller_files(wildcards):
    return [path for _, path in PLAN.caller_vcfs(wildcards.patient)]


def caller_flags(wildcards):
    folders = [("--folder", folder) for folder in caller_folders(wildcards)]
    given = PLAN.caller_vcfs(wildcards.patient)
    return flags([*folders, *(("--vcf-of", f"{name}={vcf}") for name, vcf in given)])


def get_final_output():
    reports = expand(
        OUT / "report/{patient}.{suffix}",
        patient=PLAN.patients,
        suffix=["html", "json", "tsv", "maf", "vcf.gz"],
    )
    screens = expand(OUT / "screen/{screen}.tsv", screen=SCREENS)
    return [
        *reports,
        *screens,
        *expand(OUT / "report/slices/{patient}", patient=PLAN.sliced()),
        *expand(OUT / "report/igv/{patient}.html", patient=PLAN.in_igv()),
        OUT / "report/cohort.html",
        OUT / "report/cbioportal",
        OUT / "identity/cohort.json",
        *([OUT / "store/results.duckdb"] if PLAN.stored else []),
        *[storage(f"{SETTINGS.publish}/{name}") for name in PLAN.published()],
    ]
