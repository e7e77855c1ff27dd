"""How sure a finding is: three numbers, and the word that follows from them.

1. The probability that the allele is real, as the calls state it.
2. The probability that before treatment it was in less than 1 % and 5 % of the tumour cells.
3. The tier of the evidence, and the matches of that tier that are expected by chance.

The probability that a finding is right is their product, the third as k / (k + E): with k
mechanisms expected that match like it, and E chance matches, that is the fraction of such matches
that are mechanisms. The word is derived from the numbers and the limits of the finding in `word`.
"""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from resistpanel.catalog.table import IN_PATIENTS
from resistpanel.core.text import join, percent, probability, rounded
from resistpanel.records.resist import Confidence, Driver
from resistpanel.resist.alteration import Patient
from resistpanel.resist.chance import Chance, CodingPanel
from resistpanel.resist.context import Context
from resistpanel.resist.finding import Finding
from resistpanel.resist.match import EXPRESSION, PATHWAY, Match
from resistpanel.resist.mechanism import ON_TARGET
from resistpanel.resist.resist_constants import EVEN, LIKELY, MECHANISM_PRIOR, UNCATALOGUED


def weaknesses(kept: Sequence[Match]) -> list[str]:
    """Return what the evidence lacks, one text each."""
    speaking = [match for match in kept if match.row.direction == "resistance"]
    closest = speaking[0]
    lacks = []
    if closest.inferred:
        lacks.append("the catalogue lists another change of this residue, not this one")
    elif closest.level in {"codon", "range"}:
        lacks.append(f"the catalogue lists {closest.place}, not this change by itself")
    if apart := [one.label for one in closest.partners if not one.in_cis]:
        lacks.append(f"whether {join(apart)} is on the same molecule is not known")
    if closest.level == PATHWAY:
        lacks.append(
            f"the evidence is for {closest.of_whom} and extended to {closest.drug.name}"
            if closest.drug_match in ("other", "target")
            else f"the evidence is for {closest.of_what}"
        )
    if closest.row.alteration_type in EXPRESSION:
        lacks.append("the evidence is of the expression, not of copies of the gene")
    if all(m.drug_match == "class" and m.row.drugs for m in speaking if m.level == closest.level):
        lacks.append(f"the evidence is for other drugs of the class of {closest.drug.name}")
    if not any(m.row.evidence_level in IN_PATIENTS for m in speaking):
        lacks.append(f"the evidence is not from patients ({closest.row.evidence_level})")
    if all(m.disease is False for m in speaking):
        lacks.append("the evidence is from other diseases")
    against = [m for m in kept if m.row.direction != "resistance"]
    if against:
        lacks.append(f"other catalogue rows contradict it ({join(m.row.id for m in against)})")
    return lacks


def tier_of(kept: Sequence[Match]) -> int:
    """Return the tier of evidence of matches that say resistance: 1 to 3."""
    return min(1 + len(weaknesses(kept)), UNCATALOGUED - 1)


class Judge:
    """Gives the confidence of a patient's findings.

    Parameters
    ----------
    patient : Patient
    context : Context
    findings : sequence of Finding
        All of them.
    panel : CodingPanel or None
        Without it chance matches are not known.
    genes : sequence of str
        Genes whose copy number was examined.
    """

    def __init__(
        self,
        patient: Patient,
        context: Context,
        findings: Sequence[Finding],
        panel: CodingPanel | None,
        genes: Sequence[str],
    ):
        self.new = [f.alteration for f in findings if f.gained or f.open]
        self.genes = genes
        self.chance = Chance(panel, patient, context, tier_of) if panel else None

    def confidence(self, finding: Finding) -> Confidence:
        """Return the three numbers of a known alteration or a candidate."""
        one = finding.alteration
        tier = tier_of(finding.kept) if finding.effect == "known" else UNCATALOGUED
        line = one.line
        new, chance = self._chance(finding, tier)
        expected = None if chance is None else self._mechanisms(finding)
        below = line.ccf_below_5 if line else None
        numbers = Confidence(
            real=one.real,
            ccf_below_1=line.ccf_below_1 if line else None,
            ccf_below_5=below,
            tier=tier,
            chance_matches=None if chance is None else float(f"{chance:.4g}"),
            new_variants=new,
            probability=_probability(one.real, below, _no_chance(chance, expected), one.state),
            text="",
            expected_mechanisms=UNSET if expected is None else float(f"{expected:.4g}"),
        )
        text = _text(numbers)
        if finding.damaged:
            text += "; damage of the DNA is not part of these probabilities"
        return msgspec.structs.replace(numbers, text=text)

    def _mechanisms(self, finding: Finding) -> float:
        """Return how many mechanisms that match like a finding are expected."""
        if finding.alteration.copy_number or self.chance is None:
            return MECHANISM_PRIOR
        return self.chance.mechanisms(finding.kept)

    def _chance(self, finding: Finding, tier: int) -> tuple[int, float | None]:
        """Return the number of new variants, and how many chance matches they give."""
        call = finding.alteration.copy_number
        new = [one for one in self.new if one.copy_number == call]
        if self.chance is None or tier == UNCATALOGUED:
            return len(new), None
        if not call:
            return len(new), self.chance.expected(new, finding.alteration)
        grade = self.chance.grade(finding.alteration)
        if grade is None:
            return len(new), None
        return len(new), self.chance.expected_copies(len(new), call, self.genes, grade)


def _probability(
    real: float | None, below: float | None, no_chance: float | None, state: str | None
) -> float | None:
    """Return the probability that a finding is right; None where a number is not known."""
    if real is None or no_chance is None:
        return None
    found = real * no_chance
    if state == "acquired":
        if below is None:
            return None
        found *= below
    return rounded(found)


def _no_chance(chance: float | None, mechanisms: float | UnsetType | None) -> float | None:
    """Return the fraction of matches that are mechanisms; None where one is not known."""
    if chance is None or mechanisms is None or mechanisms is UNSET:
        return None
    return mechanisms / (mechanisms + chance)


def limits(finding: Finding, numbers: Confidence, driver: Driver, tumor_only: bool) -> list[str]:
    """Return what keeps the confidence of a known alteration from being high."""
    one = finding.alteration
    lacks = weaknesses(finding.kept)
    if numbers.real is not None and numbers.real < LIKELY:
        lacks.append(f"the allele is real with a probability of only {percent(numbers.real)}")
    before = one.before
    below = numbers.ccf_below_5
    if one.state is None:
        lacks.append("without a sample before treatment it is not known whether it increased")
    if one.state == "emergent" and before != "present":
        lacks.append("it may have been present before treatment")
    elif one.state == "acquired" and below is not None and below < LIKELY:
        lacks.append(
            "it may have been present before treatment: in less than 5 % of the tumour cells with "
            f"a probability of only {percent(below)}"
        )
    if finding.open and before == "present":
        lacks.append("whether it increased under treatment could not be determined")
    elif finding.open:
        lacks.append("whether it was present before treatment could not be determined")
    if apart := _driver_elsewhere(finding, driver):
        lacks.append(apart)
    if _by_chance(numbers):
        lacks.append(
            f"{_amount(numbers.chance_matches)} such matches are expected by chance among "
            f"{numbers.new_variants} new variants"
        )
    if one.status == "gone":
        lacks.append("it is no longer detected")
    if any("of the tumour cells after treatment" in text for text in finding.contra):
        lacks.append("it is in a small fraction of the tumour cells")
    if finding.blood:
        lacks.append("it may be of blood cells instead of the tumour")
    if finding.damaged:
        lacks.append(finding.damaged)
    if driver.state in {"lost", "absent"}:
        lacks.append(f"the sensitising driver is {driver.state}: {driver.text}")
    if tumor_only:
        # What relapse brought was not inherited.
        origin = finding.alteration.origin
        somatic = one.state == "acquired" or (origin is not None and origin.value == "somatic")
        lacks.append(f"there is no matched normal{'' if somatic else ': it may be germline'}")
    return lacks


def _driver_elsewhere(finding: Finding, driver: Driver) -> str | None:
    """Return that a mutated target is not the one for which the drug is given, or None.

    Dasatinib inhibits KIT and ABL1. A mutation of ABL1 protects ABL1 alone, on which a tumour with
    a KIT mutation does not depend.
    """
    mechanism, gene = finding.mechanism, finding.alteration.gene
    if mechanism is None or mechanism.kind not in ON_TARGET or driver.gene in (None, gene):
        return None
    targets = mechanism.drug.targets
    if driver.gene not in targets or gene not in targets or driver.state == "absent":
        return None
    return (
        f"the tumour has a driver in {driver.gene}: it is not known whether it depends on {gene}, "
        f"another target of {mechanism.drug.name}"
    )


def _by_chance(numbers: Confidence) -> bool:
    """Whether chance matches alone keep a finding below `LIKELY`."""
    found = _no_chance(numbers.chance_matches, numbers.expected_mechanisms)
    return found is not None and found < LIKELY


def word(finding: Finding, numbers: Confidence, lacks: Sequence[str]) -> str:
    """Return the confidence of a known alteration in a word.

    high: no limit, and a probability of `LIKELY` or more where it is known; moderate: one limit, or
    a lower probability; low: several limits, a probability below `EVEN`, or an alteration that was
    there before at the same fraction, which explains no relapse, or one of which all evidence may
    be damage.
    """
    probability = 1.0 if numbers.probability is None else numbers.probability
    came = finding.gained or finding.open
    if len(lacks) > 1 or probability < EVEN or not came or finding.only_damaged:
        return "low"
    return "moderate" if lacks or probability < LIKELY else "high"


def _text(numbers: Confidence) -> str:
    """Return the numbers in words, those that are known."""
    parts = []
    if numbers.real is not None:
        parts.append(f"probability that the allele is real: {probability(numbers.real)}")
    if numbers.ccf_below_1 is not None and numbers.ccf_below_5 is not None:
        first = "that" if parts else "probability that"
        parts.append(
            f"{first} it was in less than 1 % of the tumour cells before treatment: "
            f"{probability(numbers.ccf_below_1)}, in less than 5 %: "
            f"{probability(numbers.ccf_below_5)}"
        )
    parts.append(f"tier of evidence: {numbers.tier} of {UNCATALOGUED}")
    if numbers.chance_matches is not None:
        several = "s" * (numbers.new_variants != 1)
        parts.append(
            f"chance matches expected among {numbers.new_variants} new "
            f"variant{several}: {_amount(numbers.chance_matches)}"
        )
    return "; ".join(parts)


def _amount(number: float) -> str:
    """Return an expected number with two digits, ``0.0031``; below 0.0001 that bound."""
    return "below 0.0001" if number < 1e-4 else f"{number:.2g}"
