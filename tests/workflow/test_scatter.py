"""A patient whose targets several jobs read: the same files as from one."""

import shutil
import subprocess

import pytest
from benchmarks.reliability import data, same
from benchmarks.reliability.resume import ENVIRONMENT, command, prepare

pytestmark = pytest.mark.workflow


def run(folder, scatter) -> None:
    """Run the workflow in a folder."""
    settings = f"call={{scatter: {scatter}}}"
    done = subprocess.run(
        [*command(folder), "--config", settings],
        capture_output=True, text=True, check=False, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_scattered_to_the_same_bytes(tmp_path):
    """Every file but logs; the evidence is gone, and a run of either kind is then complete."""
    cohort, folder, kept = (tmp_path / name for name in ("cohort", "run", "kept"))
    data.make(cohort, 1)
    prepare(folder, cohort)
    run(folder, 1)
    shutil.copytree(folder / "results", kept)
    assert not list((folder / "results/logs/call").glob("*-of-*"))
    # the other way of reading is another way to the same file: it is made again
    run(folder, 3)
    logs = (folder / "results/logs/call").glob("*-of-*.log")
    assert sorted(path.name for path in logs) == [f"P01.{k}-of-3.log" for k in (1, 2, 3)]
    # what one job counts for qc while it reads; of several, qc reads by itself
    differ = same.differences(kept, folder / "results", masked=False)
    assert differ == ["call/P01.counts.json"]
    assert len(same.digests(kept)) > 30
