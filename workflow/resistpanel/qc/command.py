"""Arguments of ``resistpanel qc``."""

import argparse
import sys
from pathlib import Path

from resistpanel.errors import InputError
from resistpanel.files import read_json, write_stage
from resistpanel.qc.gate import GATE, gate_with

EPILOG = "rows of the gate:\n" + "\n".join(
    f"  {row.name:20} {row.condition:8} {' and '.join(row.roles)}" for row in GATE
)


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("--sheet", type=Path, required=True, help="JSON of `resistpanel sheet`")
    parser.add_argument("--targets", type=Path, required=True, help="BED")
    parser.add_argument("--reference", type=Path, required=True, help="FASTA with .fai")
    parser.add_argument("--output", type=Path, required=True, help="JSON to write")
    parser.add_argument(
        "--gate",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="replace the threshold of a row of the gate, or switch it `off`; may be repeated",
    )
    parser.add_argument("--threads", type=int, default=1, help="cores to use; default 1")
    parser.set_defaults(run=run)


def thresholds(texts: list[str]) -> dict[str, float | None]:
    """Parse ``NAME=VALUE`` arguments; the value ``off`` becomes None."""
    changes: dict[str, float | None] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            changes[name] = None if value == "off" else float(value)
        except ValueError:
            raise InputError(
                f"'{value}' is not a threshold", f"--gate {text}", "give a number, or off"
            ) from None
    return changes


def run(args: argparse.Namespace) -> int:
    """Measure a patient's samples; say on standard error which gate failed."""
    # pandas is slow to import, and --help needs none of it.
    from resistpanel.qc.figures import patient_figures

    gate = gate_with(thresholds(args.gate))
    # The three processes that read one sample keep about two cores busy.
    workers = max(1, args.threads)
    found = patient_figures(read_json(args.sheet), args.targets, args.reference, gate, workers)
    write_stage(args.output, "qc", found)
    for sample in found["samples"]:
        for failure in sample["gate"]["failures"]:
            print(f"resistpanel: warning: {failure['text']}", file=sys.stderr)
    return 0
