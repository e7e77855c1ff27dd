"""Arguments of ``resistpanel simulate``."""

import argparse
import sys
from pathlib import Path

from resistpanel.testing.simulate import simulate


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("patient", type=Path, metavar="PATIENT.yaml")
    parser.add_argument("--output", type=Path, required=True, help="folder")
    parser.add_argument("--seed", type=int, help="overrides the YAML")
    parser.add_argument(
        "--depth", type=float, help="distinct fragments per target base, overrides the YAML"
    )
    parser.add_argument(
        "--reference", type=Path, help="simulate on this FASTA instead of a synthetic genome"
    )
    parser.add_argument("--targets", type=Path, help="BED, overrides the panel of the YAML")
    parser.add_argument(
        "--threads", type=int, default=2, help="samples simulated in parallel (default 2)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate a patient."""
    done = simulate(
        args.patient,
        args.output,
        args.seed,
        args.depth,
        args.reference,
        args.targets,
        args.threads,
    )
    print(f"{done.targets} targets, {done.bases} bases", file=sys.stderr)
    for sample, reads in done.reads.items():
        print(f"{sample}: {reads} reads", file=sys.stderr)
    return 0
