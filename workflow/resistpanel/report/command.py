"""Arguments of ``resistpanel report``."""

import argparse
import shlex
from pathlib import Path

from resistpanel.errors import InputError
from resistpanel.files import write_json, write_text
from resistpanel.report.assemble import PARTS, assemble
from resistpanel.report.render import page
from resistpanel.report.schema import load
from resistpanel.report.tsv import tsv

EPILOG = """examples:
  resistpanel report --sheet results/sheet/P1.json --qc results/qc/P1.json \\
      --compare results/compare/P1.json --resist results/resist/P1.json \\
      --vcf results/annotate/P1.vcf.gz \\
      --output-html P1.html --output-json P1.json --output-tsv P1.tsv
  resistpanel report --json P1.json --output-html P1.html     # from the JSON alone
"""

#: What each stage's JSON is called on the command line.
INPUTS = {
    "sheet": "JSON of `resistpanel sheet`",
    "qc": "JSON of `resistpanel qc`",
    "compare": "JSON of `resistpanel compare`",
    "resist": "JSON of `resistpanel resist`",
}


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    for name, text in INPUTS.items():
        parser.add_argument(f"--{name}", metavar="JSON", help=text)
    parser.add_argument("--json", help="a report's JSON, instead of the four above")
    parser.add_argument("--copynumber", metavar="JSON", help="JSON of `resistpanel copynumber`")
    parser.add_argument(
        "--vcf", help="annotated VCF: parameters, meaning of the filters, build, checksum"
    )
    parser.add_argument("--table1", metavar="TSV", help="a published table beside the calls (hg19)")
    parser.add_argument(
        "--reference", metavar="FASTA", help="checksum of its .fai is recorded; --reads needs it"
    )
    parser.add_argument(
        "--reads", action="store_true", help="show reads of the sheet's BAMs around each call"
    )
    parser.add_argument(
        "--build", choices=("hg19", "hg38"), help="default: by the VCF's contig lengths"
    )
    for kind, text in (("html", "the page"), ("json", "its data"), ("tsv", "one row per call")):
        parser.add_argument(f"--output-{kind}", metavar="FILE", help=text)
    parser.set_defaults(run=run)


def command_line(args: argparse.Namespace) -> str:
    """Return the command as one could type it."""
    words = ["resistpanel", "report", *(["--reads"] if args.reads else [])]
    for name, value in sorted(vars(args).items()):
        if isinstance(value, str) and name != "step":
            words += [f"--{name.replace('_', '-')}", value]
    return shlex.join(words)


def run(args: argparse.Namespace) -> int:
    """Make the report; write nothing unless everything could be made."""
    outputs = {kind: getattr(args, f"output_{kind}") for kind in ("html", "json", "tsv")}
    if not any(outputs.values()):
        raise InputError(
            "nothing to write", cure="give --output-html, --output-json or --output-tsv"
        )
    same = [Path(path).resolve() for path in outputs.values() if path]
    if len(set(same)) < len(same):
        raise InputError("two outputs have the same name", where=str(same[0]))
    given = [name for name in PARTS if getattr(args, name)]
    if args.json:
        if given:
            raise InputError(f"--json and --{given[0]} exclude each other", cure="give one of them")
        report = load(args.json)
    else:
        missing = [f"--{name}" for name in PARTS if name not in given]
        if missing:
            raise InputError(f"{', '.join(missing)} missing", cure="give all four, or --json")
        report = assemble(
            {name: getattr(args, name) for name in PARTS},
            build=args.build,
            published=args.table1,
            copynumber=args.copynumber,
            vcf=args.vcf,
            reference=args.reference,
            reads=args.reads,
            command=command_line(args),
        )
    made = {
        "html": page(report) if outputs["html"] else None,
        "tsv": tsv(report) if outputs["tsv"] else None,
    }
    for kind, path in outputs.items():
        if path and kind == "json":
            write_json(path, report)
        elif path:
            write_text(path, made[kind])
    return 0
