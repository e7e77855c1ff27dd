"""Arguments of ``resistpanel report``."""

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path

from resistpanel.core.agreement import check_patient, check_report
from resistpanel.core.builds import build_named
from resistpanel.core.errors import InputError
from resistpanel.core.files import write_json, write_text
from resistpanel.report.cohort import cohort, cohort_tsv, summaries
from resistpanel.report.contents import PARTS, assemble, without_folders
from resistpanel.report.fhir import bundle
from resistpanel.report.final_vcf import write_vcf
from resistpanel.report.igv import write_igv
from resistpanel.report.maf import maf, rows
from resistpanel.report.read import load
from resistpanel.report.render import cohort_page, page, relative
from resistpanel.report.slices import write_slices
from resistpanel.report.study import Study, panel_genes
from resistpanel.report.tsv import tsv

EPILOG = """examples:
  resistpanel report --sheet results/sheet/P1.json --qc results/qc/P1.json \\
      --compare results/compare/P1.json --resist results/resist/P1.json \\
      --vcf results/annotate/P1.vcf.gz \\
      --output-html P1.html --output-json P1.json --output-tsv P1.tsv --output-maf P1.maf \\
      --output-vcf P1.vcf.gz
  resistpanel report --json P1.json --output-html P1.html     # from the JSON alone
  resistpanel report ... --reference REF.fa --output-slices P1.slices --output-igv P1.igv.html
  resistpanel report --json P1.json --output-fhir P1.fhir.json
  resistpanel report --cohort results/report/*.json --output-html cohort.html \\
      --output-cbioportal study --study my_cohort
"""

#: What each stage's JSON is called on the command line.
INPUTS = {
    "sheet": "JSON of `resistpanel sheet`",
    "qc": "JSON of `resistpanel qc`",
    "compare": "JSON of `resistpanel compare`",
    "resist": "JSON of `resistpanel resist`",
}
OUTPUTS = {
    "html": "HTML page",
    "json": "data of the page",
    "tsv": "table, one row per variant and sample; for a cohort one row per patient",
    "maf": "mutations in the MAF format of cBioPortal",
    "vcf": "the annotated VCF (--vcf) with state, mechanism and catalogue level; named .vcf.gz",
    "pass_vcf": "the same, without records that a filter rejects or that were not detected",
    "slices": "folder of small BAMs: the reads within 200 bases of each reported variant",
    "igv": "IGV page of the findings (HTML); needs igv-reports",
    "fhir": "HL7 FHIR R4 bundle (JSON) by the profiles of Genomics Reporting",
    "cbioportal": "folder of a cBioPortal study, for a cohort",
}


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    for name, text in INPUTS.items():
        parser.add_argument(f"--{name}", metavar="JSON", help=text)
    parser.add_argument("--json", help="JSON of a report, instead of the four above")
    parser.add_argument("--cohort", nargs="+", metavar="JSON", help="reports of several patients")
    parser.add_argument(
        "--identity", metavar="JSON", help="JSON of `resistpanel identity`, for a cohort"
    )
    parser.add_argument("--copynumber", metavar="JSON", help="JSON of `resistpanel copynumber`")
    parser.add_argument("--callers", metavar="JSON", help="JSON of `resistpanel callers table`")
    parser.add_argument("--review", metavar="JSON", help="JSON of `resistpanel review`")
    parser.add_argument("--biomarkers", metavar="JSON", help="JSON of `resistpanel biomarkers`")
    parser.add_argument("--multiqc", metavar="HTML", help="MultiQC page to link to, for a cohort")
    parser.add_argument(
        "--vcf", help="annotated VCF, for parameters, filter descriptions, build and checksum"
    )
    parser.add_argument(
        "--table1", metavar="TSV", help="published table to compare the calls with (hg19)"
    )
    parser.add_argument(
        "--reference",
        metavar="FASTA",
        help="FASTA; required by --reads and --output-igv, the checksum of its .fai is recorded",
    )
    parser.add_argument(
        "--reads", action="store_true", help="show the reads of the sheet's BAMs around each call"
    )
    parser.add_argument(
        "--build",
        type=lambda name: build_named(name) or name,
        choices=("hg19", "hg38"),
        help="default: from the contig lengths in the VCF",
    )
    parser.add_argument(
        "--full-paths", action="store_true", help="list input files with their full paths"
    )
    parser.add_argument(
        "--igv", metavar="HTML", help="IGV page to link to (default: that of --output-igv)"
    )
    parser.add_argument(
        "--igv-js",
        metavar="JS",
        help="copy of igv.min.js for --output-igv (default: igv-reports downloads it)",
    )
    parser.add_argument("--study", default="resistpanel", help="identifier of the cBioPortal study")
    for kind, text in OUTPUTS.items():
        metavar = "DIR" if kind in ("cbioportal", "slices") else "FILE"
        parser.add_argument(f"--output-{kind.replace('_', '-')}", metavar=metavar, help=text)
    parser.add_argument(
        "--genes",
        metavar="GFF3",
        help="genes of the panel: junction limits by gene; of a cohort, gene panel of the study",
    )
    parser.add_argument(
        "--targets", metavar="BED", help="targets of the panel: genes without a target are left out"
    )
    parser.set_defaults(run=run)


def command_line(args: argparse.Namespace) -> str:
    """Return the command as one could type it."""
    words = ["resistpanel", "report", *(["--reads"] if args.reads else [])]
    words += ["--full-paths"] if args.full_paths else []
    for name, value in sorted(vars(args).items()):
        if isinstance(value, str) and name not in ("step", "study"):
            words += [f"--{name.replace('_', '-')}", value]
    return shlex.join(words)


def check_outputs(args: argparse.Namespace, allowed: tuple[str, ...]) -> dict[str, str]:
    """Return the outputs asked for.

    Raises
    ------
    InputError
        None, one that does not go with the input, or one name twice.
    """
    wanted = {k: v for k in OUTPUTS if (v := getattr(args, f"output_{k}"))}
    if not wanted:
        names = ", ".join(f"--output-{k}" for k in allowed)
        raise InputError("nothing to write", cure=f"give one or more of {names}")
    for kind in wanted:
        if kind not in allowed:
            what = "of a cohort" if args.cohort else "of one patient"
            raise InputError(f"there is no --output-{kind.replace('_', '-')} {what}")
    paths = [Path(path).resolve() for path in wanted.values()]
    if len(set(paths)) < len(paths):
        raise InputError("two outputs have the same name", where=str(paths[0]))
    return wanted


def run(args: argparse.Namespace) -> int:
    """Make the report; write nothing unless everything could be made."""
    return run_cohort(args) if args.cohort else run_patient(args)


def run_patient(args: argparse.Namespace) -> int:
    """Make the report of one patient."""
    wanted = check_outputs(args, tuple(kind for kind in OUTPUTS if kind != "cbioportal"))
    for kind in ("vcf", "pass_vcf", "igv"):
        if kind in wanted and not args.vcf:
            name = f"--output-{kind.replace('_', '-')}"
            raise InputError(f"{name} needs the annotated VCF", cure="give --vcf")
    if "igv" in wanted and not args.reference:
        raise InputError("--output-igv needs the reference", cure="give --reference")
    given = [name for name in PARTS if getattr(args, name)]
    if args.json:
        for kind in ("slices", "igv"):
            if kind in wanted:
                raise InputError(
                    f"--output-{kind} reads the BAMs of the sheet",
                    cure="give --sheet, --qc, --compare and --resist instead of --json",
                )
        if given:
            raise InputError(f"--json and --{given[0]} exclude each other", cure="give one of them")
        report = load(args.json)
    else:
        missing = [f"--{name}" for name in PARTS if name not in given]
        if missing:
            raise InputError(f"{', '.join(missing)} missing", cure="give all four, or --json")
        check_patient(Path(args.resist).absolute().parent.parent, Path(args.resist).stem)
        report = assemble(
            {name: getattr(args, name) for name in PARTS},
            build=args.build,
            published=args.table1,
            copynumber=args.copynumber,
            callers=args.callers,
            biomarkers=args.biomarkers,
            review=args.review,
            vcf=args.vcf,
            reference=args.reference,
            genes=args.genes,
            reads=args.reads,
            command=command_line(args),
        )
        if (linked := args.igv or wanted.get("igv")) and "html" in wanted:
            report["igv"] = relative(linked, Path(wanted["html"]).parent)
        whole, report = report, report if args.full_paths else without_folders(report)
    make: dict[str, Callable[[], str]] = {
        "html": lambda: page(report),
        "tsv": lambda: tsv(report),
        "maf": lambda: maf(rows(report)),
    }
    made = {kind: make[kind]() for kind in wanted if kind in make}
    # First what can still fail: BAMs, igv-reports.
    if "slices" in wanted:
        write_slices(whole, wanted["slices"], args.reference)
    if "igv" in wanted:
        write_igv(whole, args.vcf, args.reference, wanted["igv"], args.genes, args.igv_js)
    for kind, path in wanted.items():
        if kind == "json":
            write_json(path, report)
        elif kind == "fhir":
            write_json(path, bundle(report))
        elif kind in ("vcf", "pass_vcf"):
            write_vcf(report, args.vcf, path, only_pass=kind == "pass_vcf")
        elif kind in made:
            write_text(path, made[kind])
    return 0


def run_cohort(args: argparse.Namespace) -> int:
    """Make the page and the exports of a cohort."""
    if args.json or any(getattr(args, name) for name in PARTS):
        raise InputError(
            "--cohort cannot be combined with files of one patient",
            cure="give reports, or the files of one patient",
        )
    wanted = check_outputs(args, ("html", "tsv", "maf", "cbioportal"))
    for path in args.cohort:
        check_report(Path(path))
    genes = panel_genes(args.genes, args.targets) if args.genes else ()
    study = Study(args.study, genes) if "cbioportal" in wanted else None
    mutations, patients = [], []
    for path, (report, kept) in zip(args.cohort, summaries(args.cohort), strict=True):
        patients.append(kept)
        if "maf" in wanted:
            mutations += rows(report)
        if study:
            study.add(report, path)
    value = cohort(patients, args.identity)
    made = {"tsv": cohort_tsv(value), "maf": maf(mutations)}
    if "html" in wanted:
        made["html"] = cohort_page(value, Path(wanted["html"]).parent, args.multiqc)
    for kind, path in wanted.items():
        if study and kind == "cbioportal":
            study.write(path)
        else:
            write_text(path, made[kind])
    return 0
