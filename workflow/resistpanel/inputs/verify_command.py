"""Arguments of ``resistpanel verify``."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors

EPILOG = """examples:
  resistpanel verify results
  resistpanel verify results --config mine.yaml    # also compare with this configuration

Hashes every input and every result again and compares them with the records of the steps. Also
compares sheet and configuration with those that the results were created from. Of a study that was
moved or copied, its own files are compared. Inputs that no longer exist are listed, not compared.
Exit status 0: what was compared agrees; 1: no input, or none with reads, could be compared; 2: one
line for each mismatch. Nothing is written.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("results", type=Path, metavar="RESULTS", help="output folder of a run")
    parser.add_argument(
        "--config", type=Path, help="configuration (default: that of the last run, if it exists)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say whether a folder's results agree with their inputs and with each other."""
    from resistpanel.core.agreement import Compared, mixed_versions, problems, records
    from resistpanel.core.made import FOLDER

    outdir = args.results.absolute()
    if (outdir / "results" / FOLDER / "made").is_dir() and not (outdir / FOLDER).is_dir():
        outdir /= "results"  # the folder of a study
    if not (outdir / FOLDER / "made").is_dir():
        raise InputError(
            "contains no provenance records",
            str(args.results),
            "give the outdir of a run (of a study made by `resistpanel init`: STUDY/results); "
            "results of older versions have none: run again",
        )
    found: list[InputError] = []
    notes: list[str] = []
    made = records(outdir)
    found += [
        InputError("not whole", str(path), "run again") for path, one in made.items() if not one
    ]
    gone = not_in_sheet(outdir)
    good = [
        one for one in made.values() if one is not None
        and not (one.subject in gone or (one.pages and gone.issuperset(one.pages)))
    ]  # fmt: skip
    notes += [f"{name}: not in the sheet any more: its results are not compared" for name in gone]
    compared = Compared()
    found += problems(outdir, good, thorough=True, compared=compared)
    notes += compared.notes()
    found += mixed_versions(good)
    found += unrecorded(outdir)
    planned: list[InputError] | None = []
    try:
        planned = against_plan(outdir, args.config, notes)
        found += planned or []
    except InputError as error:
        found += error.errors if isinstance(error, InputErrors) else [error]
    for note in dict.fromkeys(notes):
        print(f"resistpanel: note: {note}", file=sys.stderr)
    if found:
        raise InputErrors(list({error.line(): error for error in found}.values()))
    if nothing := compared.nothing():
        print(
            f"resistpanel: error: {args.results}: {nothing}: not verified; put the files where the "
            "sheet and the configuration name them",
            file=sys.stderr,
        )
        return 1
    rest = "; sheet and configuration were not compared" if planned is None else ""
    print(f"{len(good)} steps: {compared.words()}{rest}")
    return 0


def not_in_sheet(outdir: Path) -> set[str]:
    """Return the patients with results who are not in the study's sheet; none without a sheet."""
    from resistpanel.core.made import place
    from resistpanel.inputs.owner import sheet_of
    from resistpanel.inputs.sheet import patients, read_rows

    recorded = {path.stem for path in place(outdir, "made", "sheet", "x").parent.glob("*.json")}
    sheet = sheet_of(outdir)
    if sheet is None or sheet.suffix in (".yaml", ".yml"):  # of a simulated patient
        return set()
    rows, errors = read_rows(sheet, outdir / "align")
    return set() if errors else recorded.difference(patients(rows))


def unrecorded(outdir: Path) -> list[InputError]:
    """Return the pages of which no record says what they were made from."""
    from resistpanel.core.made import place

    pages = sorted((outdir / "report").glob("*.html"))
    return [
        InputError("has no record of what it was made from", str(page), "run the workflow again")
        for page in pages
        if page.stem != "cohort" and not place(outdir, "made", "report", page.stem).is_file()
    ]


def against_plan(outdir: Path, config: Path | None, notes: list[str]) -> list[InputError] | None:
    """Compare the results with sheet and configuration as they are now; None: not possible."""
    from resistpanel.core.made import MOVED
    from resistpanel.core.moved import read_owner, study_of
    from resistpanel.inputs.binding import AGAIN, Binding
    from resistpanel.inputs.merge import merged
    from resistpanel.inputs.plan import make_plan
    from resistpanel.inputs.simulated_patient import load_patient

    noted, study = read_owner(outdir), study_of(outdir)
    if config and not config.is_file():
        raise InputError("no such configuration", str(config), "give a file")
    names = [config.absolute()] if config else map(study.find, noted.get("configurations") or [])
    path = next(iter(names), None)
    if path is None or not path.is_file():
        where = f"{path}: the" if path else "the"
        notes.append(f"{where} configuration of the last run is not there: not compared; "
                     "give --config")  # fmt: skip
        return None
    folder = study.find(study.then) if study.then else path.parent
    with contextlib.chdir(folder if folder.is_dir() else path.parent):
        value = merged(path)
        plan, _ = make_plan(
            value, lambda path: load_patient(path)[0], headers=False, where=str(path)
        )
        if os.path.realpath(plan.settings.outdir) != os.path.realpath(outdir):
            notes.append(f"{path} names another outdir ({plan.settings.outdir}): not compared")
            return None
        binding = Binding(plan, value.get("screens"))
    found = [
        InputError(
            "the patient is not in the sheet any more", str(outdir / "report" / f"{name}.html"),
            "run the workflow, which moves the pages to report/outdated",
        )
        for name in binding.left
    ]  # fmt: skip
    for key, reasons in binding.stale().items():
        name = f"{key[0]} of {key[1]}"
        notes += [f"{name}: {why}" for why in reasons if why.startswith(MOVED)]
        # Of an input that is not there, a line says so already.
        gone = {
            f"{role} is not there" for role, file in binding.verdicts[key].due.inputs.items()
            if Path(file.path).is_absolute()
        }  # fmt: skip
        left = [
            why for why in reasons
            if not why.startswith(MOVED) and not why.endswith(AGAIN) and why not in gone
        ]  # fmt: skip
        if left and key[0] != "multiqc":
            found.append(InputError(", ".join(left), name, "run the workflow again"))
    return found
