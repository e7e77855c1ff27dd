"""Every edit under Snakemake itself, with its metadata, without, and under mtime-only triggers.

The steps' outputs are those of `boundkit`; Snakemake's dry run has to name the steps that
`test_bound` expects, or the input is refused with exit status 2.
"""

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location(
    "bound_edits", Path(__file__).with_name("test_bound.py")
)
_edits = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_edits)
#: The version of another package cannot be put into Snakemake's process.
EDITS = {name: edit for name, edit in _edits.EDITS.items() if not name.startswith("version")}
#: Edits that Snakemake itself takes for a change, by an input's time or set: never too few steps.
MORE = {"reads touched", "reads copied", "targets touched", "index made again", "results copied",
        "names respelt", "reference linked", "study moved", "call.scatter", "csi for bai",
        "results moved", "sheet touched", "time point", "multiqc.scan", "page gone"}  # fmt: skip
STEP = re.compile(r"^(\w+) +\d+$", re.M)


@pytest.fixture(scope="module")
def with_metadata(finished, snakemake):
    """The finished study with Snakemake's own records of it."""
    finished.restore()
    finished.binding().write()
    done = snakemake(finished.folder, "--configfile", "config.yaml", "--touch", "--cores", "1")
    assert done.returncode == 0, done.stderr
    kept = finished.folder.with_name("metadata")
    if not kept.exists():
        shutil.copytree(finished.folder / ".snakemake", kept)
    return kept


def jobs(study, snakemake, *arguments) -> tuple[int, set[str]]:
    """Return the exit status of a dry run, and the steps that it would do."""
    done = snakemake(study.folder, "--configfile", "config.yaml", "-n", *arguments)
    found = set(STEP.findall(done.stdout.partition("Job stats:")[2].partition("Reasons")[0]))
    if done.returncode not in (0, 2):
        raise AssertionError(done.stderr)
    return done.returncode, found - {"all", "total", "multiqc", "call_shard"}


@pytest.mark.slow
@pytest.mark.parametrize("condition", ["metadata", "none", "mtime"])
@pytest.mark.parametrize("name", EDITS)
def test_the_right_steps_in_a_dry_run(
    name, condition, study, boundkit, snakemake, with_metadata, monkeypatch
):
    shutil.rmtree(study.folder / ".snakemake", ignore_errors=True)
    if condition != "none":
        shutil.copytree(with_metadata, study.folder / ".snakemake")
    boundkit.monkeypatch = monkeypatch
    edit, wanted = EDITS[name]
    edit(study, boundkit)
    wanted = eval(wanted, vars(boundkit))
    more = ("--rerun-triggers", "mtime") if condition == "mtime" else ()
    status, found = jobs(study, snakemake, *more)
    if status == 2:
        assert wanted, "an edit that changes nothing is no error"
    elif name in MORE:
        assert found >= wanted
    else:
        assert found == wanted


def test_untouched_input_and_no_metadata(study, snakemake):
    """One of the matrix with every run of the tests: nothing to do, then a drug that changed."""
    shutil.rmtree(study.folder / ".snakemake", ignore_errors=True)
    assert jobs(study, snakemake) == (0, set())
    study.row("after", drugs="imatinib")
    status, found = jobs(study, snakemake, "--rerun-triggers", "mtime")
    assert status == 0
    assert found >= {"sheet", "resist", "report", "cohort"} and "call" not in found


@pytest.mark.slow
def test_a_power_cut_at_ten_moments():
    """Needs root, loop mounts and ext4: skipped where they are not allowed."""
    import subprocess
    import sys

    from resistpanel.core.files import HOME

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reliability.powercut", "--cuts", "10"],
        capture_output=True, text=True, check=False, cwd=HOME,
    )  # fmt: skip
    if done.returncode == 2:
        pytest.skip(f"loop mounts are not allowed: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stdout
