"""Arguments of ``resistpanel check``."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors

#: What is left open that the last line names.
MOST_GAPS = 4

EPILOG = """examples:
  resistpanel check                          # config.yaml of this folder
  resistpanel check study                    # config.yaml of study/
  resistpanel check --config mine.yaml

Checks configuration, software, disk space and permissions, sheet, reference, panel, BAM headers,
sequence checksums, reads on the panel, drugs and catalogue. It reads the headers and a few reads of
each BAM. If the BAMs state checksums and the reference has no .dict, it also reads its contigs.
"""


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which run is meant."""
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        metavar="FOLDER",
        help="working directory, as of `resistpanel init FOLDER` (default: current folder)",
    )
    parser.add_argument(
        "--config", type=Path, help="configuration (default: config.yaml of the folder)"
    )
    parser.add_argument(
        "--directory", type=Path, metavar="FOLDER", help="another way to give FOLDER"
    )


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    add_place(parser)
    parser.set_defaults(run=run)


def enter(args: argparse.Namespace) -> Path:
    """Go to the folder asked for; return the configuration's path.

    Raises
    ------
    InputError
        If the folder or the configuration is not there.
    """
    folder = args.folder or args.directory
    if args.folder and args.directory and args.folder != args.directory:
        raise InputError("is given, too", f"FOLDER {args.folder}: --directory", "give one of them")
    if folder:
        if folder.is_file():
            raise InputError("is a file", str(folder), "give its folder, or --config")
        if not folder.is_dir():
            raise InputError(
                "no such folder",
                str(folder) if args.folder else f"--directory {folder}",
                "arguments for Snakemake follow after --" if args.folder else "",
            )
        os.chdir(folder)
    config = args.config or Path("config.yaml")
    if not config.is_file():
        raise InputError(
            "no such configuration", str(config), "write one with `resistpanel init`, or --config"
        )
    return config


def run(args: argparse.Namespace) -> int:
    """Check everything; print problems and notes, or what the run will do."""
    from resistpanel.inputs.check import again, check_everything, summary
    from resistpanel.inputs.merge import merged

    config = enter(args)
    done = check_everything(merged(config), str(config))
    for note in done.findings.notes:
        print(f"resistpanel: note: {note}", file=sys.stderr)
    if done.findings.errors:
        raise InputErrors(done.findings.errors)
    for line in [*summary(done), *again(merged(config), str(config))]:
        print(line)
    own = f" --config {shlex.quote(str(args.config))}" if args.config else ""
    folder = args.folder or args.directory
    place = f" {shlex.quote(str(folder))}" if folder else ""
    print(f"{verdict(done.findings.notes)}; next: resistpanel run{place}{own}")
    return 0


def verdict(notes: Sequence[str]) -> str:
    """Return the outcome of a check without errors: what a run would leave open is named.

    Examples
    --------
    >>> verdict([]), verdict(["genome.fa: indexed"])
    ('nothing wrong found', 'nothing wrong found, 1 note')
    """
    from resistpanel.inputs.reference import Gap

    count = f"{len(notes)} note{'s' * (len(notes) != 1)}"
    gaps = list(dict.fromkeys(note.short for note in notes if isinstance(note, Gap)))
    if not gaps:
        return f"nothing wrong found{f', {count}' if notes else ''}"
    more = f" and {len(gaps) - MOST_GAPS} more" if len(gaps) > MOST_GAPS else ""
    return f"no errors, but see the {count}: {'; '.join(gaps[:MOST_GAPS])}{more}"
