"""Arguments of ``resistpanel sheet``."""

import argparse
import sys
from pathlib import Path

from resistpanel.core import bam
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.made import read
from resistpanel.core.schemas import write_record
from resistpanel.inputs import config
from resistpanel.inputs.checks import check_inputs, resolver
from resistpanel.inputs.owner import check_planned
from resistpanel.inputs.patient import describe
from resistpanel.inputs.sheet import cells, patients, read_sheet
from resistpanel.inputs.tests_given import check_tests, read_tests
from resistpanel.inputs.treatments import read_treatments

#: Arguments that replace a key of the configuration.
KEYS = {
    "samples": "sample sheet (TSV)",
    "treatments": "drugs with the days of first and last dose (TSV)",
    "other_tests": "results of other tests (TSV)",
    "reference": "FASTA that the BAMs were aligned to",
    "build": "hg19 or hg38",
    "targets": "BED",
    "genes": "GFF3 of the panel",
    "catalog": "folder of the resistance catalogue",
    "drugs": "further table of drugs (columns of the catalogue's drugs.tsv)",
}

EPILOG = """examples:
  resistpanel sheet --check --config config.yaml
  resistpanel sheet --config config.yaml --patient P1 --output results/sheet/P1.json
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("--config", type=Path, help="configuration; the arguments below override")
    for key, text in KEYS.items():
        parser.add_argument(f"--{key.replace('_', '-')}", help=text)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="check all inputs, write nothing")
    what.add_argument("--output", type=Path, help="JSON of the patient to write")
    parser.add_argument("--aligned", type=Path, help="folder of the BAMs of samples with FASTQ")
    parser.add_argument("--patient", help="check and write only this patient")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the input; write a patient's JSON if asked to."""
    given = config.read(args.config) if args.config else {}
    if isinstance(given, dict):
        given |= {key: getattr(args, key) for key in KEYS if getattr(args, key)}
    settings = config.settings(given, str(args.config or "command line"))
    if settings.simulate:
        print(
            f"resistpanel: note: the input is simulated from {settings.simulate.patient}; "
            "its files are checked once they are made",
            file=sys.stderr,
        )
        return 0
    rows = read_sheet(settings.samples, args.aligned or settings.outdir / "align")
    treatments = read_treatments(settings.treatments, rows)
    tests = read_tests(settings.other_tests, rows)
    if args.output and not args.patient:
        raise InputError("--output needs --patient")
    if args.patient:
        rows = patients(rows).get(args.patient, [])
        if not rows:
            raise InputError(f"no patient '{args.patient}'", str(settings.samples))
        due = read(args.made_from) if getattr(args, "made_from", None) else None
        if (
            due
        ):  # else the record would name the rows of then, and hold what is made of those of now
            since = "after the run was planned"
            check_planned(due, rows, settings.samples, since, "start the run again")
            if cells(treatments.get(args.patient, ())) != due.settings.get("treatments", []):
                what = f"the treatments of patient {args.patient} were changed {since}"
                raise InputError(what, str(settings.treatments), "start the run again")
    findings = check_inputs(settings, rows, deep=True, treatments=treatments)
    check_tests(tests, settings, rows, findings)
    for note in findings.notes:
        print(f"resistpanel: note: {note}", file=sys.stderr)
    if findings.errors:
        raise InputErrors(findings.errors)
    if args.check:
        print(f"{len(patients(rows))} patients, {len(rows)} samples: nothing wrong found")
        return 0
    for row in rows:
        if bam.index_of(row.bam) is None:
            bam.make_index(row.bam)
    given = treatments.get(args.patient, ())
    write_record(args.output, describe(rows, resolver(settings.catalog, settings.drugs), given))
    return 0
