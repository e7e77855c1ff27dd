"""The effect of an alteration against the drugs given, and the reasons that decide it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from resistpanel.catalog.cancer_genes import AMPLIFIED, SUPPRESSOR
from resistpanel.catalog.drivers import Driver
from resistpanel.catalog.drugs import Drug
from resistpanel.core.text import join
from resistpanel.core.vocabulary import GAINED
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.context import Context
from resistpanel.resist.match import (
    JUNCTIONS,
    Match,
    duplicates_in,
    shown_by_junction,
    skips_exon,
)
from resistpanel.resist.mechanism import Mechanism, acts_through, plausible

#: What an alteration does against the drugs given.
EFFECTS = ("known", "candidate", "driver", "other_driver", "not_connected", "no_effect")


@dataclass(frozen=True, slots=True)
class Role:
    """The drivers of the drugs given that an alteration is, and what follows from it.

    Attributes
    ----------
    driver : Driver or None
    covered : frozenset of str
        Names of the drugs to which it cannot be resistance: those given for it, and those of
        the combination that have no driver of their own.
    """

    driver: Driver | None = None
    covered: frozenset[str] = field(default_factory=frozenset)


def sensitising(patient: Patient, context: Context) -> list[Driver]:
    """Return the drivers of the drugs given, those of the patient's disease if any are."""
    ours = [driver for driver in context.drivers if driver.sensitised(patient.drugs)]
    of_disease = [
        d for d in ours if context.diseases.match(patient.disease, d.disease) is not False
    ]
    return of_disease or ours


def role_of(alteration: Alteration, patient: Patient, drivers: Sequence[Driver]) -> Role:
    """Return whether an alteration is the driver of the drugs given, alone or in combination.

    A drug of the combination that has no driver of its own is given for the driver of the
    others. What relapse brought is a driver by name alone: it covers no drug.
    """
    mine = [driver for driver in drivers if is_driver(alteration, driver)]
    if not mine:
        return Role()
    if arrived(alteration):
        return Role(mine[0])
    given = {drug.name for drug in patient.drugs}
    covered = set().union(*(driver.sensitised(patient.drugs) for driver in mine))
    others = set().union(*(driver.sensitised(patient.drugs) for driver in drivers))
    return Role(mine[0], frozenset(covered | (given - others)))


def presumed(
    alteration: Alteration,
    matches: Sequence[Match],
    patient: Patient,
    drivers: Sequence[Driver],
    context: Context,
) -> frozenset[str]:
    """Return the drugs that were probably given for an alteration that no row of drivers names.

    It activates a target of the drug and was in the tumour before the first dose, the tumour has no
    listed driver, and all that is said of resistance is of other diseases: MAP2K1 Q56P, which
    melanomas acquire, is the driver of a histiocytosis under a MEK inhibitor.
    """
    there = alteration.state == "stable" or alteration.before == "present"
    if not there or alteration.state is None or not _activating(alteration, context):
        return frozenset()
    against = [m for m in matches if m.drug and m.row.direction == "resistance"]
    if not against or any(match.disease is not False for match in against):
        return frozenset()
    shown = [
        other
        for other in patient.alterations
        if (other.reported or other.germline)
        and any(other.detected(sample.name) for sample in patient.tumours)
    ]
    if any(is_driver(other, driver) for other in shown for driver in drivers):
        return frozenset()
    return frozenset(drug.name for drug in patient.drugs if alteration.gene in drug.targets)


def is_driver(alteration: Alteration, driver: Driver) -> bool:
    """Whether an alteration is the one that a row of drivers names."""
    if alteration.gene != driver.gene:
        return False
    if driver.alteration_type == "loss_of_function" and driver.match_level == "gene":
        return alteration.inactivates
    if alteration.copy_number:
        return driver.alteration_type == alteration.copy_number
    if driver.alteration_type in JUNCTIONS:
        return shown_by_junction(alteration, driver.alteration_type)
    if driver.alteration_type == "splice":
        return skips_exon(alteration, driver.alteration)
    if duplicates_in(alteration, driver):
        return True
    return any(driver.matches_change(change) for change in alteration.changes)


def arrived(alteration: Alteration) -> bool:
    """Whether relapse brought an alteration that no sample before the first dose shows."""
    return alteration.state in ("acquired", "emergent") and alteration.before != "present"


def against_drugs(
    alteration: Alteration,
    kept: Sequence[Match],
    found: Sequence[Mechanism],
    role: Role,
    context: Context,
    drugs: Sequence[Drug],
    pro: list[str],
    contra: list[str],
    other: str,
    blood: str = "",
) -> str:
    """Return the effect, one of `EFFECTS`; add the reasons that decide it.

    `other` is why the alteration is a known driver of any tumour (`known_driver`), `blood` why it
    may be of blood cells: its place in the pathway alone then makes no candidate of it.
    """
    if any(match.row.direction == "resistance" for match in kept):
        return "known"
    if alteration.synonymous:
        contra.append(
            "synonymous: the protein is unchanged, unless the change of the splice region alters "
            "the splicing, which is not known"
            if alteration.splice
            else "synonymous: the protein is unchanged"
        )
        return "no_effect"
    if role.driver is not None:
        given = [drug.name for drug in drugs if drug.name in role.covered]
        are = "are" if len(given) > 1 else "is"
        contra.append(f"the sensitising driver, for which {join(given) or 'the drug'} {are} given")
        return "driver"
    if kept and other:
        contra.append(other)
        return "other_driver"
    if kept:
        return "no_effect"
    if not drugs:
        contra.append("no drug is given, so the variant cannot be interpreted")
        return "other_driver" if other else "no_effect"
    if not found:
        contra.append(other or "not in the catalogue for this drug")
        named = [drug for drug in drugs if drug.known]
        contra.append(
            "its gene is not in the pathway of the drug" if named else "the drug is not known"
        )
        return "other_driver" if other else "not_connected"
    changed = alteration.changes or alteration.copy_number or alteration.junction
    if not (changed or alteration.inactivates):
        contra.append("no change of the protein")
        return "no_effect"
    return _in_pathway(alteration, found[0], context, other, blood, pro, contra)


def _in_pathway(
    alteration: Alteration,
    found: Mechanism,
    context: Context,
    other: str,
    blood: str,
    pro: list[str],
    contra: list[str],
) -> str:
    """Return the effect of an uncatalogued change of a gene of the pathway."""
    likely, reason = plausible(alteration, found.relation, found.drug)
    activating = _activating(alteration, context)
    if activating and found.relation.needs == "gain" and not acts_through(found.drug):
        reason = f"an alteration known to activate {alteration.gene} ({activating})"
    if not likely:
        contra.append(reason)
        return "other_driver" if other else "no_effect"
    contra.append("not in the catalogue for this drug")
    if not blood and (alteration.state in GAINED or alteration.unclear):
        pro.append(f"{found.text}: {reason}")
        return "candidate"
    if other:
        contra.append(other)
    return "other_driver" if other else "no_effect"


def _activating(alteration: Alteration, context: Context) -> str:
    """Return the source by which an alteration activates its gene; empty if it is not known."""
    for known in context.activating:
        if known.gene == alteration.gene and any(map(known.matches_change, alteration.changes)):
            return known.source
    return ""


def _role(alteration: Alteration, context: Context) -> str:
    """Return why the gene's role makes a driver of its loss or its copies; empty if it does not."""
    roles = {one.role: one.source for one in context.cancer_genes if one.gene == alteration.gene}
    if alteration.inactivates:
        listed = any(known.gene == alteration.gene for known in context.inactivating)
        if SUPPRESSOR in roles or listed:
            source = f" ({roles[SUPPRESSOR]})" if SUPPRESSOR in roles else ""
            return f"loss of function of {alteration.gene}, a tumour suppressor{source}"
    if alteration.copy_number == "amplification" and AMPLIFIED in roles:
        return f"amplification of {alteration.gene}, an oncogene ({roles[AMPLIFIED]})"
    return ""


def known_driver(alteration: Alteration, context: Context) -> str:
    """Return why an alteration is a known driver, of any drug or tumour; empty if not."""
    if source := _activating(alteration, context):
        return f"a known activating alteration of {alteration.gene} ({source})"
    if alteration.inactivating:
        return f"a known loss of function of {alteration.gene} ({alteration.inactivating})"
    if source := _role(alteration, context):
        return source
    for driver in context.drivers:
        if is_driver(alteration, driver):
            return f"a known driver: sensitises to {join(driver.drug_class, 'or')}"
    if alteration.usual_name.startswith("promoter "):
        return f"a recurrent mutation of the promoter of {alteration.gene} in tumours"
    for known in context.recurrent:
        if known.gene == alteration.gene and any(map(known.matches_change, alteration.changes)):
            return f"a recurrent mutation of {alteration.gene} in tumours ({known.source})"
    return ""
