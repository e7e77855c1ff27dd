"""Arguments of ``resistpanel qc``."""

import argparse
import functools
import sys
from pathlib import Path

from resistpanel.core.schemas import read_record, write_record
from resistpanel.qc.assay_given import AUTO, DETECTED, add_assay, add_umi, given_assays
from resistpanel.qc.gate import GATE, add_gate, gate_with, rows_text, thresholds
from resistpanel.records.sheet import Sheet


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = rows_text(GATE)
    parser.add_argument("--sheet", type=Path, required=True, help="JSON of `resistpanel sheet`")
    parser.add_argument("--targets", type=Path, required=True, help="BED")
    parser.add_argument("--reference", type=Path, required=True, help="FASTA with .fai")
    parser.add_argument("--output", type=Path, required=True, help="JSON to write")
    parser.add_argument(
        "--counts",
        type=Path,
        help="JSON of `resistpanel call --counts`: samples that it counted are not read again",
    )
    add_gate(parser)
    add_umi(parser)
    add_assay(parser)
    parser.add_argument("--threads", type=int, default=1, help="cores to use; default 1")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure a patient's samples; say on standard error which gate failed."""
    # pandas is slow to import, and --help needs none of it.
    from resistpanel.core.contig_checksums import naming_reference
    from resistpanel.qc.counts import counted_before
    from resistpanel.qc.figures import patient_figures
    from resistpanel.records.counts import Counts

    gate = gate_with(thresholds(args.gate))
    # The three processes that read one sample keep about two cores busy.
    workers = max(1, args.threads)
    sheet = read_record(args.sheet, Sheet)
    usual = DETECTED if args.umi == AUTO else DETECTED.with_values({"umi": args.umi})
    assays = given_assays(args.assay, [sample.sample for sample in sheet.samples], usual)
    with naming_reference(args.reference):
        before = None
        if args.counts:
            counts = read_record(args.counts, Counts)
            before = functools.partial(counted_before, counts)
        found = patient_figures(sheet, args.targets, args.reference, gate, workers, assays, before)
    write_record(args.output, found)
    for sample in found.samples:
        for failure in sample.gate.failures:
            print(f"resistpanel: warning: {failure.text}", file=sys.stderr)
    return 0
