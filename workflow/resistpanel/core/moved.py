"""Where the files of a study are, if its folder was moved or copied since the results were made."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from resistpanel.core.made import FOLDER

#: The output folder's note of its study.
OWNER = "owner.json"


def read_owner(outdir: Path) -> dict[str, Any]:
    """Return what is noted of a folder's study; empty if nothing is."""
    try:
        value = json.loads((outdir / FOLDER / OWNER).read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


@dataclasses.dataclass(frozen=True)
class Study:
    """The folder of a study, as noted by the run and as seen from the output folder now.

    Attributes
    ----------
    then, now : str
        Absolute; empty if nothing is noted.
    """

    then: str = ""
    now: str = ""

    @property
    def moved(self) -> bool:
        """Whether the output folder is no longer where the run wrote it."""
        return self.then != self.now

    def find(self, recorded: str | Path) -> Path:
        """Return a recorded file's path now; the recorded one if there is none.

        A file inside the study is looked for where the study is now, so that a copy is compared
        with its own files. One outside is looked for at its old path first.
        """
        # Textual, as the folder between may be gone: old/../data/x.bam.
        plain = os.path.normpath(recorded)
        places = [str(recorded), plain]
        if self.moved:
            seen = os.path.relpath(plain, self.then)
            inside = not seen.startswith(os.pardir)
            places.insert(0 if inside else 2, os.path.normpath(f"{self.now}/{seen}"))
        return next((Path(path) for path in places if os.path.lexists(path)), Path(recorded))


def study_of(outdir: Path) -> Study:
    """Return where the study of an output folder was, and is."""
    noted = read_owner(outdir)
    then, sheet, relative = (str(noted.get(key) or "") for key in ("folder", "sheet", "relative"))
    if not then:
        return Study()
    root = os.path.realpath(outdir)
    if noted.get("outdir"):
        way = os.path.relpath(then, str(noted["outdir"]))
    else:  # a note of an earlier version
        way = f"{os.path.dirname(relative)}/{os.path.relpath(then, os.path.dirname(sheet) or '/')}"  # noqa: PTH120
    return Study(then, os.path.normpath(f"{root}/{way}"))
