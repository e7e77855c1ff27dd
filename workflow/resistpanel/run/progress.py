"""How far a run is, and how long it may still take."""

import dataclasses
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TextIO

#: Seconds that a job of each rule took for the demo patient (three samples, 54 kb, two busy cores).
#: Only their proportions matter: the run's own jobs set the scale.
WEIGHTS = {
    "simulate": 86.0,
    "panel": 1.0,
    "sheet": 2.0,
    "catalog": 2.0,
    "qc": 14.0,
    "call": 40.0,
    "call_shard": 20.0,
    "annotate": 2.0,
    "copynumber": 7.0,
    "identity": 2.0,
    "compare": 8.0,
    "resist": 1.0,
    "report": 15.0,
    "cohort": 4.0,
}
#: Rules that only ask for others, and are no steps.
TARGETS = ("all",)
#: Of a rule that is not listed.
USUAL = 2.0


@dataclasses.dataclass
class Failure:
    """A job that failed: its rule, what of (the patient), its logs."""

    rule: str
    of: str
    logs: list[str]


@dataclasses.dataclass
class _Job:
    rule: str
    of: str
    logs: list[str]
    started: float


class Progress:
    """The state of a run, from its events.

    Parameters
    ----------
    clock : callable
        Gives the time in seconds.

    Attributes
    ----------
    done, total : int
        Steps; `total` is 0 as long as it is not known.
    failures : list of Failure
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.begun = clock()
        self.done = self.total = self._targets = 0
        self.failures: list[Failure] = []
        self._jobs: dict[int, _Job] = {}
        self._left: Counter[str] = Counter()
        self._spent: dict[str, list[float]] = {}

    def update(self, event: Mapping[str, Any]) -> str | None:
        """Take an event; return a line that says which step has finished, if one has."""
        kind = event.get("event")
        if kind == "run_info":
            stats = dict(event["stats"] or {})
            total = int(stats.pop("total", 0) or sum(stats.values()))
            self._targets = sum(int(stats.pop(rule, 0)) for rule in TARGETS)
            self.total = total - self._targets
            self._left = Counter({rule: int(number) for rule, number in stats.items()})
        elif kind == "job_info":
            of = "; ".join(str(value) for value in (event.get("wildcards") or {}).values())
            job = _Job(event["rule_name"], of, list(event.get("log") or []), self.clock())
            self._jobs[event["jobid"]] = job
        elif kind == "job_finished":
            return self._finish(event["job_id"])
        elif kind == "job_error":
            self._fail(event)
        elif kind == "group_error":
            for info in event.get("job_error_info") or []:
                self._fail(info)
        elif kind == "progress":
            self.total = int(event["total"]) - self._targets
            self.done = min(int(event["done"]), self.total)
        return None

    def _finish(self, number: int) -> str | None:
        job = self._jobs.pop(number, None)
        if job is None or job.rule in TARGETS:
            return None
        self.done += 1
        self._left[job.rule] -= 1
        spent = self.clock() - job.started
        self._spent.setdefault(job.rule, []).append(spent)
        return f"{job.rule}{f' {job.of}' if job.of else ''} ({duration(spent)})"

    def _fail(self, event: Mapping[str, Any]) -> None:
        job = self._jobs.pop(event.get("jobid"), None)
        logs = [str(log) for log in event.get("log") or []]
        rule = event.get("rule_name") or (job.rule if job else "?")
        self.failures.append(
            Failure(rule, job.of if job else "", logs or (job.logs if job else []))
        )

    def remaining(self) -> float | None:
        """Return the seconds that may be left; None as long as nothing of weight has finished."""
        finished = sum(WEIGHTS.get(rule, USUAL) * len(spent) for rule, spent in self._spent.items())
        took = sum(sum(spent) for spent in self._spent.values())
        wall = self.clock() - self.begun
        if finished < 2 or took <= 0 or wall <= 0:
            return None
        scale = took / finished
        mean = {rule: sum(spent) / len(spent) for rule, spent in self._spent.items()}
        expect = {
            rule: mean.get(rule, WEIGHTS.get(rule, USUAL) * scale)
            for rule in [*self._left, *(job.rule for job in self._jobs.values())]
        }
        left = sum(expect[rule] * max(0, number) for rule, number in self._left.items())
        now = self.clock()
        under_way = [(expect[job.rule], now - job.started) for job in self._jobs.values()]
        left -= sum(min(pair) for pair in under_way)
        # As many jobs side by side as there have been.
        side_by_side = max(1.0, (took + sum(spent for _, spent in under_way)) / wall)
        return max(0.0, left / side_by_side)

    def line(self) -> str:
        """Return the state in one line."""
        if not self.total:
            return "reading the sheet and the BAMs' headers"
        running = [
            f"{job.rule} {job.of}".strip() for job in self._jobs.values() if job.rule not in TARGETS
        ]
        parts = [f"{self.done} of {self.total} steps"]
        left = self.remaining()
        if self.done < self.total:
            parts.append(
                f"about {duration(left)} left" if left is not None else "time left unknown"
            )
        if self.failures:
            parts.append(f"{len(self.failures)} failed")
        if running:
            parts.append(", ".join(running))
        return "; ".join(parts)


def duration(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> duration(7.4), duration(200), duration(4000)
    ('7 s', '3 min', '1 h 7 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 3570:
        return f"{seconds / 60:.0f} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"


class Display:
    """One line at the bottom of a terminal; plain lines where there is none."""

    def __init__(self, stream: TextIO = sys.stderr):
        self.stream = stream
        self.live = stream.isatty()
        self._shown = 0

    def show(self, text: str) -> None:
        """Replace the line at the bottom; nothing where there is no terminal."""
        if not self.live:
            return
        width = shutil.get_terminal_size().columns - 1
        text = text if len(text) <= width else text[: max(0, width - 1)] + "…"
        self.stream.write("\r" + text + " " * max(0, self._shown - len(text)))
        self.stream.flush()
        self._shown = len(text)

    def clear(self) -> None:
        """Remove the line at the bottom."""
        if self.live and self._shown:
            self.stream.write("\r" + " " * self._shown + "\r")
            self.stream.flush()
            self._shown = 0

    def print(self, text: str) -> None:
        """Print a line above the one at the bottom."""
        self.clear()
        print(text, file=self.stream, flush=True)
