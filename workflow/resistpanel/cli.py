"""The command line: parses, and delegates to the step's `command` module."""

import argparse
import importlib
import os
import sys

from resistpanel import __version__
from resistpanel.errors import InputError, machine_fault

#: Each step has a module ``resistpanel.<step>.command`` with ``register(parser)``, which adds
#: its arguments and sets ``parser.set_defaults(run=function_of_args)``.
STEPS = {
    "sheet": "check the sample sheet, the configuration and the BAM headers",
    "qc": "depth, on-target, duplicates, insert size and the gate, per sample",
    "call": "call somatic variants jointly over the normal and all tumours of a patient",
    "annotate": "consequences and HGVS names",
    "copynumber": "copy number, purity, identity and contamination of the samples",
    "identity": "find samples that were swapped between patients",
    "compare": "the state of every variant between time points",
    "resist": "catalogue match, mechanism and verdict",
    "report": "HTML, JSON and TSV of a patient",
    "panel": "build the panel's BED and GFF3 from a gene list",
    "catalog": "validate the resistance catalogue; write its sites as VCF",
    "simulate": "write a small genome and BAMs with known truth",
    "screen": "recurrent substitutions of a mutant cDNA library grown under a drug",
}


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the argument parser; with `only`, load just that step's arguments."""
    parser = argparse.ArgumentParser(prog="resistpanel", description=__doc__)
    parser.add_argument("--version", action="version", version=f"resistpanel {__version__}")
    subparsers = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    for step, summary in STEPS.items():
        child = subparsers.add_parser(
            step,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if only in (None, step):
            importlib.import_module(f"resistpanel.{step}.command").register(child)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        0 on success, 2 on bad input or usage (one line per problem on standard error).
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    # Only the step that is asked for is imported: `resistpanel --help` stays quick.
    step = next((word for word in argv if word in STEPS), "")
    args = build_parser(only=step).parse_args(argv)
    try:
        return args.run(args) or 0
    except InputError as error:
        for line in error.lines():
            print(f"resistpanel: error: {line}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (MemoryError, OSError) as error:
        line = machine_fault(error)
        if line is None:
            raise
        print(f"resistpanel: error: {line}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
