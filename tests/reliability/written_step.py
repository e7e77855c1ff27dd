"""A step in a line: instead of its result it writes what it read, and records it as steps do."""

import socketserver
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


#: What a job starts instead of `resistpanel`: it asks the process of the tests, which has the
#: libraries at hand, to write the step.
PROGRAM = """\
#!{python} -IS
import os, socket, sys
due = sys.argv[sys.argv.index("--made-from") + 1]
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({address!r})
    asked.sendall(os.path.abspath(due).encode() + b"\\n")
    said = asked.makefile().read()
sys.exit(said or 0)
"""


class Answers(socketserver.StreamRequestHandler):
    """Writes the step that a job asks for; says what was wrong, or nothing."""

    def handle(self) -> None:
        """Answer one job."""
        try:
            write(Path(self.rfile.readline().decode().rstrip("\n")))
        except Exception as error:
            self.wfile.write(f"{type(error).__name__}: {error}".encode())
