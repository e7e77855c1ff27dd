"""Starts Snakemake, follows its events, and passes signals on."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path

from resistpanel.core.files import HOME
from resistpanel.core.lease import inherited
from resistpanel.inputs.plan import absolute_paths
from resistpanel.run.progress import Display, Progress

#: Environment variable with the file descriptor to which the logger plugin writes events.
DESCRIPTOR = "RESISTPANEL_EVENTS"
#: Options of Snakemake that print something themselves: then there is no progress to show.
PRINTING = [
    "-n",
    "--dry-run",
    "--dryrun",
    "--dag",
    "--rulegraph",
    "--filegraph",
    "--d3dag",
    "--summary",
    "-S",
    "--detailed-summary",
    "-D",
    "--list",
    "-l",
    "--list-target-rules",
    "--lt",
    "--list-rules",
    "--lint",
    "--unlock",
    "--report",
    "--archive",
    "--version",
    "-v",
    "--help",
    "-h",
    "--print-compilation",
    "--list-changes",
    "--lc",
    "--cleanup-metadata",
    "--cm",
    "--delete-all-output",
    "--delete-temp-output",
    "--containerize",
    "--export-cwl",
    "--generate-unit-tests",
    "--gui",
]
#: The workflow's own last line, which the summary says better.
SAID_BY_US = "Reports: "
#: Seconds between two looks at the clock.
TICK = 1.0


def prints_itself(extra: list[str]) -> bool:
    """Return whether Snakemake is asked for something else than a run."""
    return any(word.split("=")[0] in PRINTING for word in extra)


def command(
    config: Path, cores: str | None, profile: str | None, extra: list[str], plain: bool
) -> list[str]:
    """Return Snakemake's command line."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(HOME / "Snakefile")]
    words += ["--configfile", str(config)]
    if profile:
        shipped = HOME / "workflow" / "profiles" / profile
        words += ["--workflow-profile", str(shipped if shipped.is_dir() else profile)]
    else:
        words += ["--workflow-profile", "none", "--cores", cores or str(usable_cores())]
    if profile and cores:
        words += ["--cores", cores]
    words += ["--show-failed-logs"] if plain else ["--logger", "resistpanel"]
    # Last, options without a value: --logger would take targets that follow it for loggers.
    return [*words, "--rerun-incomplete", "--keep-going", *extra]


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def environment(descriptor: int | None) -> dict[str, str]:
    """Return the environment: jobs find this installation, Snakemake the plugin."""
    found = dict(os.environ)
    bin_folder = str(Path(sys.executable).parent)
    found["PATH"] = os.pathsep.join([bin_folder, found.get("PATH", "")])
    # A random.py in the study's folder is not to be imported by Snakemake or its jobs.
    found["PYTHONSAFEPATH"] = "1"
    path = absolute_paths(found.get("PYTHONPATH", ""))
    if path:
        found["PYTHONPATH"] = os.pathsep.join(path)
    else:
        found.pop("PYTHONPATH", None)
    if descriptor is not None:
        found[DESCRIPTOR] = str(descriptor)
    if not can_make(Path(found.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())):
        # Snakemake keeps its sources there; a service account may have no home.
        found["XDG_CACHE_HOME"] = str(Path(".snakemake/cache").absolute())
    return found


def can_make(folder: Path) -> bool:
    """Return whether a folder can be written to; it is made, as Snakemake would.

    Permissions do not say: root may write anywhere, and yet make nothing in /proc.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False


@contextlib.contextmanager
def _signals_to(child: subprocess.Popen, received: list[int]):
    """Pass signals on to the child and its jobs, once each, and remember them."""

    def forward(number, frame):
        received.append(number)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_plain(words: list[str]) -> int:
    """Run Snakemake with its own output; return the exit status."""
    received: list[int] = []
    child = subprocess.Popen(
        words, env=environment(None), start_new_session=True, pass_fds=inherited()
    )
    with _signals_to(child, received):
        status = child.wait()
    return 128 + received[0] if received else status


def run_followed(words: list[str], progress: Progress, display: Display) -> int:
    """Run Snakemake and show its progress; return the exit status (130 if interrupted)."""
    received: list[int] = []
    reading, writing = os.pipe()
    child = subprocess.Popen(
        words,
        env=environment(writing),
        pass_fds=[writing, *inherited()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    os.close(writing)
    with _signals_to(child, received), os.fdopen(reading, "rb", buffering=0) as events:
        _follow(child, events, progress, display, received)
        status = child.wait()
    display.clear()
    return 128 + received[0] if received else status


def _follow(
    child: subprocess.Popen, events, progress: Progress, display: Display, received: list[int]
) -> None:
    """Read events and output until both ends are closed; print none of it after a signal."""
    rest = {events: b"", child.stdout: b""}
    with selectors.DefaultSelector() as selector:
        for stream in rest:
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ)
        while rest:
            if not received:
                display.show(progress.line())
            for key, _ in selector.select(timeout=TICK):
                stream = key.fileobj
                piece = os.read(stream.fileno(), 1 << 16)
                if not piece:
                    selector.unregister(stream)
                    piece = b"\n" if rest[stream] else b""
                lines = (rest[stream] + piece).split(b"\n")
                rest[stream] = lines.pop()
                for line in lines:
                    text = line.decode(errors="replace")
                    if received:
                        continue
                    if stream is events:
                        _event(text, progress, display)
                    elif text.strip() and not text.startswith(SAID_BY_US):
                        display.print(text)
                if stream not in [k.fileobj for k in selector.get_map().values()]:
                    rest.pop(stream)
            if child.poll() is not None and child.stdout not in rest:
                # A job that outlives Snakemake may hold the events' end open.
                rest.pop(events, None)


def _event(text: str, progress: Progress, display: Display) -> None:
    try:
        event = json.loads(text)
    except ValueError:
        return
    finished = progress.update(event)
    if finished and not display.live:
        display.print(f"[{progress.done}/{progress.total}] {finished}")
    if event.get("level") == "error" and event.get("event") == "error" and event.get("message"):
        display.print(f"snakemake: {event['message'].strip()}")
