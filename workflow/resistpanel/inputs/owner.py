"""Which study an output folder belongs to: two studies in one folder would mix their patients."""

import os
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import write_json
from resistpanel.core.made import FOLDER, ROWS, Made, place, read, without_paths
from resistpanel.core.moved import OWNER, read_owner, study_of
from resistpanel.inputs.config import Settings
from resistpanel.inputs.patient import ordered
from resistpanel.inputs.sheet import Row, cells, patients, read_sheet

#: The lock of an output folder.
LOCK = "lock"


def source(made: Settings) -> Path:
    """Return the file that makes a study what it is: the sheet, or the simulated patient."""
    return made.simulate.patient if made.simulate else made.samples


def lock_of(outdir: Path) -> Path:
    """Return the lock file of an output folder."""
    return outdir / FOLDER / LOCK


def sheet_of(outdir: Path) -> Path | None:
    """Return the sheet that an output folder's note names, as far as it is there.

    Of a study that was moved or copied: the sheet that went with it.
    """
    noted = read_owner(outdir)
    if not noted.get("sheet"):
        return None
    found = study_of(outdir).find(noted["sheet"])
    return found if found.is_file() else None


def check_rows_of(outdir: Path, patient: str) -> None:
    """Refuse a patient's results if the sheet says something else by now.

    Raises
    ------
    InputError
    """
    sheet = sheet_of(outdir)
    record = read(place(outdir, "made", "sheet", patient))
    if sheet is None or record is None or ROWS not in record.settings:
        return
    rows = patients(read_sheet(sheet, outdir / "align")).get(patient, [])
    if not rows:
        raise InputError(
            f"patient {patient} is not in the sheet any more: its results are not current",
            str(sheet), "add its rows again and run the workflow, or ask for another patient",
        )  # fmt: skip
    check_planned(record, rows, sheet, "since the results were made", "run the workflow again")


def check_planned(due: Made, rows: list[Row], sheet: Path, since: str, cure: str) -> None:
    """Raise InputError if rows are not those that a step is, or was, made from.

    Rows are compared without their files' paths, which may be spelt in other ways.
    """
    if ROWS not in due.settings:
        return
    now, then = without_paths(cells(ordered(rows))), without_paths(due.settings[ROWS])
    if now != then:
        raise InputError(f"patient {due.subject} was changed {since}", str(sheet), cure)


def check_owner(made: Settings) -> None:
    """Raise InputError if the output folder belongs to another study.

    A study is known by its sheet, whose path is noted both as it is and as seen from the output
    folder, so that the two may be moved together. A sheet that is gone owns nothing.
    """
    outdir, sheet = made.outdir, source(made)
    noted = read_owner(outdir)
    if not noted.get("sheet"):
        return
    given = os.path.realpath(sheet)
    root = os.path.realpath(outdir)
    seen = os.path.normpath(os.path.join(root, str(noted.get("relative"))))  # noqa: PTH118
    if given in (noted["sheet"], seen):
        return
    if os.path.exists(noted["sheet"]) or os.path.exists(seen):  # noqa: PTH110
        other = noted["sheet"] if os.path.exists(noted["sheet"]) else seen  # noqa: PTH110
        raise InputError(
            f"contains the results of another study, with the sheet {other}",
            f"outdir {outdir}",
            "give another outdir; if this is the same study under a new sheet, remove "
            f"{outdir / FOLDER / OWNER}",
        )


def write_owner(made: Settings, configs: list[str]) -> None:
    """Note whose results an output folder holds."""
    outdir, sheet = made.outdir, source(made)
    given, root = os.path.realpath(sheet), os.path.realpath(outdir)
    value = {
        "sheet": given,
        "relative": os.path.relpath(given, root),
        "outdir": root,
        "folder": str(Path.cwd()),
        "configurations": [os.path.realpath(path) for path in configs],
    }
    if read_owner(outdir) != value:
        write_json(outdir / FOLDER / OWNER, value)
