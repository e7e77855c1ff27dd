"""`resistpanel multiqc`."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import replacing, write_text
from resistpanel.core.schemas import read_record
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.identity import Identity
from resistpanel.records.qc import Qc

EPILOG = """\
example:
  resistpanel multiqc --qc results/qc/*.json --copynumber results/copynumber/*.json \\
      --scan bams/ --output results/multiqc/multiqc.html

MultiQC is an optional dependency: pip install '.[multiqc]' in the clone. It is not needed with only
--content.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--qc", type=Path, nargs="+", required=True, metavar="JSON", help="JSON of `resistpanel qc`"
    )
    parser.add_argument(
        "--copynumber",
        type=Path,
        nargs="+",
        default=[],
        metavar="JSON",
        help="JSON of `resistpanel copynumber`",
    )
    parser.add_argument(
        "--identity", type=Path, metavar="JSON", help="JSON of `resistpanel identity`"
    )
    parser.add_argument(
        "--scan",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="folders or files of other tools: samtools stats or flagstat, FastQC, Picard, ...",
    )
    parser.add_argument("--content", type=Path, metavar="DIR", help="folder for the custom content")
    parser.add_argument("--output", type=Path, metavar="HTML", help="HTML page to write")
    parser.set_defaults(run=run)


def program() -> str:
    """Return the path of MultiQC: beside this Python, or in the path."""
    beside = Path(sys.executable).with_name("multiqc")
    found = str(beside) if beside.is_file() else shutil.which("multiqc")
    if found is None:
        raise InputError(
            "MultiQC is not installed", "multiqc", "in the checkout: pip install '.[multiqc]'"
        )
    return found


def write_page(content: Path, scan: list[Path], output: Path) -> None:
    """Run MultiQC over the content and other tools' files.

    Raises
    ------
    InputError
        If MultiQC is not installed, fails, or a path does not exist.
    """
    for path in scan:
        if not path.exists():
            raise InputError("no such file or folder", str(path), "name it right in --scan")
    with tempfile.TemporaryDirectory() as name, replacing(output) as temporary:
        command = [
            program(), str(content), *map(str, scan), "--outdir", name, "--filename", "page",
            "--title", "resistpanel", "--no-data-dir", "--no-version-check", "--no-ansi",
        ]  # fmt: skip
        # What a user's own environment asks of MultiQC must not change the page.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MULTIQC_")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=kept)
        page = Path(name) / "page.html"
        if done.returncode or not page.is_file():
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
            raise InputError(f"MultiQC failed: {lines[-1].strip()}", str(output))
        shutil.copyfile(page, temporary)


def run(args: argparse.Namespace) -> int:
    """Write the content, and the page if one is asked for."""
    from resistpanel.qc.multiqc import cohort

    if not args.content and not args.output:
        raise InputError("neither --output nor --content is given", "multiqc", "give one")
    findings = read_record(args.identity, Identity).findings if args.identity else ()
    qc = [read_record(path, Qc) for path in args.qc]
    copynumber = [read_record(path, CopyNumber) for path in args.copynumber]
    with tempfile.TemporaryDirectory() as name:
        folder = args.content or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        made = {
            f"resistpanel_{key}_mqc.json": v for key, v in cohort(qc, copynumber, findings).items()
        }
        # A section that is no more (a gate that holds again) must not stay on the page.
        for old in folder.glob("resistpanel_*_mqc.json"):
            if old.name not in made:
                old.unlink()
        for file, value in made.items():
            # Columns and categories stand in the order given: keys are not sorted.
            write_text(folder / file, json.dumps(value, indent=1) + "\n")
        if args.output:
            write_page(folder, args.scan, args.output)
    return 0
