"""Rows that speak of an alteration by analogy, where no row names it for the drug given.

1. Another gene of the cascade: activated NRAS where rows name KRAS for the drug, activated MAP2K1
   below it, a lost NF1 above it. What activates a node of a cascade does the same as what activates
   a node before it.
2. The residue of a related gene: NTRK3 G696 where rows name G667 of NTRK1 for a drug that inhibits
   both (``homologous.tsv``).
3. Another receptor: amplified MET under an ALK inhibitor where patients are reported under an
   inhibitor of EGFR. A way round one receptor is a way round the others of its node, and round the
   target of another drug that inhibits the same: BRAF V600E under daraxonrasib, as adagrasib.
4. Another inhibitor of the target: ROS1 G2032R under entrectinib where rows name it for crizotinib.
   Not from an inhibitor of another type or generation, which binds otherwise, nor for a drug of
   which changes of the target are known. More copies of the target resist whatever binds it: KRAS
   under daraxonrasib where rows name them for inhibitors of KRAS G12C.
5. Another residue of the same part of the target: FLT3 N701K under gilteritinib, for which rows
   name residues before and behind it. Not a change that rows name for other drugs alone, nor a
   driver of the drug.
6. Another receptor that does what rows name of one for the drug: amplified FGFR1 under osimertinib,
   for which they name MET and ERBB2.

They are for drugs that block a signal, not for those that act through their target; 1, 3, 5 and 6
for what relapse brought alone, since what was there before did not bypass the target. A change of
the target that is known of an inhibitor resists whether an earlier drug selected it or this one.
`AROUND_TARGET` limits the rows of 1 and 3. A relative of the target itself is left out of 1:
whether the drug inhibits it too depends on the drug.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

from resistpanel.catalog.drugs import Drug
from resistpanel.catalog.protein import ProteinChange
from resistpanel.catalog.table import AROUND_TARGET, IN_PATIENTS, Row
from resistpanel.core.vocabulary import GAINED
from resistpanel.resist.alteration import Alteration
from resistpanel.resist.context import Context
from resistpanel.resist.effect import is_driver
from resistpanel.resist.match import PATHWAY, Match, level_of
from resistpanel.resist.mechanism import acts_through
from resistpanel.resist.resist_constants import (
    CASCADES,
    OWN_CHANGES,
    STRETCH_FLANK,
    STRETCH_RESIDUES,
)

#: Class of drugs of which no single target is what they are given for.
MULTIKINASE = "multikinase inhibitor"
#: Node of the receptors of which one does what another does.
RECEPTORS = "RTK"
#: Types of drivers that activate their gene.
GAINS = ("substitution", "inframe_deletion", "inframe_insertion", "nonsynonymous")
#: Types of rows that are extended to inhibitors of another receptor.
_OF_RECEPTORS = ("activating", "amplification", "loss_of_function")


def came(alteration: Alteration) -> bool:
    """Whether relapse brought an alteration, or may have: no sample shows it before."""
    if alteration.germline or alteration.before == "present":
        return False
    return alteration.state is None or alteration.state in GAINED


class Analogies:
    """The rows that hold by analogy for the drugs given.

    Parameters
    ----------
    context : Context
    drugs : iterable of Drug
        The drugs given.
    disease : str or None
        Of the patient.
    """

    def __init__(self, context: Context, drugs: Iterable[Drug], disease: str | None):
        self.context = context
        self.drugs = [drug for drug in drugs if not acts_through(drug)]
        self.disease = disease

    def of(self, alteration: Alteration, matches: Sequence[Match]) -> list[Match]:
        """Return the closest rows by analogy; none if a row speaks of the alteration itself."""
        if not self.drugs or alteration.germline or any(match.drug for match in matches):
            return []
        found = [*self._of_residues(alteration), *self._of_target(alteration)]
        if came(alteration):
            found += [*self._of_cascade(alteration), *self._of_receptors(alteration)]
            found += self._of_relatives(alteration)
            if not any(match.level in ("exact", "codon") for match in matches):
                found += self._of_stretches(alteration)
        found.sort(key=Match.closeness)
        return [one for one in found if one.closeness() == found[0].closeness()]

    def genes(self) -> set[str]:
        """Return the genes that may match by analogy."""
        pathway, found = self.context.pathway, set()
        for _, node, _ in self._cascade_rows:
            cascade = next(c for c in CASCADES if node in c)
            for end in cascade[cascade.index(node) :]:
                found.update(pathway.nodes[end].genes if end in pathway.nodes else ())
                found.update(
                    gene
                    for source, target, sign in pathway.edges
                    if target == end and sign < 0
                    for gene in pathway.nodes[source].genes
                )
        found |= {gene for gene, _ in self._residues} | {row.gene for row, _ in self._target_rows}
        found |= self._relatives if self._relative_rows else set()
        return found | {row.gene for row, _ in self._receptor_rows} | set(self._stretches)

    def residues(self, gene: str) -> set[int]:
        """Return the residues of a gene that correspond to those of rows of related genes."""
        return {residue for of, residue in self._residues if of == gene}

    def spans(self, gene: str) -> list[tuple[int, int]]:
        """Return the parts of a gene's product in which any residue may match, 1-based."""
        return [(first, last) for first, last, _, _ in self._stretches.get(gene, ())]

    @cached_property
    def _residues(self) -> dict[tuple[str, int], list[tuple[str, Row, Drug]]]:
        """Reference residue, row and drug, by the gene and residue that correspond to the row's."""
        found: dict[tuple[str, int], list[tuple[str, Row, Drug]]] = {}
        for row in self.context.catalog:
            if row.direction != "resistance" or row.mechanism_class != "on_target_mutation":
                continue
            if row.alteration_type != "substitution" or not row.residues:
                continue
            drug = next((drug for drug in self.drugs if row.drug_match(drug)), None)
            number, letter = row.residues[0]
            for pair in self.context.homologous if drug else ():
                other = pair.other if row.gene == pair.gene else pair.gene
                residue = pair.residue(row.gene, number, other)
                if residue and other in drug.targets:
                    found.setdefault((other, residue), []).append((letter, row, drug))
        return found

    def _of_residues(self, alteration: Alteration) -> list[Match]:
        return [
            self._match(row, drug, row.drug_match(drug))
            for change in alteration.changes
            if change.kind == "substitution"
            for letter, row, drug in self._residues.get((alteration.gene, change.start), ())
            if letter == change.ref
        ]

    def _reached(self, gene: str, gain: bool, loss: bool) -> str | None:
        """Return the node of a cascade that a gained or lost gene activates, or None."""
        pathway = self.context.pathway
        node = pathway.node_of(gene)
        if node is None:
            return None
        nodes = {name for cascade in CASCADES for name in cascade}
        if gain and node.id in nodes:
            return node.id
        if gain and node.role == "adaptor":
            for source, target, sign in pathway.edges:
                if source == node.id and sign > 0 and target in nodes:
                    return target
        if loss:
            for source, target, sign in pathway.edges:
                if source == node.id and sign < 0 and target in nodes:
                    return target
        return None

    @cached_property
    def _around(self) -> list[Row]:
        """Rows of resistance around a target that name no single change."""
        return [
            row
            for row in self.context.catalog
            if row.direction == "resistance"
            and row.mechanism_class in AROUND_TARGET
            and row.alteration_type in _OF_RECEPTORS
            and row.match_level in ("class", "gene")
        ]

    @cached_property
    def _cascade_rows(self) -> list[tuple[Row, str, Drug]]:
        """Rows for a drug given whose gene activates a node of a cascade."""
        found = []
        for row in self._around:
            node = self._reached(
                row.gene, row.alteration_type == "activating",
                row.alteration_type == "loss_of_function",
            )  # fmt: skip
            drug = next((drug for drug in self.drugs if row.drug_match(drug)), None)
            if node and drug:
                found.append((row, node, drug))
        return found

    @cached_property
    def _receptor_rows(self) -> list[tuple[Row, Drug]]:
        """Rows of patients for other inhibitors of a drug's target, or of a receptor like it."""
        found = []
        for drug in self.drugs:
            mine = self._receptors([drug])
            if not any(d.sensitised([drug]) for d in self.context.drivers):
                continue
            for row in self._around:
                if row.evidence_level not in IN_PATIENTS or row.gene in drug.targets:
                    continue
                named = [self.context.catalog.drugs.get(name) for name in row.drugs]
                classes = set(row.drug_class)
                named += [d for d in self.context.catalog.drugs if classes & set(d.classes)]
                named = [one for one in named if one is not None]
                shared = MULTIKINASE not in drug.classes and any(
                    set(drug.targets) & set(one.targets) for one in named
                )
                if not row.drug_match(drug) and (shared or mine & self._receptors(named)):
                    found.append((row, drug))
        return found

    def _receptors(self, drugs: Iterable[Drug]) -> set[str]:
        """Return the nodes of receptors among the targets of drugs."""
        nodes = [self.context.pathway.node_of(t) for drug in drugs for t in drug.targets]
        return {node.id for node in nodes if node is not None and node.role == "receptor"}

    def _of_cascade(self, alteration: Alteration) -> list[Match]:
        gain = not alteration.copy_number and any(
            known.gene == alteration.gene and any(map(known.matches_change, alteration.changes))
            for known in self.context.activating
        )
        node = self._reached(alteration.gene, gain, alteration.inactivates)
        if node is None:
            return []
        pathway = self.context.pathway
        here = pathway.node_of(alteration.gene)
        cascade = next(c for c in CASCADES if node in c)
        before = cascade[: cascade.index(node) + 1]
        return [
            self._match(row, drug, row.drug_match(drug))
            for row, at, drug in self._cascade_rows
            if at in before
            and row.gene != alteration.gene
            and here not in map(pathway.node_of, drug.targets)
            and self._connected(alteration, drug)
        ]

    def _of_receptors(self, alteration: Alteration) -> list[Match]:
        return [
            self._match(row, drug, "other")
            for row, drug in self._receptor_rows
            if row.gene == alteration.gene
            and level_of(alteration, row, self.context.activating) in ("class", "gene")
            and self._connected(alteration, drug)
        ]

    @cached_property
    def _relatives(self) -> set[str]:
        """Receptors whose activity is reported as a way round another target."""
        pathway = self.context.pathway
        return {
            row.gene
            for row in self._around
            if row.alteration_type != "loss_of_function"
            and row.evidence_level != "inferred"
            and (node := pathway.node_of(row.gene)) is not None
            and node.id == RECEPTORS
        }

    @cached_property
    def _relative_rows(self) -> list[tuple[Row, Drug]]:
        """Rows of patients that name an amplified or activated receptor for a drug given."""
        return [
            (row, drug)
            for row in self._around
            if row.gene in self._relatives
            and row.alteration_type != "loss_of_function"
            and row.evidence_level in IN_PATIENTS
            for drug in self.drugs
            if row.drug_match(drug)
        ]

    def _of_relatives(self, alteration: Alteration) -> list[Match]:
        if alteration.gene not in self._relatives:
            return []
        gain = alteration.copy_number == "amplification" or self._activates(alteration)
        return [
            self._match(row, drug, row.drug_match(drug))
            for row, drug in self._relative_rows
            if gain and row.gene != alteration.gene and self._connected(alteration, drug)
        ]

    def _activates(self, alteration: Alteration) -> bool:
        """Whether an alteration activates its gene, or is a driver for which drugs are given."""
        return not alteration.copy_number and (
            any(
                known.gene == alteration.gene and any(map(known.matches_change, alteration.changes))
                for known in self.context.activating
            )
            or any(
                is_driver(alteration, d) for d in self.context.drivers if d.alteration_type in GAINS
            )
        )

    @cached_property
    def _stretches(self) -> dict[str, list[tuple[int, int, Row, Drug]]]:
        """By target: the part in which rows name residues for a drug given, and those rows.

        They are rows for the drug itself, or for one that binds alike; `STRETCH_RESIDUES` of them
        at least, `STRETCH_FLANK` residues further at both ends.
        """
        found: dict[str, list[tuple[int, int, Row, Drug]]] = {}
        for drug in self.drugs:
            for gene in drug.targets:
                rows = [
                    row
                    for row in self.context.catalog.of_gene(gene)
                    if _of_substitution(row)
                    and (
                        row.drug_match(drug)
                        or any(self._alike(drug, name, gene) for name in row.drugs)
                    )
                ]
                numbers = [row.residues[0][0] for row in rows]
                if len(set(numbers)) < STRETCH_RESIDUES:
                    continue
                first, last = min(numbers) - STRETCH_FLANK, max(numbers) + STRETCH_FLANK
                found.setdefault(gene, []).extend((first, last, row, drug) for row in rows)
        return found

    def _of_stretches(self, alteration: Alteration) -> list[Match]:
        """Return the rows of the nearest residues; the number must not be another residue's."""
        found = []
        for change in alteration.changes:
            if change.kind != "substitution" and not change.inframe:
                continue
            rows = [
                (abs(row.residues[0][0] - change.start), row, drug)
                for first, last, row, drug in self._stretches.get(alteration.gene, ())
                if first <= change.start and change.end <= last
            ]
            if not rows or self._numbered_otherwise(alteration.gene, change):
                continue
            given = {drug.name for _, _, drug in rows}
            if any(
                is_driver(alteration, driver) and given & driver.sensitised(self.drugs)
                for driver in self.context.drivers
            ):
                continue
            nearest = min(distance for distance, _, _ in rows)
            found += [
                self._match(row, drug, "stretch")
                for distance, row, drug in rows
                if distance == nearest
            ]
        return found

    def _numbered_otherwise(self, gene: str, change: ProteinChange) -> bool:
        """Whether a change seems to be named by another transcript than the rows of its gene.

        They name its residue with another letter, or a neighbour with its letter: N550K of another
        isoform of FGFR2 is N549K.
        """
        named = {pair for row in self.context.catalog.of_gene(gene) for pair in row.residues}
        return any(
            (number == change.start and letter != change.ref)
            or (abs(number - change.start) == 1 and letter == change.ref)
            for number, letter in named
        )

    @cached_property
    def _target_rows(self) -> list[tuple[Row, Drug]]:
        """Rows of single changes of a drug's target under another inhibitor of it."""
        return [
            (row, drug)
            for row in self.context.catalog
            if _of_substitution(row) and row.match_level == "exact"
            for drug in self.drugs
            if row.gene in drug.targets
            and not row.drug_match(drug)
            and not self._described(drug, row.gene)
            and any(self._alike(drug, name, row.gene) for name in row.drugs)
        ] + [
            (row, drug)
            for row in self.context.catalog
            if row.direction == "resistance" and row.mechanism_class == "on_target_amplification"
            for drug in self.drugs
            if row.gene in drug.targets and not row.drug_match(drug) and _small(drug)
        ]

    def _alike(self, drug: Drug, name: str, gene: str) -> bool:
        """Whether the drug of a name inhibits the target of another as it does."""
        other = self.context.catalog.drugs.get(name)
        return (
            other is not None
            and gene in other.targets
            and binds_alike(drug, other, gene, self.context.catalog.drugs)
        )

    def _described(self, drug: Drug, gene: str) -> bool:
        """Whether the catalogue names several changes of a target that resist the drug itself.

        What resists another inhibitor alone is then no gap: nilotinib is active on F317L of ABL1,
        dasatinib on Y253H.
        """
        found = {
            row.alteration
            for row in self.context.catalog.of_gene(gene)
            if _of_substitution(row) and row.drug_match(drug)
        }
        return len(found) >= OWN_CHANGES

    def _of_target(self, alteration: Alteration) -> list[Match]:
        return [
            self._match(row, drug, "target")
            for row, drug in self._target_rows
            if row.gene == alteration.gene
            and level_of(alteration, row, self.context.activating) in ("exact", "gene")
            and (came(alteration) or not alteration.copy_number)
        ]

    def _connected(self, alteration: Alteration, drug: Drug) -> bool:
        """Whether the graph leads from the gene round the target of a drug."""
        if alteration.gene in drug.targets:
            return False
        relation = self.context.pathway.relate(alteration.gene, sorted(drug.targets))
        needs = "loss" if alteration.inactivates else "gain"
        return relation is not None and relation.needs == needs

    def _match(self, row: Row, drug: Drug, how: str) -> Match:
        same = self.context.diseases.match(self.disease, row.disease)
        return Match(row, PATHWAY, drug, how, same)


def _small(drug: Drug) -> bool:
    """Return whether a drug is a small molecule, of which more copies of the target take more."""
    return not any("antibody" in name.split() for name in drug.classes)


def _of_substitution(row: Row) -> bool:
    """Return whether a row names a substitution, or a residue, of a drug's target that resists."""
    return (
        row.direction == "resistance"
        and row.mechanism_class == "on_target_mutation"
        and row.alteration_type == "substitution"
        and row.match_level in ("exact", "codon")
    )


def binds_alike(one: Drug, other: Drug, gene: str, drugs: Iterable[Drug]) -> bool:
    """Return whether two inhibitors of a gene's product are of one type and generation.

    They have a class in common all of whose drugs inhibit it (``ROS1 inhibitor``; ``endocrine
    therapy`` is none), none that narrows this class for one of them alone (``selective RET
    inhibitor``, ``mTOR kinase inhibitor``), and the same generation: later ones were made for the
    changes that resist earlier ones.

    Parameters
    ----------
    one, other : Drug
    gene : str
        Their target.
    drugs : iterable of Drug
        All that are known.
    """
    if one.generation != other.generation:
        return False
    drugs = list(drugs)
    both = [
        name
        for name in set(one.classes) & set(other.classes)
        if all(gene in drug.targets for drug in drugs if name in drug.classes)
    ]
    for name in both:
        words = set(name.split())
        kinds = [{c for c in drug.classes if words < set(c.split())} for drug in (one, other)]
        if any(kinds) and not kinds[0] & kinds[1]:
            return False
    return bool(both)
