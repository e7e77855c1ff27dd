"""How an alteration stands to the drug that was given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resistpanel.catalog.drugs import Drug
from resistpanel.catalog.pathway import Pathway, Relation
from resistpanel.core.text import join
from resistpanel.resist.alteration import Alteration
from resistpanel.resist.match import PATHWAY, Match, effective
from resistpanel.resist.resist_constants import THROUGH_TARGET

#: The mechanism classes of the on-target group.
ON_TARGET = ("on_target_mutation", "on_target_amplification", "on_target_splice_or_duplication")


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A mechanism class against one drug.

    Attributes
    ----------
    drug : Drug
    kind : str
        The mechanism class; ``none`` for a row that says there is no effect.
    relation : Relation or None
        Where the gene stands in the signalling graph; None if it is not connected.
    text : str
        One clause for the verdict.
    """

    drug: Drug
    kind: str
    relation: Relation | None
    text: str


def mechanisms(
    alteration: Alteration,
    matches: Sequence[Match],
    drugs: Iterable[Drug],
    pathway: Pathway,
    aimed_at: Sequence[str] = (),
) -> list[Mechanism]:
    """Return the mechanism against every drug that the catalogue or the graph connects.

    Of a drug's targets those of `aimed_at` come first: the genes for whose alteration it is
    given in the patient's disease (imatinib is given against KIT in a GIST, not against ABL1).

    A matched row decides; where there is none, the place of the gene in the graph does.
    """
    found = []
    kept = effective(matches)
    for drug in drugs:
        targets = sorted(drug.targets, key=lambda target: target not in aimed_at)
        relation = pathway.relate(alteration.gene, targets)
        ours = [
            m for m in kept if (m.drug == drug if m.level == PATHWAY else m.row.drug_match(drug))
        ]
        match = next(
            (m for m in ours if m.row.direction == "resistance"), ours[0] if ours else None
        )
        if match is not None and (match.level != PATHWAY or relation is None):
            kind = match.row.mechanism_class
        elif relation is not None:
            kind = _refined(alteration, relation)
        else:
            continue
        text = _clause(alteration, drug, kind, relation)
        if match is not None and match.partners:
            text += f", a compound mutation with {join(one.label for one in match.partners)}"
        found.append(Mechanism(drug, kind, relation, text))
    return found


def acts_through(drug: Drug) -> bool:
    """Whether a drug kills through its target, so that the loss of the target resists it."""
    return any(
        name == kind or name.endswith(f" {kind}")
        for name in drug.classes
        for kind in THROUGH_TARGET
    )


def plausible(alteration: Alteration, relation: Relation, drug: Drug) -> tuple[bool, str]:
    """Whether an uncatalogued alteration can have the effect that would make resistant to a drug.

    Returns
    -------
    bool
    str
        The reason, for or against.
    """
    if relation.mechanism_class == "on_target_mutation" and acts_through(drug):
        through = f"{alteration.gene}, through which {drug.name} acts"
        if alteration.copy_number == "amplification":
            return False, f"more copies of {through}"
        if alteration.inactivates:
            return True, f"inactivates {through}"
        return True, f"changes {through}; whether the change prevents this is not known"
    if relation.needs == "loss":
        if alteration.inactivates:
            return True, f"inactivates {alteration.gene}, a negative regulator of the pathway"
        if alteration.copy_number == "amplification":
            return False, f"more of {alteration.gene} would inhibit the pathway"
        return True, (
            f"{alteration.gene} is a negative regulator of the pathway; whether this change "
            "inactivates it is not known"
        )
    if alteration.inactivates:
        return False, f"inactivates {alteration.gene}, which the pathway requires"
    junction = alteration.junction
    if junction is not None and junction.kinase in ("lost", "cut"):
        return False, f"without the whole kinase domain of {alteration.gene}"
    if junction is not None and junction.fusion and junction.frame == "out_of_frame":
        return False, f"the reading frame of {alteration.gene} is not kept"
    if alteration.copy_number == "amplification":
        return True, f"more copies of {alteration.gene}, a positive regulator of the pathway"
    return True, (
        f"changes {alteration.gene}, a positive regulator of the pathway; whether this change "
        "activates it is not known"
    )


def _refined(alteration: Alteration, relation: Relation) -> str:
    if relation.mechanism_class == "on_target_mutation":
        if alteration.copy_number == "amplification":
            return "on_target_amplification"
        large = any(
            change.kind in {"duplication", "insertion"} and _length(change) >= 20
            for change in alteration.changes
        )
        return "on_target_splice_or_duplication" if large else "on_target_mutation"
    return relation.mechanism_class


def _length(change) -> int:
    return max(
        len(change.alt), change.end - change.start + 1 if change.kind == "duplication" else 0
    )


def _clause(alteration: Alteration, drug: Drug, kind: str, relation: Relation | None) -> str:
    """Return a clause such as ``a mutation downstream of BRAF, the target of vemurafenib``."""
    what = alteration.copy_number or "mutation"
    article = "an" if what[0] in "aeiou" else "a"
    target = relation.target if relation else join(drug.targets)
    of_drug = f"the target of {drug.name}"
    way = f" ({' → '.join(relation.path)})" if relation and len(relation.path) > 1 else ""
    if kind == "reversion":
        return (
            f"a reversion, which restores the reading frame of {alteration.gene} lost by "
            f"{alteration.restores.removeprefix(alteration.gene).strip()}"
        )
    if kind in ON_TARGET and alteration.gene not in drug.targets and relation is not None:
        # A row on several drugs, of which this one has another target of the pathway.
        kind = relation.mechanism_class
    if kind == "on_target_amplification":
        return f"more copies of {alteration.gene}, {of_drug}"
    if kind in ON_TARGET:
        noun = {
            "on_target_mutation": "mutation",
            "on_target_splice_or_duplication": "splice form or duplication",
        }[kind]
        article = "an" if noun[0] in "aeiou" else "a"
        return f"{article} {noun} of {alteration.gene}, {of_drug}"
    if kind == "downstream_mutation":
        return f"{article} {what} downstream of {target}, {of_drug}{way}"
    if kind == "upstream_activation":
        return f"an activation upstream of {target}, {of_drug}{way}"
    if kind == "bypass":
        return f"a bypass of {target}, {of_drug}"
    if kind == "other":
        return f"{article} {what} outside the pathway of {target}, {of_drug}"
    return f"{article} {what} without known effect on {drug.name}"
