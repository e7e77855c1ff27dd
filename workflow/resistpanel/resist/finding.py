"""One finding per alteration: its effect, the reasons for and against, its rank."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from resistpanel.catalog.drivers import Driver
from resistpanel.catalog.table import Catalog
from resistpanel.core.text import counted, join, percent_up, plural
from resistpanel.core.vocabulary import GAINED, OPEN, STATES
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.analogy import Analogies
from resistpanel.resist.context import Context
from resistpanel.resist.damage import damaged, supported
from resistpanel.resist.effect import (
    against_drugs,
    known_driver,
    presumed,
    role_of,
    sensitising,
)
from resistpanel.resist.function import one_copy_left, phase
from resistpanel.resist.hematopoiesis import blood_cancer, of_blood_cells
from resistpanel.resist.match import (
    LEVELS,
    PATHWAY,
    Match,
    effective,
    find_matches,
    overruled,
)
from resistpanel.resist.mechanism import Mechanism, mechanisms
from resistpanel.resist.resist_constants import SMALL_CLONE, UV_SHARE
from resistpanel.resist.state_text import relative, state_text
from resistpanel.resist.tests_after import add_reasons


@dataclass(frozen=True, slots=True)
class Finding:
    """An alteration with all that speaks for and against it.

    Attributes
    ----------
    alteration : Alteration
    matches : list of Match
        All of them, those for other drugs too.
    set_aside : list of Match
        Those of them that say resistance to a drug whose driver the alteration is.
    mechanisms : list of Mechanism
        One per drug given that the catalogue or the graph connects.
    effect : str
        See `resistpanel.resist.effect.EFFECTS`.
    pro, contra : list of str
        The reasons for and against.
    driver : Driver or None
        The sensitising driver that the alteration is.
    blood : str
        Why it may be of blood cells; empty if nothing says so.
    damaged : str
        Why it cannot be told from damage of the template; empty if it can.
    only_damaged : bool
        Whether this holds, one tumour sample alone shows it, and no other test supports it.
    """

    alteration: Alteration
    matches: list[Match]
    set_aside: list[Match]
    mechanisms: list[Mechanism]
    effect: str
    pro: list[str]
    contra: list[str]
    driver: Driver | None = None
    blood: str = ""
    damaged: str = ""
    only_damaged: bool = False

    @property
    def kept(self) -> list[Match]:
        """The matches for the drugs given that count."""
        return effective([match for match in self.matches if match not in self.set_aside])

    @property
    def mechanism(self) -> Mechanism | None:
        """The mechanism against the drug of the closest match, or the first there is."""
        if self.kept:
            name = self.kept[0].drug.name
            return next(m for m in self.mechanisms if m.drug.name == name)
        return self.mechanisms[0] if self.mechanisms else None

    @property
    def gained(self) -> bool:
        """Whether relapse brought more of the alteration."""
        return self.alteration.state in GAINED

    @property
    def open(self) -> bool:
        """Whether it is not known if relapse brought more of the alteration."""
        return self.alteration.unclear

    def order(self) -> tuple:
        """Sort key, what explains the relapse best first.

        Known before candidate before the others, an alteration that relapse
        brought before one that was there all along; of these, what may be damage last; then by
        state, match level, a source of the patient's disease before others, and cancer cell
        fraction.
        """
        decisive = self.alteration.decisive_lesion()
        after = decisive.post if decisive else None
        clonal = self.alteration.at(after).ccf if after else None
        fraction = clonal if clonal is not None else self.alteration.af(after) if after else None
        if fraction is None:
            values = (self.alteration.af(name) or 0 for name in self.alteration.samples)
            fraction = max(values, default=0)
        state = self.alteration.state
        return (
            self.tier,
            self.alteration.status == "gone",
            bool(self.damaged),
            STATES.index(state) if state else len(STATES),
            LEVELS.index(self.kept[0].level) if self.kept else len(LEVELS),
            bool(self.kept) and all(match.disease is False for match in self.kept),
            -fraction,
            self.alteration.id,
        )

    @property
    def tier(self) -> int:
        """0: known and gained at relapse, or unclear; 1: candidate likewise; then the rest."""
        came = self.gained or self.open
        if self.effect == "known":
            return 0 if came else 2
        if self.effect == "candidate":
            return 1 if came else 3
        tested = self.effect == "no_effect" and self.kept
        if tested or self.effect == "driver":
            return 4
        return 4 + ("other_driver", "not_connected", "no_effect").index(self.effect) + 1


#: What a reversion does to the truncating allele.
REVERSIONS = {
    "frame": "a second frameshift makes up for that of",
    "codon": "another codon, or another splice site, in place of",
    "deletion": "the deletion takes out",
    "replaced": "other bases in place of",
}


def find(patient: Patient, context: Context) -> list[Finding]:
    """Return the findings of a patient, ranked.

    Alterations that are reported, not germline, and detected in at least one tumour.
    """
    tumours = [sample.name for sample in patient.tumours]
    considered = [
        alteration
        for alteration in patient.alterations
        if alteration.reported
        and not alteration.germline
        and any(alteration.detected(name) for name in tumours)
    ]
    spectrum = _uv_share(considered)
    analogies = Analogies(context, patient.drugs, patient.disease)
    findings = [
        _finding(alteration, patient, context, spectrum, analogies) for alteration in considered
    ]
    return sorted(findings, key=Finding.order)


def _uv_share(alterations: Sequence[Alteration]) -> tuple[int, int]:
    """Return how many of all single-base substitutions are C>T, and how many there are."""
    bases = [pair for alteration in alterations for pair in alteration.substitutions]
    return sum(_is_c_to_t(pair) for pair in bases), len(bases)


def _is_c_to_t(substitution: tuple[str, str]) -> bool:
    return substitution in {("C", "T"), ("G", "A")}


def _finding(
    alteration: Alteration,
    patient: Patient,
    context: Context,
    spectrum: tuple[int, int],
    analogies: Analogies,
) -> Finding:
    matches = find_matches(
        alteration,
        context.catalog,
        context.activating,
        patient.drugs,
        context.diseases,
        patient.disease,
    )
    drivers = sensitising(patient, context)
    role = role_of(alteration, patient, drivers)
    other = known_driver(alteration, context) or _resists_others(matches, patient, context)
    blood = "" if role.driver else of_blood_cells(alteration, patient, context, other)
    # Of a disease that is not known, the doubt is said and nothing is left out.
    apart = blood if blood_cancer(patient, context) is False else ""
    if role.driver is not None:
        # KRAS G12C under its inhibitor is no other substitution of the residue of G12D.
        matches = [match for match in matches if not match.inferred]
    elif not apart:
        matches = [*matches, *analogies.of(alteration, matches)]
    likely = presumed(alteration, matches, patient, drivers, context)
    aside = _set_aside(matches, role.covered | likely, patient)
    countered = _countered([match for match in matches if match not in aside])
    matches_used = [m for m in matches if m not in aside and m not in countered]
    aimed_at = [driver.gene for driver in drivers]
    found = mechanisms(alteration, matches_used, patient.drugs, context.pathway, aimed_at)
    kept = effective(matches_used)
    pro: list[str] = []
    contra: list[str] = []
    effect = against_drugs(
        alteration, kept, found, role, context, patient.drugs, pro, contra, other, apart
    )
    if alteration.numbered:
        said = f"{alteration.label} is {alteration.numbered} in the catalogue's numbering"
        (pro if effect in ("known", "candidate") else contra).append(said)
    if blood:
        contra.append(blood)
    if made := damaged(alteration, patient):
        contra.append(made)
    if effect == "other_driver" and alteration.inactivates:
        contra += [left] if (left := one_copy_left(alteration, patient)) else []
    contra += [
        f"{m.row.id} reports resistance to {join(m.row.drugs or m.row.drug_class)} "
        f"({m.row.evidence_level}); "
        + (
            f"in another disease, while here it was there before the first dose and activates the "
            f"target of {join(sorted(likely))}: it is likely to be its driver"
            if likely
            else "the driver of the therapy is not resistance to it"
        )
        for m in aside
    ]
    contra += [
        f"{m.row.id} reports resistance to {join(m.row.drugs or m.row.drug_class)} "
        f"({m.row.evidence_level}); {drug} of the combination acts on it"
        for m, drug in countered.items()
    ]
    _state_reasons(alteration, pro, contra)
    _match_reasons(kept, overruled(matches_used), context.catalog, pro, contra)
    _clone_reasons(alteration, contra)
    if effect != "known":
        _spectrum_reason(alteration, spectrum, contra)
    _reversion_reasons(alteration, pro, contra, patient)
    pro += _phase_reasons(alteration, patient)
    contra += _unphased_reasons(alteration, patient)
    contra += _open_phase(alteration, found, patient, context)
    add_reasons(alteration, patient, pro, contra)
    return Finding(
        alteration, matches, [*aside, *countered], found, effect, pro, contra, role.driver, blood,
        made, bool(made) and not supported(alteration, patient),
    )  # fmt: skip


def _resists_others(matches: Sequence[Match], patient: Patient, context: Context) -> str:
    """Return which drugs that are not of this line an alteration is reported to resist, or nothing.

    What an earlier drug selected is no passenger under the next one, and neither is what is known
    to resist a drug that the patient never had: RET V804M under selpercatinib. The latter by rows
    of the change or its codon, beyond screens.
    """
    names = {drug.name for drug in patient.drugs}
    earlier = [context.catalog.drugs.get(one.drug) for one in patient.sheet_drugs]
    resisted = [
        drug.name
        for drug in earlier
        if drug is not None
        and drug.name not in names
        and any(m.row.direction == "resistance" and m.row.drug_match(drug) for m in matches)
    ]
    if resisted:
        return f"reported to cause resistance to {join(dict.fromkeys(resisted))} of another line"
    others = [
        name
        for match in matches
        for name in match.row.drugs or map(plural, match.row.drug_class)
        if match.drug is None
        and match.level in ("exact", "codon")
        and not match.inferred
        and match.row.direction == "resistance"
        and match.row.evidence_level not in ("screen", "inferred")
    ]
    if not others:
        return ""
    drugs = list(dict.fromkeys(others))
    were = "were" if len(drugs) > 1 else "was"
    return f"known to cause resistance to {join(drugs)}, which {were} not given"


def _countered(matches: Sequence[Match]) -> dict[Match, str]:
    """Return rows of resistance to a drug of a combination whose other drug acts on the alteration.

    By row, the drug for which a row as close states sensitivity. Rows of one drug alone, or of
    its class, are left to `effective`.
    """
    acts = {
        match.drug.name: LEVELS.index(match.level)
        for match in reversed(matches)
        if match.drug and match.row.direction == "sensitivity" and match.drug_match == "drug"
    }
    found = {}
    for match in matches:
        if match.drug and match.row.direction == "resistance" and match.drug.name not in acts:
            drugs = [d for d, level in acts.items() if level <= LEVELS.index(match.level)]
            if drugs:
                found[match] = drugs[0]
    return found


def _set_aside(matches: Sequence[Match], covered: Collection[str], patient: Patient) -> list[Match]:
    """Return the rows that say resistance to drugs whose driver the alteration is, to no other."""
    if not covered:
        return []
    return [
        match
        for match in matches
        if match.drug
        and match.row.direction == "resistance"
        and all(d.name in covered for d in patient.drugs if match.row.drug_match(d))
    ]


#: Courses that say no more than the state does, and what a course against an alteration says.
_AS_STATED = ("not detected", "not detected, then appeared", "not detected, then detected")
_DECLINED = ("fell", "disappeared", "no longer detected")


def _state_reasons(alteration: Alteration, pro: list[str], contra: list[str]) -> None:
    state = alteration.state
    if state is None or alteration.line is None:
        contra.append(
            "no sample before treatment: whether it was present before could not be determined"
        )
        return
    text = state_text(alteration)
    if state in GAINED:
        pro.append(f"{state}: {text}")
    elif state in OPEN:
        both = alteration.before == "present" and alteration.status == "present"
        open_ = "present, change undetermined" if both and state == "undetermined" else state
        contra.append(f"{open_}: {text}")
    elif state == "stable" and alteration.copy_number:
        contra.append(f"present before treatment, unchanged: {text}")
    elif state == "stable":
        same = f"about the same fraction{relative(alteration)}"
        contra.append(f"present before treatment at {same}: {text}")
    elif state == "absent":
        gone = (
            "lost before this line of therapy" if alteration.before == "present" else "not detected"
        )
        contra.append(f"{gone}: {text}")
    else:
        contra.append(f"{state} under treatment: {text}")
    if alteration.status == "gone" and state not in ("lost", "absent"):
        contra.append("no longer detected in the latest sample")
    # Of a lesion that never had the alteration there is no course to tell.
    told = [one for one in alteration.trajectory if one.partition(" (")[0] not in _AS_STATED]
    if told and state not in GAINED:
        contra.append(f"course: {join(told)}")
    elif told:
        gone = any(word in one for one in told for word in _DECLINED)
        (contra if gone else pro).append(f"course: {join(told)}")


def _match_reasons(
    kept: Sequence[Match],
    weaker: Sequence[Match],
    catalog: Catalog,
    pro: list[str],
    contra: list[str],
) -> None:
    for match in kept:
        row = match.row
        named = match.drug.name
        if match.level == PATHWAY:
            named = match.of_whom
        elif (
            match.drug_match == "class"
            and row.drugs
            and not catalog.of_other_class(row, match.drug)
        ):
            same = catalog.named_of_class(row, match.drug)
            named = f"{join(same)}, of the class of {match.drug.name}"
        elif match.drug_match == "class":
            shared = next(name for name in row.drug_class if name in match.drug.classes)
            named = f"{plural(shared)} as a class"
        effect = f", {row.effect_size}" if row.effect_size else ""
        said = {
            "resistance": f"reported to cause resistance to {named}",
            "none": f"tested without effect under {named}",
        }.get(row.direction, f"reported as sensitive to {named}")
        text = f"{_what_matched(match)}: {said} ({_row(match)}: {row.evidence_level}{effect})"
        (pro if row.direction == "resistance" else contra).append(text)
        if match.disease is False and all(m.disease is False for m in kept if m.drug == match.drug):
            contra.append(f"{row.id} is from another disease ({join(row.disease)})")
    contra += [
        f"{match.row.id} reports {match.row.direction} at {match.level} level, but the closer "
        "match takes precedence"
        for match in weaker
    ]


def _row(match: Match) -> str:
    """Return a row's id, with its drugs where the id names another one than the drug given."""
    row, given = match.row, match.drug.name
    if (
        match.drug_match != "drug"
        or given not in row.drugs
        or given.casefold() in row.id.casefold()
    ):
        return row.id
    others = [name for name in row.drugs if name.casefold() in row.id.casefold()]
    return f"{row.id}, of {join(row.drugs)}" if others else row.id


def _what_matched(match: Match) -> str:
    """Return how closely the alteration matches the row, in words."""
    if match.level == PATHWAY:
        if match.drug_match == "target":
            return f"the same change under another inhibitor of {match.row.gene}"
        if match.drug_match == "stretch":
            return f"in the same part of {match.row.gene} as {match.row.alteration}"
        return (
            "the same way round the target of another drug"
            if match.drug_match == "other"
            else f"acts like {match.of_what}"
        )
    if match.level == "gene":
        return {
            "overexpression": "amplification of a gene whose overexpression is reported",
            "expression_loss": "deletion of a gene whose loss of expression is reported",
            "amplification": "amplification of the gene",
            "deletion": "deletion of the gene",
            "loss_of_function": "loss of function of the gene",
            "nonsynonymous": "mutation of the gene",
            "reversion": "reversion of a truncating allele of the gene",
        }[match.row.alteration_type]
    if match.level == "codon" and not match.inferred:
        return f"change of a catalogued residue ({match.row.alteration})"
    return {
        "exact": "exact match",
        "codon": "another change of the same codon",
        "range": "change within a catalogued range of residues",
        "class": "activating alteration of the gene",
    }[match.level]


def _clone_reasons(alteration: Alteration, contra: list[str]) -> None:
    decisive = alteration.decisive_lesion()
    if decisive is None or alteration.state not in GAINED:
        return
    high = alteration.at(decisive.post).ccf_high
    if high is not None and high < SMALL_CLONE:
        contra.append(f"in at most {percent_up(high)} of the tumour cells after treatment")


def _spectrum_reason(alteration: Alteration, spectrum: tuple[int, int], contra: list[str]) -> None:
    uv, total = spectrum
    bases = alteration.substitutions
    if total >= 5 and uv / total >= UV_SHARE and bases and all(map(_is_c_to_t, bases)):
        contra.append(f"C>T, as {uv} of the {total} substitutions found: typical of the spectrum")


def _reversion_reasons(
    alteration: Alteration, pro: list[str], contra: list[str], patient: Patient
) -> None:
    """Add how an alteration reverts a truncating allele, and whether reads show the two in cis."""
    if not alteration.restores:
        return
    labels = {other.id: other.label for other in patient.alterations}
    in_cis = {entry.other for entry in alteration.phase if phase(entry) == "cis"}
    for entry in alteration.reverts:
        of = labels.get(entry.other, entry.other)
        pro.append(
            f"{REVERSIONS[entry.kind]} {of}: the protein of the molecule is {entry.together}"
        )
        if entry.instead:
            contra.append(
                f"it is found in place of {of}: reads cannot show whether the two arose in cis"
            )
        elif entry.other not in in_cis:
            contra.append(f"reads do not show whether it is on the molecules of {of}")


def _phase_reasons(alteration: Alteration, patient: Patient) -> list[str]:
    labels = {other.id: other.label for other in patient.alterations}
    # What fails a filter is no reason.
    filtered = {a.id for a in patient.alterations if not (a.reported or a.germline)}
    reasons = []
    if alteration.haplotype:
        others = [labels.get(other, other) for other in alteration.haplotype.others]
        reasons.append(
            f"one protein change with {' and '.join(others)}, on the same molecules; alone the "
            f"allele would be {alteration.haplotype.alone}"
        )
    return reasons + [
        f"in {phase(entry)} with {labels.get(entry.other, entry.other)}: "
        f"{counted(entry.cis, 'fragment')} {'carries' if entry.cis == 1 else 'carry'} both, "
        f"{entry.trans} this one alone"
        for entry in alteration.phase
        if phase(entry) != "unknown" and entry.other not in filtered
    ]


def _unphased_reasons(alteration: Alteration, patient: Patient) -> list[str]:
    labels = {other.id: other.label for other in patient.alterations}
    return [
        f"on molecules with {labels.get(one.other, one.other)} the protein change is "
        f"{one.together}; the fragments do not show that all of them are"
        for one in alteration.unphased
    ]


def _open_phase(
    alteration: Alteration, found: Sequence[Mechanism], patient: Patient, context: Context
) -> list[str]:
    """Return mutations with which the phase decides an option, where it is not one of the two.

    C797S with T790M: what may still be active differs in cis and in trans.
    """
    names = set(alteration.protein.split(","))
    needed = {
        option.condition[1]
        for option in context.options
        if option.condition
        and option.condition[0] in ("cis", "trans")
        and any(option.holds(alteration.gene, names, one.kind, one.drug) for one in found)
    }
    phases = {entry.other: phase(entry) for entry in alteration.phase}
    said = {
        "unknown": "the fragments do not show whether it is in cis or in trans with {}; options "
        "that publications mention depend on it",
        "cis and trans": "it is both in cis and in trans with {}; options that publications "
        "mention for one of the two are not listed",
    }
    shows = [sample.name for sample in patient.tumours if alteration.detected(sample.name)]
    return [
        said[phases.get(other.id, "unknown")].format(other.label)
        for other in patient.alterations
        if other.gene == alteration.gene
        and needed & set(other.protein.split(","))
        and other.reported
        and phases.get(other.id, "unknown") in said
        and any(other.detected(name) for name in shows)
    ]
