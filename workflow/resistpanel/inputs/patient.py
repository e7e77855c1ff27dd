"""A patient's samples in the order of treatment, lines of therapy, pairs and drugs."""

from collections.abc import Callable, Sequence

from resistpanel.catalog.drugs import Drug
from resistpanel.compare.lesions import times
from resistpanel.inputs.lines import lines
from resistpanel.inputs.sheet import Row
from resistpanel.inputs.treatments import Treatment
from resistpanel.records import sheet as records
from resistpanel.records.base import UNSET
from resistpanel.records.sheet import Line, Pair, Sample, Sheet


def ordered(rows: list[Row]) -> list[Row]:
    """Return the normal, then the tumours by time, lesion and name."""
    tumors = [row for row in rows if row.tumor]
    time = times(tumors)
    normals = [row for row in rows if row.role == "normal"]
    return normals + sorted(
        tumors, key=lambda row: (time[row.sample], row.lesion or "", row.sample)
    )


def pairs(tumors: list[Row], lines: Sequence[Line]) -> list[tuple[Row, Row]]:
    """Return (earlier, later) for every tumour after the first dose.

    The earlier samples are those before the first dose of the first line that has one; without
    such a line they are those of the earliest time point. Of several of the later one's lesion
    it is the latest; where none is of that lesion, all of them are paired with the later one.

    Parameters
    ----------
    tumors : list of Row
        In order, see `ordered`.
    lines : sequence of Line
        See `resistpanel.inputs.lines.lines`.
    """
    time = times(tumors)
    earliest = min(time.values(), default=0.0)
    baseline = next((set(line.baseline) for line in lines if line.baseline), None)
    if baseline is None:
        baseline = {row.sample for row in tumors if time[row.sample] == earliest}
    first = [row for row in tumors if row.sample in baseline]
    found = []
    for later in (row for row in tumors if row.sample not in baseline):
        same = [row for row in first if later.lesion and row.lesion == later.lesion]
        found.extend((earlier, later) for earlier in (same[-1:] or first))
    return found


def drugs_between(
    earlier: Row, later: Row, tumors: list[Row], treatments: Sequence[Treatment] = ()
) -> list[str]:
    """Return what the patient had after `earlier` and up to `later`, as typed, in order.

    A drug is the patient's, not the lesion's: rows of every lesion count.
    """
    time = times(tumors)
    start, end = time[earlier.sample], time[later.sample]
    if treatments:
        return list(dict.fromkeys(one.drug for one in treatments if one.given(start, end)))
    return list(
        dict.fromkeys(
            drug for row in tumors if start < time[row.sample] <= end for drug in row.drugs
        )
    )


def describe(
    rows: list[Row],
    resolve: Callable[[str, Row], Drug],
    treatments: Sequence[Treatment] = (),
) -> Sheet:
    """Return a patient's ``sheet/{patient}.json``.

    Parameters
    ----------
    rows : list of Row
        The patient's rows, as `resistpanel.inputs.sheet.read_sheet` checked them.
    resolve : callable
        Gives the drug that a name in a row stands for.
    treatments : sequence of Treatment
        The patient's, where there is a table of them.

    Raises
    ------
    InputError
        From `resolve`, for an unknown drug.
    """
    rows = ordered(rows)
    tumors = [row for row in rows if row.tumor]
    given = {one.drug: resolve(one.drug, one) for one in treatments} or {
        name: resolve(name, row) for row in tumors for name in row.drugs
    }
    therapy = lines(tumors, treatments, lambda name: given[name].name)
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
                ng=UNSET if row.ng is None else row.ng,
            )
            for row in rows
        ),
        pairs=tuple(
            Pair(
                pre=earlier.sample,
                post=later.sample,
                drugs=tuple(
                    dict.fromkeys(
                        given[name].name
                        for name in drugs_between(earlier, later, tumors, treatments)
                    )
                ),
            )
            for earlier, later in pairs(tumors, therapy)
        ),
        lines=therapy,
        drugs=tuple(
            records.Drug(given=name, drug=drug.name, classes=drug.classes, targets=drug.targets)
            for name, drug in given.items()
        ),
        tumor_only=not any(row.role == "normal" for row in rows),
    )
