# resistpanel: from a patient's BAMs to the mutation that makes the tumour resist the drug.
from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/start.smk"


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/panel.smk"
include: "workflow/rules/catalog.smk"
include: "workflow/rules/align.smk"
include: "workflow/rules/sheet.smk"
include: "workflow/rules/qc.smk"
include: "workflow/rules/callers.smk"
include: "workflow/rules/call.smk"
include: "workflow/rules/annotate.smk"
include: "workflow/rules/copynumber.smk"
include: "workflow/rules/identity.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/resist.smk"
include: "workflow/rules/biomarkers.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/store.smk"
include: "workflow/rules/multiqc.smk"
include: "workflow/rules/screen.smk"


rule all:
    default_target: True
    input:
        get_final_output(),


onerror:
    for line in why_failed(log, OUT):
        print(f"resistpanel: error: {line}", file=sys.stderr)


onsuccess:
    print(f"Reports: {OUT / 'report'}", file=sys.stderr)
