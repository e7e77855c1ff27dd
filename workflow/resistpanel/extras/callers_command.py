"""`resistpanel callers`: run other callers, hand their alleles to ours, compare."""

import argparse
import re
from pathlib import Path

from resistpanel.core.errors import InputError, did_you_mean
from resistpanel.core.files import open_fasta, write_text
from resistpanel.core.schemas import read_record, write_record
from resistpanel.records.sheet import Sheet

#: What a caller may be called by: it names columns and keys.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

EPILOG = """examples:
  resistpanel callers reference --reference genome.fa.gz --output callers/reference
  resistpanel callers run --caller freebayes --reference callers/reference/genome.fa \\
      --targets panel.bed --normal skin.bam --tumor before.bam --tumor relapse.bam \\
      --output callers/freebayes/P1
  resistpanel callers sites --sites catalog.vcf --folder callers/freebayes/P1 \\
      --sheet sheet/P1.json --reference genome.fa.gz --output callers/P1.sites.vcf
  resistpanel callers table --vcf call/P1.vcf.gz --folder callers/freebayes/P1 \\
      --vcf-of lofreq=P1.lofreq.vcf.gz --sheet sheet/P1.json --reference genome.fa.gz \\
      --output-json callers/P1.json --output-tsv callers/P1.tsv
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    from resistpanel.extras.caller_tools import TOOLS

    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    reference = actions.add_parser(
        "reference", help="write the reference as plain FASTA for all callers"
    )
    reference.add_argument("--reference", type=Path, required=True, help="FASTA with .fai")
    reference.add_argument("--output", type=Path, required=True, help="folder")
    reference.set_defaults(run=run_reference)

    run = actions.add_parser("run", help="run a caller on a patient")
    run.add_argument("--caller", choices=sorted(TOOLS), required=True)
    run.add_argument("--reference", type=Path, required=True, help="FASTA of `callers reference`")
    run.add_argument("--targets", type=Path, required=True, help="BED of the panel")
    run.add_argument("--normal", type=Path, help="BAM of the matched normal")
    run.add_argument(
        "--tumor",
        type=Path,
        action="append",
        required=True,
        help="BAM of a tumour; repeat for each",
    )
    run.add_argument("--germline", type=Path, help="VCF of population AFs, for Mutect2")
    run.add_argument("--extra", default="", help="further arguments of the caller, as one string")
    run.add_argument("--threads", type=int, default=1)
    run.add_argument("--output", type=Path, required=True, help="folder for its VCFs")
    run.set_defaults(run=run_run)

    sites = actions.add_parser(
        "sites", help="write the alleles of all callers as forced sites for `call`"
    )
    sites.add_argument("--sites", type=Path, required=True, help="VCF of `catalog sites`")
    _calls_arguments(sites)
    sites.add_argument("--output", type=Path, required=True, help="VCF to write")
    sites.set_defaults(run=run_sites)

    table = actions.add_parser(
        "table", help="write a table of the variants that each caller called"
    )
    table.add_argument("--vcf", type=Path, required=True, help="VCF of `resistpanel call`")
    _calls_arguments(table)
    table.add_argument("--output-json", type=Path, required=True)
    table.add_argument("--output-tsv", type=Path, required=True)
    table.set_defaults(run=run_table)


def _calls_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder", type=Path, action="append", default=[], help="of `callers run`; may be repeated"
    )
    parser.add_argument(
        "--vcf-of",
        action="append",
        default=[],
        metavar="NAME=VCF",
        help="a VCF of another caller, or NAME:TUMOR=VCF of one tumour; may be repeated",
    )
    parser.add_argument("--sheet", type=Path, required=True, help="JSON of `resistpanel sheet`")
    parser.add_argument("--reference", type=Path, required=True, help="FASTA with .fai")


def run_reference(args: argparse.Namespace) -> int:
    """Prepare the reference."""
    from resistpanel.extras.run_caller import prepare_reference

    if not args.reference.is_file():
        raise InputError("no such reference", str(args.reference), "correct the path")
    prepare_reference(args.reference, args.output)
    return 0


def run_run(args: argparse.Namespace) -> int:
    """Run a caller."""
    from resistpanel.extras.run_caller import run_caller

    run_caller(
        args.caller,
        args.reference,
        args.targets,
        args.normal,
        args.tumor,
        args.output,
        max(1, args.threads),
        args.germline,
        args.extra,
    )
    return 0


def _given(args: argparse.Namespace):
    from resistpanel.extras.comparison import Given

    tumors = _patient(args)[2]
    for text in args.vcf_of:
        name, equals, path = text.partition("=")
        name, colon, tumor = name.partition(":")
        if not (name and equals and path) or bool(colon) != bool(tumor):
            raise InputError("is not NAME=VCF, nor NAME:TUMOR=VCF", f"--vcf-of {text}")
        if not NAME.fullmatch(name):
            raise InputError(
                f"{name!r} is no name of a caller", f"--vcf-of {text}", "use letters and digits"
            )
        if colon and tumor not in tumors:
            raise InputError(
                f"the sheet has no tumour {tumor!r}",
                f"--vcf-of {text}",
                did_you_mean(tumor, tumors),
            )
        yield Given(name, Path(path), tumor or None)


def _patient(args: argparse.Namespace) -> tuple[str, str | None, list[str]]:
    """Return patient, normal and tumours."""
    sheet = read_record(args.sheet, Sheet)
    normals = [s.sample for s in sheet.samples if not s.tumor]
    return sheet.patient, next(iter(normals), None), [s.sample for s in sheet.samples if s.tumor]


def run_sites(args: argparse.Namespace) -> int:
    """Write the union of the alleles."""

    from resistpanel.core.haplotypes import fetcher
    from resistpanel.extras.comparison import gather, union_sites

    _, normal, tumors = _patient(args)
    with open_fasta(args.reference) as fasta:
        fetch = fetcher(fasta)
        calls = gather(args.folder, _given(args), args.reference, fetch, normal, tumors)
        write_text(args.output, union_sites(args.sites, calls, fetch))
    return 0


def run_table(args: argparse.Namespace) -> int:
    """Write the table."""
    from resistpanel.extras.comparison import table, tsv

    patient, normal, tumors = _patient(args)
    value = table(
        patient, args.vcf, args.folder, list(_given(args)), args.reference, normal, tumors
    )
    write_record(args.output_json, value)
    write_text(args.output_tsv, tsv(value))
    return 0
