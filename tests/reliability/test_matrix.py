"""Every edit under Snakemake itself, with its metadata, without, and under mtime-only triggers.

Snakemake plans and runs the jobs of the workflow's rules; instead of `resistpanel` they find a
program that writes what it read and records it (`written_step`). The jobs have to be those that
`test_bound` expects; afterwards every file has to be what a run from nothing writes.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from resistpanel.core.files import HOME

_spec = importlib.util.spec_from_file_location(
    "bound_edits", Path(__file__).with_name("test_bound.py")
)
_edits = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_edits)
#: The version of another package cannot be put into Snakemake's process.
EDITS = {name: edit for name, edit in _edits.EDITS.items() if not name.startswith("version")}
EDITS["nothing"] = (lambda study, kit: None, "NOTHING")
#: Edits that Snakemake itself takes for a change, by an input's time or set: never too few steps.
MORE = {"reads touched", "reads copied", "targets touched", "index made again", "results copied",
        "names respelt", "reference linked", "study moved", "call.scatter", "csi for bai",
        "results moved", "sheet touched", "sheet of Windows", "time point", "multiqc.scan",
        "page gone"}  # fmt: skip
STEP = re.compile(r"^(\w+) +\d+$", re.M)


@pytest.fixture(scope="module")
def python(tmp_path_factory, boundkit):
    """The Python of a virtual environment like this one, but for its `resistpanel`."""
    folder, here = tmp_path_factory.mktemp("environment"), Path(sys.prefix)
    step, made = boundkit.written_step, folder / "bin" / "python"
    (folder / "bin").mkdir()
    (folder / "lib").symlink_to(here / "lib")
    shutil.copy(here / "pyvenv.cfg", folder)
    made.symlink_to(sys.executable)
    with tempfile.TemporaryDirectory() as short:  # a socket's name has 107 bytes at most
        address = f"{short}/socket"
        program = folder / "bin" / "resistpanel"
        program.write_text(step.PROGRAM.format(python=sys.executable, address=address))
        program.chmod(0o755)
        with socketserver.ThreadingUnixStreamServer(address, step.Answers) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield made
            server.shutdown()


def run(python: Path, study, *arguments: str) -> tuple[int, set[str], str]:
    """Return the exit status of a run, the steps that it planned, and what it said."""
    command = [python, "-m", "snakemake", "--snakefile", str(HOME / "Snakefile")]
    command += ["--configfile", "config.yaml", "--workflow-profile", "none", "--cores", "2"]
    done = subprocess.run(
        [*command, "--rerun-incomplete", *arguments], cwd=study.folder,
        capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONSAFEPATH": "1", "PWD": str(study.folder)},
    )  # fmt: skip
    said = done.stdout + done.stderr
    stats = said.partition("Job stats:")[2].partition("Select jobs")[0].partition("Reasons")[0]
    return done.returncode, set(STEP.findall(stats)) - {"all", "total", "multiqc"}, said


def written(study) -> dict[str, bytes]:
    """Return the results by name, but for pages of earlier runs, logs and what is temporary."""
    outdir = study.binding().outdir
    paths = [path for path in outdir.rglob("*") if path.is_file()]
    names = {path: path.relative_to(outdir) for path in paths}
    return {
        str(name): path.read_bytes() for path, name in names.items()
        if name.parts[0] not in (".resistpanel", "logs", "benchmarks")
        and "outdated" not in name.parts and name.suffix != ".npz" and not name.name.startswith(".")
    }  # fmt: skip


@pytest.fixture(scope="module")
def with_metadata(finished, python):
    """Snakemake's own records of the finished study."""
    finished.restore()
    shutil.rmtree(finished.folder / ".snakemake", ignore_errors=True)
    shutil.rmtree(finished.folder / "results")
    status, _, said = run(python, finished)
    assert status == 0, said
    kept = finished.folder.with_name("metadata")
    shutil.copytree(finished.folder / ".snakemake", kept)
    shutil.rmtree(finished.folder / ".snakemake")
    shutil.rmtree(finished.copy)
    finished.keep()
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("condition", ["metadata", "none", "mtime"])
@pytest.mark.parametrize("name", EDITS)
def test_the_right_steps_are_run(name, condition, study, boundkit, python, with_metadata):
    shutil.rmtree(study.folder / ".snakemake", ignore_errors=True)
    if condition != "none":
        shutil.copytree(with_metadata, study.folder / ".snakemake")
    edit, wanted = EDITS[name]
    with contextlib.suppress(AttributeError), pytest.MonkeyPatch.context() as patch:
        boundkit.monkeypatch = patch
        edit(study, boundkit)
    wanted = eval(wanted, vars(boundkit))
    before = written(study)
    more = ("--rerun-triggers", "mtime") if condition == "mtime" else ()
    status, found, said = run(python, study, *more)
    if status == 2:
        assert wanted, "an edit that changes nothing is no error"
        assert "resistpanel: error: " in said and written(study) == before
        return
    assert status == 0, said
    found -= {"call_shard"}
    assert found >= wanted if name in MORE else found == wanted
    assert study.stale() == set()
    after = written(study)
    shutil.rmtree(study.binding().outdir)
    study.finish()
    assert after == written(study)


def test_untouched_input_and_no_metadata(study, python):
    """One of the matrix with every run of the tests: nothing to do, then a drug that changed."""
    shutil.rmtree(study.folder / ".snakemake", ignore_errors=True)
    assert run(python, study, "-n")[:2] == (0, set())
    study.row("after", drugs="imatinib")
    status, found, _ = run(python, study, "-n", "--rerun-triggers", "mtime")
    assert status == 0
    assert found >= {"sheet", "resist", "report", "cohort"} and "call" not in found


@pytest.mark.slow
def test_calls_that_are_due_beside_the_sheet(study, boundkit, python):
    """Neither may keep Snakemake from seeing the other."""
    study.row("after", drugs="imatinib")
    study.write(call=study.config["call"] | {"extra": "--min-qual 15"})
    status, found, said = run(python, study, "-n")
    assert status == 0, said
    assert found == boundkit.SHEET | boundkit.CALL


@pytest.mark.slow
def test_a_power_cut_at_ten_moments():
    """Needs root, loop mounts and ext4: skipped where they are not allowed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reliability.powercut", "--cuts", "10"],
        capture_output=True, text=True, check=False, cwd=HOME,
    )  # fmt: skip
    if done.returncode == 2:
        pytest.skip(f"loop mounts are not allowed: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stdout
