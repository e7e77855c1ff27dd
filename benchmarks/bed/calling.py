"""Runs the caller under test on a patient's folder."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.bed.genome import ROOT


def program() -> str:
    """Return the caller's program: ``RESISTPANEL`` of the environment, or this checkout's."""
    named = os.environ.get("RESISTPANEL")
    return named or str(Path(sys.executable).with_name("resistpanel"))


def call(folder: Path, samples: list[str], output: Path, targets: Path | None = None,
         extra: tuple[str, ...] = (), by: str | None = None) -> dict:  # fmt: skip
    """Call a patient; sample ``normal`` is its normal. Returns CPU seconds and a message.

    ``by``: the caller's program, where it is not `program`.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    command = [by or program(), "call", "--reference", str(folder / "reference.fa")]
    command += ["--targets", str(targets or folder / "targets.bed")]
    for sample in samples:
        role = "--normal" if sample == "normal" else "--tumor"
        command += [role, str(folder / f"{sample}.bam")]
    command += ["--output", str(output), *extra]
    before = os.times()
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    output.with_suffix(".log").write_text(" ".join(command) + "\n" + done.stderr)
    return {"cpu": cpu, "wall": time.monotonic() - began, "status": done.returncode,
            "message": done.stderr.strip()[-400:]}  # fmt: skip


def version(by: str | None = None) -> str:
    """Return what the caller says of its version, and the last commit that changed it.

    The commit is of the checkout that the program's environment lies in, if it lies in one.
    """
    by = by or program()
    done = subprocess.run([by, "--version"], cwd=ROOT, capture_output=True, text=True)
    found = shutil.which(by) or by
    folder = Path(found).absolute().parent
    last = subprocess.run(["git", "log", "-1", "--format=%h", "--", ":/workflow/resistpanel"],
                          cwd=folder, capture_output=True, text=True)  # fmt: skip
    commit = last.stdout.strip()
    return done.stdout.strip() + (f" (commit {commit})" if commit else "")
