"""A step in a line: instead of its result it writes what it read, and records it as steps do."""

import sys
from pathlib import Path

from resistpanel.core.fingerprint import content
from resistpanel.core.made import FOLDER, read, recorded


def write(due: Path) -> None:
    """Write every output of the step whose due file is given."""
    wanted = read(due)
    outdir = next(folder for folder in due.absolute().parents if folder.name == FOLDER).parent
    with recorded(due):
        text = "".join(f"{role} {content(outdir / f.path)}\n" for role, f in wanted.inputs.items())
        for name in wanted.outputs:
            path = outdir / name
            if path.name in ("cbioportal", "index", "reference"):
                path.mkdir(parents=True, exist_ok=True)
                path /= "file"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{wanted.step} {wanted.subject} {wanted.settings}\n{text}")


if __name__ == "__main__":
    write(Path(sys.argv[sys.argv.index("--made-from") + 1]))
