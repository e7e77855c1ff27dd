"""Samples that fail quality control, and what follows for a verdict that rests on them."""

from collections.abc import Iterable

from resistpanel.core.text import join
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.qc import Qc
from resistpanel.resist.alteration import SWAP, Alteration, Patient

#: What fails, a metric of copynumber's gate or any of qc's, and how it is said of samples: of one,
#: of several.
QUALITY = "quality"
_SAID = {
    SWAP: (
        "{} is not of the same person as the patient's other samples: a swap",
        "{} are not of the same person as the patient's other samples: a swap",
    ),
    "contamination": ("{} contains DNA of another person", "{} contain DNA of another person"),
    "sex_mismatch": (
        "the reads of {} show another sex than the sheet states",
        "the reads of {} show another sex than the sheet states",
    ),
    "tumor_in_normal": ("the normal, {}, contains tumour DNA", "{} contain tumour DNA"),
    "driver_in_normal": (
        "a driver is in the normal, {}, which may be exchanged with a tumour",
        "a driver is in {}, which may be exchanged with tumours",
    ),
    QUALITY: ("{} fails quality control", "{} fail quality control"),
}


def failures(qc: Qc | None, copynumber: CopyNumber | None) -> dict[str, frozenset[str]]:
    """Return what fails of each sample that does not pass the gates of qc and copynumber.

    Returns
    -------
    dict of str to frozenset of str
        By sample: metrics of copynumber's gate, and `QUALITY` for any of qc's.
    """
    found: dict[str, set[str]] = {}
    for one in copynumber.gate.failures if copynumber else ():
        found.setdefault(one.sample, set()).add(one.metric)
    for sample in qc.samples if qc else ():
        if not sample.gate.passed:
            found.setdefault(sample.sample, set()).add(QUALITY)
    return {name: frozenset(metrics) for name, metrics in found.items()}


def behind(patient: Patient, alteration: Alteration) -> list[str]:
    """Return the samples that a finding rests on.

    The normals, all tumours before the first dose, and the later ones that show the alteration.
    """
    tumours = {sample.name for sample in patient.tumours}
    before = patient.before()
    return [
        sample.name
        for sample in patient.samples
        if sample.name not in tumours or sample.name in before or alteration.detected(sample.name)
    ]


def behind_absence(patient: Patient) -> list[str]:
    """Return the samples that an absence rests on: the normals and the tumours after treatment."""
    tumours = {sample.name for sample in patient.tumours}
    after = patient.after()
    return [s.name for s in patient.samples if s.name not in tumours or s.name in after]


def lacks(patient: Patient, names: Iterable[str]) -> list[str]:
    """Return what the quality of samples takes from a verdict, one text per kind of failure."""
    names, texts = list(names), []
    for metric, (one, several) in _SAID.items():
        failing = [name for name in names if metric in patient.failures.get(name, ())]
        if failing:
            texts.append((one if len(failing) == 1 else several).format(join(failing)))
    return texts


def foreign(patient: Patient, names: Iterable[str]) -> list[str]:
    """Return those of samples that are of another person."""
    return [name for name in names if name in patient.foreign]


def swapped(patient: Patient, names: Iterable[str]) -> str:
    """Return the sentence on samples of another person; empty if there is none."""
    found = foreign(patient, names)
    if not found:
        return ""
    of = f"Sample {found[0]} is" if len(found) == 1 else f"Samples {join(found)} are"
    return f"{of} not of this patient: the result is not valid until the swap is resolved."
