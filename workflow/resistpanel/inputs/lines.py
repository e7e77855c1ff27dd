"""Lines of therapy: the drugs given, the samples before the first dose and those after it."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from resistpanel.compare.lesions import times
from resistpanel.inputs.sheet import Row
from resistpanel.inputs.treatments import Treatment
from resistpanel.records.sheet import Line


def lines(
    tumors: Sequence[Row],
    treatments: Sequence[Treatment],
    name: Callable[[str], str],
) -> tuple[Line, ...]:
    """Return a patient's lines of therapy.

    Parameters
    ----------
    tumors : sequence of Row
        Tumour and plasma samples, in order of time.
    treatments : sequence of Treatment
        In order of the start; empty: the column ``drugs`` of the rows decides.
    name : callable
        Gives the canonical name of a drug as typed.

    Notes
    -----
    A sample of the day of the first dose was taken before it. By the rows, a line is the run of
    time points with the same drugs, its first dose just after the time point before.
    """
    if treatments:
        return _numbered(_of_treatments(tumors, treatments, name))
    return _numbered(_of_rows(tumors, name))


@dataclasses.dataclass
class _Open:
    """A line that is being put together."""

    drugs: tuple[str, ...]
    baseline: list[str]
    samples: list[str]
    start: float | None = None
    stop: float | None = None


def _numbered(found: Sequence[_Open]) -> tuple[Line, ...]:
    return tuple(
        Line(
            number=number,
            drugs=one.drugs,
            start=one.start,
            stop=one.stop,
            baseline=tuple(one.baseline),
            samples=tuple(one.samples),
        )
        for number, one in enumerate(found, 1)
    )


def _of_rows(tumors: Sequence[Row], name: Callable[[str], str]) -> list[_Open]:
    time = times(tumors)
    found: list[_Open] = []
    running: set[str] | None = None
    before: list[str] = []
    points: dict[float, list[Row]] = {}
    for row in tumors:
        points.setdefault(time[row.sample], []).append(row)
    for _, rows in sorted(points.items()):
        here = [row.sample for row in rows]
        drugs = tuple(dict.fromkeys(name(drug) for row in rows for drug in row.drugs))
        if drugs and set(drugs) != running:
            found.append(_Open(drugs, list(before), here))
        elif found:
            found[-1].samples += here
        # A sample called pre comes before a line even if the same drugs were given before it.
        pre = any(row.timepoint == "pre" for row in rows)
        running = None if pre or not drugs else set(drugs)
        before += here
    first = next(iter(sorted(points.items())), (None, []))[1]
    if not found and len(points) > 1:
        earliest = [row.sample for row in first]
        found.append(_Open((), earliest, [name for name in before if name not in earliest]))
    return found


def _of_treatments(
    tumors: Sequence[Row], treatments: Sequence[Treatment], name: Callable[[str], str]
) -> list[_Open]:
    time = times(tumors)
    found: list[_Open] = []
    for i, one in enumerate(treatments):
        last = found[-1] if found else None
        drugs = tuple(
            dict.fromkeys(
                name(other.drug)
                for other in treatments[: i + 1]
                if other is one or other.stop is None or other.stop > one.start
            )
        )
        if last is not None and _continues(last, one.start, drugs, time.values()):
            last.drugs = tuple(dict.fromkeys((*last.drugs, *drugs)))
            last.stop = None if None in (last.stop, one.stop) else max(last.stop, one.stop)
            continue
        found.append(_Open(drugs, [], [], one.start, one.stop))
    starts = [line.start for line in found]
    for line, following in zip(found, [*starts[1:], None], strict=False):
        line.baseline = [row.sample for row in tumors if time[row.sample] <= line.start]
        line.samples = [
            row.sample
            for row in tumors
            if time[row.sample] > line.start
            and (following is None or time[row.sample] <= following)
        ]
    return found


def _continues(last: _Open, start: float, drugs: Sequence[str], days: Iterable[float]) -> bool:
    """Return whether a first dose belongs to the line before it.

    The same drugs without a pause, or a further drug beside those still given, with no sample
    between the two first doses that would be before one and after the other.
    """
    if set(drugs) == set(last.drugs):
        return last.stop is None or start <= last.stop
    between = any(last.start < day <= start for day in days)
    return not between and (last.stop is None or start < last.stop)
