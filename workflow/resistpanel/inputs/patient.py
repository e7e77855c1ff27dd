"""A patient's samples in the order of treatment, the pairs to compare, and the drugs between."""

from collections.abc import Callable

from resistpanel.catalog.drugs import Drug
from resistpanel.inputs.sheet import Row
from resistpanel.records import sheet as records
from resistpanel.records.sheet import Pair, Sample, Sheet


def times(tumors: list[Row]) -> dict[str, float]:
    """Return when each tumour was taken, by sample; only the order has a meaning.

    Days where every tumour has one, else pre before post.
    """
    if all(row.day is not None for row in tumors):
        return {row.sample: float(row.day) for row in tumors}
    rank = {"pre": 0.0, "post": 1.0}
    return {row.sample: rank.get(row.timepoint or "pre", 0.0) for row in tumors}


def ordered(rows: list[Row]) -> list[Row]:
    """Return the normal, then the tumours by time, lesion and name."""
    tumors = [row for row in rows if row.role == "tumor"]
    time = times(tumors)
    normals = [row for row in rows if row.role == "normal"]
    return normals + sorted(
        tumors, key=lambda row: (time[row.sample], row.lesion or "", row.sample)
    )


def pairs(tumors: list[Row]) -> list[tuple[Row, Row]]:
    """Return (earlier, later) for every tumour after the earliest time point.

    The earlier sample is that of the same lesion; where none of the earliest is, all of them
    are paired with the later one.

    Parameters
    ----------
    tumors : list of Row
        In order, see `ordered`.
    """
    time = times(tumors)
    earliest = min(time.values(), default=0.0)
    first = [row for row in tumors if time[row.sample] == earliest]
    found = []
    for later in (row for row in tumors if time[row.sample] > earliest):
        same = [row for row in first if later.lesion and row.lesion == later.lesion]
        found.extend((earlier, later) for earlier in (same or first))
    return found


def drugs_between(earlier: Row, later: Row, tumors: list[Row]) -> list[str]:
    """Return what the patient had after `earlier` and up to `later`, as typed, in order.

    A drug is the patient's, not the lesion's: rows of every lesion count.
    """
    time = times(tumors)
    start, end = time[earlier.sample], time[later.sample]
    return list(
        dict.fromkeys(
            drug for row in tumors if start < time[row.sample] <= end for drug in row.drugs
        )
    )


def describe(rows: list[Row], resolve: Callable[[str, Row], Drug]) -> Sheet:
    """Return a patient's ``sheet/{patient}.json``.

    Parameters
    ----------
    rows : list of Row
        The patient's rows, as `resistpanel.inputs.sheet.read_sheet` checked them.
    resolve : callable
        Gives the drug that a name in a row stands for.

    Raises
    ------
    InputError
        From `resolve`, for an unknown drug.
    """
    rows = ordered(rows)
    tumors = [row for row in rows if row.role == "tumor"]
    given = {name: resolve(name, row) for row in tumors for name in row.drugs}
    first = {
        column: next((getattr(row, column) for row in rows if getattr(row, column)), None)
        for column in ("sex", "disease")
    }
    return Sheet(
        schema="resistpanel/sheet/1",
        patient=rows[0].patient,
        sex=first["sex"],
        disease=first["disease"],
        samples=tuple(
            Sample(
                sample=row.sample,
                role=row.role,
                timepoint=row.timepoint,
                day=row.day,
                lesion=row.lesion,
                drugs=tuple(row.drugs),
                bam=str(row.bam),
                purity=row.purity,
            )
            for row in rows
        ),
        pairs=tuple(
            Pair(
                pre=earlier.sample,
                post=later.sample,
                drugs=tuple(
                    dict.fromkeys(
                        given[name].name for name in drugs_between(earlier, later, tumors)
                    )
                ),
            )
            for earlier, later in pairs(tumors)
        ),
        drugs=tuple(
            records.Drug(given=name, drug=drug.name, classes=drug.classes, targets=drug.targets)
            for name, drug in given.items()
        ),
        tumor_only=not any(row.role == "normal" for row in rows),
    )
