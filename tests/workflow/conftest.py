"""Runs Snakemake as a user would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
