# First of all, what must not be imported or evaluated. `python -m snakemake` looks for modules in
# the working folder: none of its files may stand in for a library that is imported from here on.
import os
import sys
from pathlib import Path

FOLDERS = {os.path.realpath(folder) for folder in (".", os.environ.get("PWD") or ".")}
PACKAGE = os.path.realpath(Path(str(workflow.current_basedir)).parent)
sys.path[:] = [
    folder
    for folder in sys.path
    if os.path.realpath(folder) == PACKAGE or os.path.realpath(folder) not in FOLDERS
]
try:
    from resistpanel.inputs.guard import guard_or_exit
except ImportError as error:
    print(
        f"resistpanel: error: the package cannot be imported ({error}); "
        "run `make setup`, then .venv/bin/snakemake",
        file=sys.stderr,
    )
    sys.exit(2)
guard_or_exit(FOLDERS, [*workflow.configfiles, "config.yaml"])
