"""Which study an output folder belongs to: two studies in one folder would mix their patients."""

import json
import os
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import write_json
from resistpanel.core.made import FOLDER
from resistpanel.inputs.config import Settings

#: The folder's note of its study, and its lock.
OWNER, LOCK = "owner.json", "lock"


def source(made: Settings) -> Path:
    """Return the file that makes a study what it is: the sheet, or the simulated patient."""
    return made.simulate.patient if made.simulate else made.samples


def lock_of(outdir: Path) -> Path:
    """Return the lock file of an output folder."""
    return outdir / FOLDER / LOCK


def read_owner(outdir: Path) -> dict:
    """Return what is noted of a folder's study; empty if nothing is."""
    try:
        value = json.loads((outdir / FOLDER / OWNER).read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


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
    place = os.path.realpath(outdir)
    seen = os.path.normpath(os.path.join(place, str(noted.get("relative"))))  # noqa: PTH118
    if given in (noted["sheet"], seen):
        return
    if os.path.exists(noted["sheet"]) or os.path.exists(seen):  # noqa: PTH110
        other = noted["sheet"] if os.path.exists(noted["sheet"]) else seen  # noqa: PTH110
        raise InputError(
            f"holds the results of another study, whose sheet is {other}",
            f"outdir {outdir}",
            "give another outdir; if this is the same study under a new sheet, remove "
            f"{outdir / FOLDER / OWNER}",
        )


def write_owner(made: Settings, configs: list[str]) -> None:
    """Note whose results an output folder holds."""
    outdir, sheet = made.outdir, source(made)
    given, place = os.path.realpath(sheet), os.path.realpath(outdir)
    value = {
        "sheet": given,
        "relative": os.path.relpath(given, place),
        "folder": str(Path.cwd()),
        "configurations": [os.path.realpath(path) for path in configs],
    }
    if read_owner(outdir) != value:
        write_json(outdir / FOLDER / OWNER, value)
