"""In which lesions an allele was found: truncal, shared or private."""

from collections.abc import Container, Iterable, Mapping, Sequence

from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.records.compare import LesionsOfVariant
from resistpanel.records.sheet import Sample


def course_samples(samples: Iterable[Sample]) -> dict[str, list[str]]:
    """Return the samples of each lesion, and those of plasma, in the order of the sheet."""
    samples = list(samples)
    plasma = [sample.sample for sample in samples if sample.role == "plasma"]
    found = lesion_samples(sample for sample in samples if sample.role == "tumor")
    return found | ({"plasma": plasma} if plasma else {})


def times(samples: Iterable[Sample]) -> dict[str, float]:
    """Return when each tumour or plasma sample was taken, by sample; only the order has a meaning.

    Days where every one has a day, else pre before post: samples of one day, or without days of
    one time point, have no order.
    """
    tumors = [sample for sample in samples if sample.role in TUMOR_ROLES]
    if all(one.day is not None for one in tumors):
        return {one.sample: float(one.day) for one in tumors}
    rank = {"pre": 0.0, "post": 1.0}
    return {one.sample: rank.get(one.timepoint or "pre", 0.0) for one in tumors}


def lesion_samples(samples: Iterable[Sample]) -> dict[str, list[str]]:
    """Return the tumour samples of each lesion, in the order of the sheet.

    Parameters
    ----------
    samples : iterable of Sample
        A tumour without a lesion's name is a lesion by itself,
        named by the sample, where others have names; where none has, all are one lesion.
        Plasma is of all lesions, and is none; where there is nothing else, it is taken as one.
    """
    samples = list(samples)
    tumors = [sample for sample in samples if sample.role == "tumor"]
    if not tumors:
        tumors = [sample for sample in samples if sample.tumor]
    if not any(sample.lesion for sample in tumors):
        return {"tumour": [sample.sample for sample in tumors]} if tumors else {}
    found: dict[str, list[str]] = {}
    for sample in tumors:
        found.setdefault(sample.lesion or sample.sample, []).append(sample.sample)
    return found


def distribution(
    lesions: Mapping[str, Sequence[str]],
    detected: Mapping[str, bool | None],
    inadequate: Container[str] = (),
) -> LesionsOfVariant:
    """Return in which lesions an allele is.

    Parameters
    ----------
    lesions : dict of str to list of str
        Samples by lesion.
    detected : dict of str to (bool or None)
        By sample; None where not assessable.
    inadequate : container of str
        Samples that could not have shown the allele: that it was not detected there says nothing,
        if it was detected elsewhere.

    Returns
    -------
    LesionsOfVariant
        ``kind``: truncal (in every lesion), shared (in several), private (in one), absent, or
        None where there is one lesion alone or a lesion that could not be assessed leaves it
        open.
    """
    groups: dict[str, list[str]] = {"detected": [], "not_detected": [], "unknown": []}
    there = any(detected.get(sample) for samples in lesions.values() for sample in samples)
    for lesion, samples in lesions.items():
        seen = [
            None
            if there and sample in inadequate and not detected.get(sample)
            else detected.get(sample)
            for sample in samples
        ]
        if any(seen):
            groups["detected"].append(lesion)
        elif None in seen:
            groups["unknown"].append(lesion)
        else:
            groups["not_detected"].append(lesion)
    names = {group: tuple(found) for group, found in groups.items()}
    return LesionsOfVariant(kind=_kind(groups, len(lesions)), **names)


def _kind(groups: dict[str, list[str]], lesions: int) -> str | None:
    found, missing, unknown = (
        len(groups[name]) for name in ("detected", "not_detected", "unknown")
    )
    if lesions < 2:
        return None
    if found == lesions:
        return "truncal"
    if not unknown:
        return "absent" if found == 0 else "private" if found == 1 else "shared"
    # What is open may make it truncal or shared; shared is certain once two have it, one not.
    return "shared" if found > 1 and missing else None
