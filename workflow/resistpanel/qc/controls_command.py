"""`resistpanel controls`: no-template and positive controls of a run, and what is in them."""

import argparse
import json
from pathlib import Path

from resistpanel.core.errors import InputError

EPILOG = """examples, in the folder of a run:
  resistpanel controls --results results --control HD701=control.bam --ntc NTC=ntc.bam
  resistpanel controls --results results --control HD701=control.bam --output controls.json

Compares the reads of each control with the germline genotypes of all patients of the run, and names
a patient whose DNA is in it (carry-over, index hopping). A no-template control must have almost no
depth. Exit status 1 if a control fails.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="output folder of a run"
    )
    for role, text in (("control", "positive control"), ("ntc", "no-template control")):
        parser.add_argument(
            f"--{role}", action="append", default=[], metavar="NAME=BAM", help=text
        )  # fmt: skip
    parser.add_argument("--reference", help="FASTA, for CRAM")
    parser.add_argument("--output", type=Path, metavar="JSON", help="also write the figures")
    parser.set_defaults(run=run)


def given(args: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Return (name, role, BAM) of the controls.

    Raises
    ------
    InputError
        None is given, one has no name or no file, or a name comes twice.
    """
    rows = []
    for role in ("control", "ntc"):
        for text in getattr(args, role):
            name, equals, path = text.partition("=")
            if not (name and equals and path):
                raise InputError(f"'{text}' is no NAME=BAM", f"--{role}")
            if not Path(path).is_file():
                raise InputError(f"no such file: {path}", f"--{role} {name}", "correct the path")
            if name in {row[0] for row in rows}:
                raise InputError(f"'{name}' is given twice", f"--{role}", "name it otherwise")
            rows.append((name, role, path))
    if not rows:
        raise InputError("no control is given", cure="--control NAME=BAM or --ntc NAME=BAM")
    return rows


def run(args: argparse.Namespace) -> int:
    """Count, compare, print."""
    from resistpanel.core.files import write_json
    from resistpanel.qc.carryover import results_of

    found = results_of(given(args), cohort_of(args.results), args.reference)
    for one in found:
        print(one["text"])
    if args.output:
        write_json(args.output, {"schema": "resistpanel/controls/1", "controls": found})
    return 0 if all(one["passed"] for one in found) else 1


def cohort_of(folder: Path) -> dict[str, dict[str, int]]:
    """Return the genotypes of a run's patients.

    Raises
    ------
    InputError
        There is no patient with genotypes.
    """
    from resistpanel.core.made import stage_folder
    from resistpanel.qc.carryover import patient_genotypes

    place, found = stage_folder(folder, "copynumber"), {}
    for path in sorted(place.glob("*.json")):
        try:
            value = json.loads(path.read_bytes())
            genotypes = value["identity"]["genotypes"]
            found[value["patient"]] = patient_genotypes(genotypes["sites"], genotypes["samples"])
        except (ValueError, KeyError, TypeError):
            raise InputError(
                "not a file of `resistpanel copynumber`", str(path), "run the workflow again"
            ) from None
    if not any(found.values()):
        raise InputError(
            "has no genotypes of patients", str(place), "run the workflow first, see --results"
        )
    return found
