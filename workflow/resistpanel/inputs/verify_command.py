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
compares sheet and configuration with those that the results were created from. Inputs that no
longer exist are listed and not compared. Nothing is written.
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
    from resistpanel.core.agreement import mixed_versions, problems, records
    from resistpanel.core.made import FOLDER

    outdir = args.results.absolute()
    if not (outdir / FOLDER / "made").is_dir():
        raise InputError(
            "contains no provenance records",
            str(args.results),
            "give the outdir of a run; results of older versions have none: run again",
        )
    found: list[InputError] = []
    notes: list[str] = []
    made = records(outdir)
    found += [
        InputError("not whole", str(path), "run again") for path, one in made.items() if not one
    ]
    good = [one for one in made.values() if one is not None]
    found += problems(outdir, good, thorough=True, notes=notes)
    found += mixed_versions(good)
    found += unrecorded(outdir)
    try:
        found += against_plan(outdir, args.config, notes)
    except InputError as error:
        found += error.errors if isinstance(error, InputErrors) else [error]
    for note in dict.fromkeys(notes):
        print(f"resistpanel: note: {note}", file=sys.stderr)
    if found:
        raise InputErrors(list({error.line(): error for error in found}.values()))
    print(f"{len(good)} steps: results agree with their inputs and with each other")
    return 0


def unrecorded(outdir: Path) -> list[InputError]:
    """Return the pages of which no record says what they were made from."""
    from resistpanel.core.made import place

    pages = sorted((outdir / "report").glob("*.html"))
    return [
        InputError("has no record of what it was made from", str(page), "run the workflow again")
        for page in pages
        if page.stem != "cohort" and not place(outdir, "made", "report", page.stem).is_file()
    ]


def against_plan(outdir: Path, config: Path | None, notes: list[str]) -> list[InputError]:
    """Compare the results with sheet and configuration as they are now."""
    from resistpanel.inputs.binding import AGAIN, Binding
    from resistpanel.inputs.merge import merged
    from resistpanel.inputs.owner import read_owner
    from resistpanel.inputs.plan import make_plan
    from resistpanel.inputs.simulated_patient import load_patient

    noted = read_owner(outdir)
    names = [str(config.absolute())] if config else noted.get("configurations") or []
    path, folder = Path(names[0]) if names else None, Path(noted.get("folder") or ".")
    if path is None or not path.is_file() or not folder.is_dir():
        notes.append("the configuration of the last run is not there: not compared; give --config")
        return []
    with contextlib.chdir(folder):
        value = merged(path)
        plan, _ = make_plan(
            value, lambda path: load_patient(path)[0], headers=False, where=str(path)
        )
        if os.path.realpath(plan.settings.outdir) != os.path.realpath(outdir):
            notes.append(f"{path} names another outdir ({plan.settings.outdir}): not compared")
            return []
        stale = Binding(plan, value.get("screens")).stale()
    return [
        InputError(", ".join(reasons), f"{step} of {subject}", "run the workflow again")
        for (step, subject), reasons in stale.items()
        if step != "multiqc" and not reasons[0].endswith(AGAIN)
    ]
