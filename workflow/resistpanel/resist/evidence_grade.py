"""How strong the published evidence of a known alteration is, by three scales.

The catalogue's level; the tier of the guideline of AMP, ASCO and CAP (Li et al. 2017, J Mol Diagn
19:4); and the tier of ESCAT (Mateo et al. 2018, Ann Oncol 29:1895), which is defined for response
and used here for resistance alike.
"""

import re
from collections.abc import Sequence

from resistpanel.records.resist import EvidenceGrade
from resistpanel.resist.alteration import Patient
from resistpanel.resist.finding import Finding
from resistpanel.resist.function import one_copy_left
from resistpanel.resist.match import Match

#: What the source of a row says of approval or of a guideline.
_APPROVED = re.compile("product label|guideline", re.IGNORECASE)
#: ``3 of 26`` or ``8 patients`` in the size of an effect.
_COUNTED = re.compile(r"\b(\d+)(?: of \d+| patients| cases)\b")


def speaking(finding: Finding) -> list[Match]:
    """Return the matches of the closest level that say resistance, the strongest first."""
    kept = [m for m in finding.kept if m.row.direction == "resistance"]
    return [m for m in kept if m.level == kept[0].level]


def grade(finding: Finding) -> EvidenceGrade | None:
    """Return the grade of a known alteration's evidence, or of a candidate's: none at all."""
    if finding.effect == "candidate":
        return _made("III", None, "X", None, 0)
    if finding.effect != "known":
        return None
    found = speaking(finding)
    level, best = min(((_level(m), m) for m in found), key=lambda one: one[0])
    in_patients = [m.row for m in found if m.row.evidence_level in ("clinical", "case report")]
    papers = {paper for row in in_patients for paper in row.pmid or (row.source,)}
    return _made(
        "I" if level in "AB" else "II", level, _escat(level, best), _cases(found), len(papers)
    )


def _level(match: Match) -> str:
    """Return the level of AMP/ASCO/CAP: A and B are tier I, C and D tier II.

    A: named by a product label or a guideline for the patient's disease. B: series of patients
    with it. C: series of another disease, or of one that is not given. D: single patients,
    models, inference.
    """
    if match.row.evidence_level != "clinical":
        return "D"
    if match.disease is not True:
        return "C"
    return "A" if _APPROVED.search(match.row.source) else "B"


def _escat(level: str, match: Match) -> str | None:
    """Return the tier of ESCAT; None for single patients, for whom it has none.

    I: label or guideline; II: series of patients of this disease; III: of another disease; IV:
    preclinical; X: none.
    """
    if level != "D":
        return {"A": "I", "B": "II", "C": "III"}[level]
    return {"case report": None, "inferred": "X"}.get(match.row.evidence_level, "IV")


def _cases(found: Sequence[Match]) -> int | None:
    """Return the patients in whom it was reported; None if a series does not record them.

    The number in the size of the effect; of a case report without one, one for each publication.
    """
    total, seen = 0, set()
    for row in (match.row for match in found):
        if row.evidence_level not in ("clinical", "case report"):
            continue
        counted = _COUNTED.search(row.effect_size)
        papers = frozenset(row.pmid or (row.source,))
        if papers in seen:
            continue
        seen.add(papers)
        if counted:
            total += int(counted.group(1))
        elif row.evidence_level == "case report":
            total += len(papers)
        else:
            return None
    return total


def _made(
    tier: str, level: str | None, escat: str | None, cases: int | None, papers: int
) -> EvidenceGrade:
    amp = f"tier {tier}{f', level {level}' if level else ''}"
    number = "number not recorded" if cases is None else cases or "none"
    patients = f"patients: {number}"
    if papers:
        patients += f" ({papers} publication{'s' * (papers != 1)})"
    text = f"AMP/ASCO/CAP {amp}; ESCAT {f'tier {escat}' if escat else 'none'}; {patients}"
    return EvidenceGrade(
        amp_tier=tier, amp_level=level, escat=escat, cases=cases, publications=papers, text=text
    )


def lacks(finding: Finding, patient: Patient) -> list[str]:
    """Return what the evidence and the alteration lack for high confidence, one text each."""
    found = speaking(finding)
    missing = []
    given = grade(finding)
    levels = {m.row.evidence_level for m in found}
    if "clinical" not in levels and "case report" in levels and given.cases == 1:
        missing.append("the evidence from patients is one case report")
    if any(m.row.alteration_type == "loss_of_function" for m in found) and (
        left := one_copy_left(finding.alteration, patient)
    ):
        missing.append(left)
    return missing
