"""What a plain ``snakemake`` would import or evaluate of a study's folder: refused.

``resistpanel run`` starts Snakemake so that neither can happen.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from resistpanel.core.errors import InputError
from resistpanel.inputs.repeated_keys import repeated_keys

#: A key by which Snakemake evaluates Python expressions in a YAML file.
EVALUATED = "__use_yte__"


def shadowing(folders: Iterable[str | Path]) -> Iterator[InputError]:
    """Yield the loaded modules that are files of a study's folder.

    `python -m snakemake` and an empty part of PYTHONPATH put the working folder before Python's
    own; Snakemake has then imported from it before it reads the Snakefile.
    """
    places = {os.path.realpath(folder) for folder in folders}
    for name, module in sorted(sys.modules.items()):
        source = getattr(module, "__file__", None)
        if not source or "." in name or name == "__main__":
            continue
        path = Path(os.path.realpath(source))
        path = path.parent if path.stem == "__init__" else path
        if str(path.parent) in places:
            yield InputError(
                f"is imported in place of the module '{name}'",
                str(path),
                "rename it, or start with `resistpanel run`, not with `python -m snakemake`",
            )


def evaluated(files: Iterable[str | Path]) -> Iterator[InputError]:
    """Yield the configurations that Snakemake would evaluate instead of reading them."""
    for path in dict.fromkeys(Path(file) for file in files):
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError, RecursionError):
            continue  # refused where it is read
        if isinstance(found, dict) and EVALUATED in found:
            yield InputError(
                f"has the key '{EVALUATED}', by which Snakemake runs Python code in it",
                str(path),
                "write the values themselves",
            )


def repeated(files: Iterable[str | Path]) -> Iterator[InputError]:
    """Yield the keys that a configuration has twice."""
    for path in {Path(file).resolve(): Path(file) for file in files}.values():
        with contextlib.suppress(OSError, ValueError, yaml.YAMLError, RecursionError):
            text = path.read_text(encoding="utf-8")
            yield from repeated_keys(yaml.compose(text, yaml.SafeLoader), path)


def guard_or_exit(folders: Iterable[str | Path], files: Iterable[str | Path]) -> None:
    """Print one line for each problem and exit with status 2, or return.

    For the Snakefile: an exception there would be shown with a traceback of its own.

    Parameters
    ----------
    folders : iterable of path
        The working folder, and that in which Snakemake was started.
    files : iterable of path
        Configurations that are, or will be, read.
    """
    files = list(files)
    found = [*shadowing(folders), *evaluated(files), *repeated(files)]
    for error in found:
        print(f"resistpanel: error: {error.line()}", file=sys.stderr)
    if found:
        sys.exit(2)
