"""``results/identity/cohort.json``: samples of all patients compared by their genotypes."""

from typing import Literal

from resistpanel.records.base import Count, Record


class IdentityFinding(Record):
    """Samples that are not of the patient they are listed under."""

    kind: Literal["swap", "other_patient", "unknown_person", "same_person"]
    """swap: two samples are exchanged; other_patient: the sample is another patient's;
    unknown_person: the sample matches no patient; same_person: two patients are one person."""
    samples: tuple[tuple[str, str], ...]
    """[patient, sample]"""
    text: str


class Identity(Record):
    """Samples of all patients compared by their genotypes."""

    schema: Literal["resistpanel/identity/1"]
    patients: tuple[str, ...]
    samples: Count
    findings: tuple[IdentityFinding, ...]
    passed: bool
