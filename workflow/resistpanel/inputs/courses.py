"""Notes on patients whose samples and drugs, as given, leave the question open."""

from collections.abc import Iterator, Mapping, Sequence

from resistpanel.compare.lesions import times
from resistpanel.inputs.lines import lines
from resistpanel.inputs.patient import ordered
from resistpanel.inputs.reference import Gap
from resistpanel.inputs.sheet import Row, patients
from resistpanel.inputs.treatments import Treatment

#: What to do about drugs that are in no row, or in the wrong one.
CURE = "name the drugs in the row of the sample taken after them"


def note_courses(rows: list[Row], treatments: Mapping[str, Sequence[Treatment]]) -> Iterator[str]:
    """Yield notes on patients without a drug, without a sample after it, or without one before it.

    Parameters
    ----------
    rows : list of Row
        All of the sheet.
    treatments : mapping of str to sequence of Treatment
        By patient, where there is a table of them.
    """
    for patient, members in patients(rows).items():
        tumors = [row for row in ordered(members) if row.tumor]
        if not tumors:
            continue
        given = treatments.get(patient, ())
        if not given and not any(row.drugs for row in tumors):
            yield Gap(
                f"patient '{patient}' has no drug in the sheet: resistance is not assessed; {CURE}",
                f"resistance of {patient} is not assessed",
            )
        elif not given and (early := _all_before(tumors)):
            yield Gap(
                f"{early.place('drugs')}: these drugs were given before the first sample, "
                f"'{early.sample}': resistance is not assessed; {CURE}",
                f"resistance of {patient} is not assessed",
            )
        else:
            yield from _not_around(patient, tumors, given)


def _all_before(tumors: list[Row]) -> Row | None:
    """Return the first row with drugs if none was given between the patient's samples."""
    time = times(tumors)
    first = min(time.values())
    given = [row for row in tumors if row.drugs]
    if max(time.values()) == first or any(time[row.sample] > first for row in given):
        return None
    return given[0] if given else None


def _not_around(patient: str, tumors: list[Row], treatments: Sequence[Treatment]) -> Iterator[str]:
    """Yield a note if no sample was taken after a drug, or none before the first drugs.

    Not on earlier drugs of a sample that is called pre: it is the baseline of those after it.
    """
    therapy = [line for line in lines(tumors, treatments, str) if line.samples]
    if not therapy:
        yield Gap(
            f"{treatments[0].place('start')}: no sample of patient '{patient}' was taken after a "
            "drug: resistance is not assessed; correct the days",
            f"resistance of {patient} is not assessed",
        )
        return
    if therapy[0].baseline:
        return
    first = next(row for row in tumors if row.sample == therapy[0].samples[0])
    later = any(line.baseline for line in therapy)
    if later and first.timepoint == "pre":
        return
    drugs = ", ".join(therapy[0].drugs)
    text = (
        f"{first.where}: no sample of patient '{patient}' was taken before {drugs}: whether an "
        "alteration was there before cannot be determined; add the row of that sample if there "
        "is one"
    )
    yield text if later else Gap(text, f"no sample of {patient} before treatment")
