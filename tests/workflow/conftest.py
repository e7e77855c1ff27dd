"""Runs Snakemake as a user would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from resistpanel.cli import main
from resistpanel.core.files import HOME

#: The Snakemake of the environment that runs the tests.
SNAKEMAKE = [sys.executable, "-m", "snakemake"]


def snakemake(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run the workflow in a folder of its own; standard error is kept apart.

    `variables` are added to the environment.
    """
    # A cache in the user's home would tie runs of the tests together.
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / ".cache")} | variables
    return subprocess.run(
        [
            *SNAKEMAKE,
            "--snakefile",
            str(HOME / "Snakefile"),
            "--directory",
            str(folder),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )


@pytest.fixture
def run(tmp_path):
    """Return the function that runs Snakemake in a new folder."""
    return lambda *arguments: snakemake(tmp_path, *arguments)


def write_study(folder: Path, patient: dict, **config) -> None:
    """Simulate a patient and write a study of its BAMs, as if they had been given.

    The panel is in ``panel``, the input in ``in``, the configuration in ``config.yaml``.
    """
    (folder / "patient.yaml").write_text(yaml.safe_dump(patient))
    assert main(["simulate", str(folder / "patient.yaml"), "--output", str(folder / "in")]) == 0
    value = {
        "samples": "in/samples.tsv", "reference": "in/genome.fa.gz", "targets": "in/targets.bed",
        "genes": "panel/hg19.gff3", "outdir": "results",
    }  # fmt: skip
    (folder / "config.yaml").write_text(yaml.safe_dump(value | config))
