"""Running the workflow: progress, passing on of arguments, exit status, what is said at the end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resistpanel.core.files import HOME
from resistpanel.core.lock import living
from resistpanel.run import snakemake
from resistpanel.run.outcome import failed, tail, verdicts
from resistpanel.run.progress import Display, Failure, Progress, duration


class Clock:
    """A clock that the test turns."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def job(number, rule, patient="P1", log=("x.log",)):
    return {
        "event": "job_info",
        "jobid": number,
        "rule_name": rule,
        "wildcards": {"patient": patient} if patient else {},
        "log": list(log),
    }


def test_progress_counts_and_estimates():
    clock = Clock()
    progress = Progress(clock)
    assert progress.line() == "reading the sheet and the BAMs' headers"
    progress.update(
        {"event": "run_info", "stats": {"sheet": 2, "call": 2, "report": 2, "total": 6}}
    )
    assert progress.remaining() is None
    assert progress.line() == "0 of 6 steps; time left unknown"
    progress.update(job(1, "call"))
    clock.now = 100.0
    assert progress.update({"event": "job_finished", "job_id": 1}) == "call P1 (2 min)"
    # A call took 100 s and stands for 40 of the table, so a sheet (2) takes 5 s, a report (15)
    # 37.5 s: one call, two sheets, two reports are left.
    assert progress.remaining() == pytest.approx(100 + 2 * 5 + 2 * 37.5)
    progress.update(job(2, "call", "P2"))
    clock.now = 150.0
    assert progress.remaining() == pytest.approx(50 + 2 * 5 + 2 * 37.5)
    assert progress.line() == "1 of 6 steps; about 2 min left; call P2"


def test_the_rule_that_asks_for_all_is_no_step():
    """As many steps as a dry run lists."""
    progress = Progress(Clock())
    progress.update({"event": "run_info", "stats": {"report": 2, "all": 1, "total": 3}})
    assert progress.line() == "0 of 2 steps; time left unknown"
    progress.update(job(1, "report"))
    progress.update({"event": "job_finished", "job_id": 1})
    progress.update({"event": "progress", "done": 1, "total": 3})
    assert (progress.done, progress.total) == (1, 2)
    progress.update(job(2, "report", "P2"))
    progress.update({"event": "job_finished", "job_id": 2})
    progress.update(job(3, "all", None))
    assert progress.line() == "2 of 2 steps"
    assert progress.update({"event": "job_finished", "job_id": 3}) is None
    progress.update({"event": "progress", "done": 3, "total": 3})
    assert (progress.done, progress.total) == (2, 2)


def test_progress_divides_by_the_jobs_side_by_side():
    clock = Clock()
    progress = Progress(clock)
    progress.update({"event": "run_info", "stats": {"call": 4, "total": 4}})
    for number in (1, 2):
        progress.update(job(number, "call", f"P{number}"))
    clock.now = 60.0
    for number in (1, 2):
        progress.update({"event": "job_finished", "job_id": number})
    assert progress.remaining() == pytest.approx(60.0)


def test_progress_keeps_failures():
    progress = Progress(Clock())
    progress.update({"event": "run_info", "stats": {"call": 1, "total": 1}})
    progress.update(job(1, "call"))
    progress.update({"event": "job_error", "jobid": 1, "rule_name": "call", "log": []})
    assert progress.failures == [Failure("call", "P1", ["x.log"])]
    assert "1 failed" in progress.line()


@pytest.mark.parametrize(
    ("seconds", "text"), [(7.4, "7 s"), (89, "89 s"), (200, "3 min"), (4000, "1 h 7 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_display_keeps_to_one_line(monkeypatch):
    class Terminal:
        def __init__(self):
            self.text = ""

        def isatty(self):
            return True

        def write(self, text):
            self.text += text

        def flush(self):
            pass

    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    display = Display(stream)
    display.show("x" * 50)
    assert stream.text == "\r" + "x" * 18 + "…"
    display.show("short")
    assert stream.text.endswith("\rshort" + " " * 14)
    display.clear()
    assert stream.text.endswith("\r" + " " * 5 + "\r")


def test_arguments_for_snakemake():
    words = snakemake.command(Path("c.yaml"), None, None, ["--forcerun", "report"], False)
    assert words[-2:] == ["--forcerun", "report"]
    assert words[words.index("--cores") + 1] == str(snakemake.usable_cores())
    assert "--rerun-incomplete" in words and "--keep-going" in words
    # Snakemake's --logger takes any number of values: a target must not follow it.
    words = snakemake.command(Path("c.yaml"), None, None, ["multiqc"], False)
    assert words[-2:] == ["--keep-going", "multiqc"]
    slurm = snakemake.command(Path("c.yaml"), None, "slurm", [], False)
    assert slurm[slurm.index("--workflow-profile") + 1] == str(HOME / "workflow/profiles/slurm")
    assert "--cores" not in slurm
    assert snakemake.prints_itself(["-n"]) and snakemake.prints_itself(["--report=x.html"])
    assert not snakemake.prints_itself(["--forcerun", "report"])


LOW = {"metric": "mean_depth", "value": 87.3801, "condition": ">= 250", "text": "thin"}


def results(folder, patient="P1", gate=True, confidence="high", reasons=(), kind="mechanism"):
    verdict = {
        "kind": kind, "sentence": "KRAS p.G12D was acquired.", "confidence": confidence,
        "reasons": ["exact match", *reasons],
    }  # fmt: skip
    for stage, value in (
        ("resist", {"verdict": verdict}),
        (
            "qc",
            {
                "passed": gate,
                "samples": [
                    {
                        "sample": "T",
                        "gate": {"passed": gate, "failures": [] if gate else [LOW]},
                    }
                ],
            },
        ),
    ):
        (folder / stage).mkdir(parents=True, exist_ok=True)
        (folder / stage / f"{patient}.json").write_text(json.dumps(value))
    (folder / "report").mkdir(exist_ok=True)
    (folder / "report" / f"{patient}.html").write_text("<p>")


def test_the_confidence_has_its_reason(tmp_path):
    """What the sentence says is not said twice."""
    reasons = ["but there is no matched normal", "but KRAS p.G12D was acquired"]
    results(tmp_path, confidence="moderate", reasons=reasons)
    first, *_ = verdicts(tmp_path, {"P1": True}, tmp_path)
    assert first.endswith("Confidence: moderate (there is no matched normal).")


def test_verdicts(tmp_path):
    results(tmp_path / "results", gate=False)
    assert verdicts(tmp_path / "results", {"P1": True, "P2": False}, tmp_path, 60) == [
        "P1: KRAS p.G12D was acquired. Confidence: high.",
        "  quality of T: mean_depth 87.38, required >= 250",
        "  results/report/P1.html",
        "P2: no report",
    ]


def test_what_was_not_assessed_has_no_confidence(tmp_path):
    results(tmp_path, confidence="low", kind="not_assessed")
    assert verdicts(tmp_path, {"P1": True}, tmp_path)[0] == "P1: KRAS p.G12D was acquired."


def test_a_swap_is_said(tmp_path):
    results(tmp_path / "results")
    swap = {
        "sample": "T", "metric": "discordance", "value": 1.0, "condition": "<= 0.05",
        "text": "sample 'T': discordance is 1, must be <= 0.05: it is not of this person: a swap",
    }  # fmt: skip
    folder = tmp_path / "results" / "copynumber"
    folder.mkdir()
    (folder / "P1.json").write_text(json.dumps({"gate": {"passed": False, "failures": [swap]}}))
    assert verdicts(tmp_path / "results", {"P1": True}, tmp_path)[1] == (
        "  quality of T: discordance 1, required <= 0.05 (it is not of this person: a swap)"
    )


def test_the_verdict_of_other_input_is_not_shown(tmp_path):
    results(tmp_path / "results")
    (line,) = verdicts(tmp_path / "results", {"P1": False}, tmp_path, 60)
    assert line == (
        "P1: no result: results/report/P1.html was made from other input than is given now; "
        "do not use it"
    )


def test_nothing_is_imported_from_the_working_folder(tmp_path, monkeypatch):
    """Neither by an empty part of PYTHONPATH, nor as the folder of `python -m`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{os.pathsep}.{os.pathsep}/somewhere")
    (tmp_path / "random.py").write_text("raise SystemExit('imported')\n")
    found = snakemake.environment(None)
    assert found["PYTHONPATH"] == "/somewhere"
    done = subprocess.run([sys.executable, "-c", "import random"], env=found, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["XDG_CACHE_HOME", "HOME"])
def test_a_home_that_cannot_be_made(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv(name, "/proc/none")  # where root, too, can make nothing
    assert snakemake.environment(None)["XDG_CACHE_HOME"] == str(tmp_path / ".snakemake/cache")


def test_a_home_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "XDG_CACHE_HOME" not in snakemake.environment(None)


def test_failures_show_the_end_of_their_log(tmp_path):
    log = tmp_path / "call.log"
    log.write_text("\n".join(f"line {n}" for n in range(20)) + "\n")
    assert failed([Failure("call", "P1", [str(log)])], tmp_path)[:2] == [
        "failed: call of P1; log: call.log",
        "  | line 14",
    ]
    log.write_text("trace\nresistpanel: error: x.bam: truncated\nmore\n" * 2)  # tried again
    assert tail(log) == ["resistpanel: error: x.bam: truncated"]
    assert tail(tmp_path / "none.log") == []


SNAKEFILE = """
rule all:
    default_target: True
    input: "slow.txt", "good.txt"
rule good:
    output: "good.txt"
    log: "good.log"
    shell: "touch {output}"
rule slow:
    output: "slow.txt"
    log: "slow.log"
    shell: "%s"
"""


def start(folder: Path, slow: str) -> subprocess.Popen:
    """Follow a small workflow in a process of its own."""
    (folder / "Snakefile").write_text(SNAKEFILE % slow)
    (folder / "config.yaml").write_text("{}\n")
    code = (
        "import sys; from pathlib import Path\n"
        "from resistpanel.run import snakemake as s\n"
        "from resistpanel.run.progress import Progress, Display\n"
        "s.HOME = Path.cwd()\n"
        "from resistpanel.core.lock import held\n"
        "words = s.command(Path('config.yaml'), '1', None, [], False)\n"
        "p = Progress()\n"
        "with held(None) as killed:\n"
        "    status = s.run_followed(words, p, Display())\n"
        "print('killed before:', killed)\n"
        "print([(f.rule, f.logs) for f in p.failures], p.done, p.total)\n"
        "sys.exit(status)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / ".cache")},
        # A shell that runs the tests in the background has them ignore interrupts, and this would
        # be inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.workflow
def test_a_failed_job_is_followed(tmp_path):
    child = start(tmp_path, "echo wrong > {log}; exit 1")
    out, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert out.splitlines()[-1] == "[('slow', ['slow.log'])] 1 2"
    # The other job was not stopped by the failure.
    assert (tmp_path / "good.txt").exists()
    assert re.search(r"^\[1/2\] good", err, re.M)


@pytest.mark.workflow
def test_interruption_ends_the_jobs_and_says_130(tmp_path):
    child = start(tmp_path, "echo $$ > pid; sleep 60; touch {output}")
    end = time.monotonic() + 40
    while not (tmp_path / "pid").exists() and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    try:
        child.communicate(timeout=40)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise
    assert child.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert not (tmp_path / "slow.txt").exists()


@pytest.mark.workflow
def test_a_killed_run_is_resumed_by_the_same_command(tmp_path):
    """Every process gets SIGKILL: Snakemake's lock stays, and the next run takes it off."""
    slow = "if [ -e pid ]; then touch {output}; else echo $$ > pid; sleep 60; fi"
    first = start(tmp_path, slow)
    end = time.monotonic() + 40
    while not (tmp_path / "pid").exists() and time.monotonic() < end:
        time.sleep(0.1)
    others = living(tmp_path)
    assert len(others) >= 1  # Snakemake, and the run as a script of another name
    for process in [first.pid, *others, int((tmp_path / "pid").read_text())]:
        os.kill(process, signal.SIGKILL)
    first.communicate()
    assert list((tmp_path / ".snakemake/locks").iterdir())
    out, err = start(tmp_path, slow).communicate(timeout=60)
    assert re.search(r"^killed before: True\n\[\] (\d) \1\n\Z", out, re.M), err
    assert (tmp_path / "slow.txt").exists()
    assert not (tmp_path / ".snakemake/resistpanel.json").exists()


def test_bad_input_ends_before_snakemake_starts(tmp_path, monkeypatch, capsys):
    from resistpanel.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("samples: samples.tsv\nreference: g.fa\n")
    monkeypatch.setattr(
        "resistpanel.run.snakemake.subprocess.Popen", lambda *a, **k: pytest.fail("started")
    )
    assert main(["run"]) == 2
    assert "no such sample sheet" in capsys.readouterr().err
