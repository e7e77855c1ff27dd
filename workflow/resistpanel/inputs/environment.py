"""What of the machine can be checked before a run: software, room, permissions."""

import importlib
import importlib.metadata
import re
import shutil
import sys
from pathlib import Path

import resistpanel
from resistpanel.core.lock import holder, locked
from resistpanel.inputs.config import Settings
from resistpanel.inputs.inputs_constants import (
    BYTES_PER_PATIENT,
    BYTES_PER_SIMULATION,
    FASTQ_FACTOR,
)
from resistpanel.inputs.machine import check_folders, existing
from resistpanel.inputs.reference import Findings
from resistpanel.inputs.sheet import Row


def check_software(findings: Findings) -> None:
    """Check that what the jobs need can be imported, at the versions asked for."""
    if not (3, 11) <= sys.version_info < (3, 14):
        findings.error(
            f"Python {sys.version_info.major}.{sys.version_info.minor} runs resistpanel",
            sys.executable,
            "install it with Python 3.11, 3.12 or 3.13 (make PYTHON=... setup)",
        )
    package = Path(resistpanel.__file__).parent
    for source in sorted(package.rglob("*.pyx")):
        module = ".".join(["resistpanel", *source.relative_to(package).with_suffix("").parts])
        try:
            importlib.import_module(module)
        except ImportError as error:
            findings.error(
                f"the compiled module {module} cannot be loaded ({error})",
                sys.prefix,
                "run `make setup`, or install the package again",
            )
    for line in importlib.metadata.requires("resistpanel") or []:
        pin = re.match(r"^([A-Za-z0-9_.-]+)==([^; ]+)\s*$", line)
        if not pin:
            continue
        name, wanted = pin.groups()
        try:
            have = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            findings.error(f"{name} is not installed", sys.prefix, "run `make setup`")
            continue
        if have != wanted:
            findings.notes.append(f"{name} {have} is installed, tested was {wanted}: `make setup`")


def check_room(settings: Settings, rows: list[Row], findings: Findings) -> None:
    """Check that results can be written: permission, a folder and not a file, free space."""
    unwritable = list(check_folders(settings.outdir))
    findings.errors += unwritable
    if unwritable:
        return
    folder = existing(settings.outdir)
    patients = len({row.patient for row in rows}) or 1
    needed = patients * BYTES_PER_PATIENT + (BYTES_PER_SIMULATION if settings.simulate else 0)
    for row in rows:
        reads = [path for path in (*row.fastq1, *row.fastq2) if path.is_file()]
        needed += FASTQ_FACTOR * sum(path.stat().st_size for path in reads)
    free = shutil.disk_usage(folder).free
    if free < needed:
        findings.error(
            f"{free / 1e6:,.0f} MB are free in {folder}, about {needed / 1e6:,.0f} MB are needed "
            f"for {patients} patient{'s' * (patients != 1)}",
            settings.place("outdir"),
            "make room, or give an outdir on another disk",
        )


def check_lock(findings: Findings) -> None:
    """Note that another run holds this folder, or that one was killed in it."""
    if locked():
        killed = f"a run was killed in {Path.cwd()}: `resistpanel run` goes on where it was"
        findings.notes.append(holder() or killed)
