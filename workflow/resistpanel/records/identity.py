"""``results/identity/cohort.json``: samples of all patients compared by their genotypes."""

from typing import Literal

from resistpanel.records.base import Copies, Count, Record


class IdentityFinding(Record):
    """Samples that are not of the patient they are listed under."""

    kind: Literal["swap", "other_patient", "unknown_person", "same_person"]
    """swap: two samples are exchanged; other_patient: the sample is another patient's;
    unknown_person: the sample matches no patient; same_person: two patients are one person."""
    samples: tuple[tuple[str, str], ...]
    """[patient, sample]"""
    text: str


class Pairs(Record):
    """Pairs of samples, and how many of them could be compared."""

    pairs: Count
    judged: Count
    """share enough informative sites to be said to be of one person, or of two"""


class Identity(Record):
    """Samples of all patients compared by their genotypes."""

    schema: Literal["resistpanel/identity/1"]
    patients: tuple[str, ...]
    samples: Count
    least_sites: Copies
    """informative sites from which two samples are said to be of one person"""
    within: Pairs
    """of two samples of one patient"""
    between: Pairs
    """of samples of different patients"""
    untested: tuple[tuple[str, str], ...]
    """[patient, sample] of the samples that could be compared with no other"""
    findings: tuple[IdentityFinding, ...]
    passed: bool | None
    """no finding; null: no pair of samples could be compared"""
