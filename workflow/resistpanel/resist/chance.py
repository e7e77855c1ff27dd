"""How many matches of the catalogue a patient's new variants would give by chance.

Every single-base change of the panel's coding sequence is put to the same matching as a variant
that was found. The number expected by chance among the variants that relapse brought is

    E = m / (m + a) * sum over types t of n_t h_t / N_t

with n_t variants of a type, N_t possible changes of that type on the targets and h_t of them that
match a row of resistance to a drug given, at least as closely and with at least the tier of the
finding. The finding itself counts for a = 0.5 (`PASSENGERS_WEIGHT`), and m is the number of
passengers expected on a panel of that size (`PASSENGERS`): the sum is the posterior mean of a
Poisson number with a gamma prior of shape a and mean m. On a panel of a few hundred bases, most of
which may be in the catalogue, a variant is not a passenger merely for being there.

Whether a match is the mechanism depends on how many mechanisms match like it: those expected in a
patient who relapsed are divided over the rows of resistance to the drugs given (`mechanisms`). A
row that speaks of every truncation of a long gene stands for one mechanism and many passengers.

Types are the six substitutions (C and T as the reference base, strands together), frameshifts, and
in-frame deletions and insertions, of which each target base is one possible place. Passengers thus
hit the catalogue in proportion to the bases that it covers; selection, hotspots of mutation and the
context of three bases are left out.

Source: the count of expected hits per gene by type and sequence is that of Lawrence et al., Nature
2013;499:214 and Martincorena et al., Cell 2017;171:1029, without their covariates.
"""

import collections
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pysam

from resistpanel.catalog import protein
from resistpanel.catalog.numbering import Numbering
from resistpanel.catalog.sites import Targets, reference_codon
from resistpanel.catalog.table import IN_PATIENTS
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.intervals import merge_targets, read_targets
from resistpanel.core.sequence import GENETIC_CODE, complement
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.analogy import Analogies
from resistpanel.resist.context import Context
from resistpanel.resist.match import LEVELS, PATHWAY, Match, effective, find_matches
from resistpanel.resist.resist_constants import (
    MECHANISM_PRIOR,
    NOT_IN_PATIENTS,
    PASSENGERS,
    PASSENGERS_WEIGHT,
    SAME_PATHWAY,
    SAME_RESIDUE,
)

#: Types of variants, by what is known of each.
SUBSTITUTIONS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
INDELS = ("frameshift", "inframe_deletion", "inframe_insertion")

#: Types of rows that changes of copy number alone match.
COPY_NUMBER_ROWS = ("amplification", "deletion")

#: (level, tier) of a match, None if it speaks of no resistance to a drug given.
Grade = tuple[int, int]


@dataclass(frozen=True)
class CodingPanel:
    """The part of a panel that the catalogue speaks of.

    Attributes
    ----------
    codons : dict of str to tuple of str
        By gene: the reference codon of each residue, empty where a base is outside the targets.
    bases : dict of str to int
        Target bases by reference base, G as C and A as T.
    counted : dict
        What `Chance` counted on it, by catalogue, drugs and disease.
    """

    codons: Mapping[str, tuple[str, ...]]
    bases: Mapping[str, int]
    counted: dict[tuple, dict] = field(default_factory=dict, compare=False, repr=False)

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes of the catalogue of which a base is covered."""
        return tuple(name for name, codons in self.codons.items() if any(codons))

    @cached_property
    def size(self) -> int:
        """Bases of the targets, N left out."""
        return sum(self.bases.values())


def read_panel(
    genes: str | Path,
    reference: str | Path,
    targets: str | Path,
    wanted: Iterable[str],
    numbering: Numbering | None = None,
) -> CodingPanel:
    """Read the codons of the genes that the catalogue names, and the size of the panel.

    Parameters
    ----------
    genes : path
        GFF3 of the panel.
    reference : path
        FASTA, indexed.
    targets : path
        BED.
    wanted : iterable of str
        Genes of the catalogue.
    numbering : Numbering, optional
        By which codons of a transcript that is numbered otherwise have the catalogue's numbers.

    Raises
    ------
    InputError
        If a file is missing or they do not belong together.
    """
    known, covered = load_genes(genes), Targets(targets)
    with open_fasta(reference) as fasta:
        bases: collections.Counter[str] = collections.Counter()
        for one in merge_targets(read_targets(targets)):
            if one.chrom not in fasta.references:
                raise InputError(
                    f"contig '{one.chrom}' of the targets is not in the reference",
                    str(reference),
                    "give the panel as adapted to the reference (`resistpanel panel adapt`)",
                )
            bases.update(fasta.fetch(one.chrom, one.start, one.end).upper())
        codons = {
            name: tuple(
                _codon(known[name], residue, fasta, covered)
                for residue in _residues(known[name], numbering)
            )
            for name in sorted(set(wanted) & set(known))
        }
    return CodingPanel(codons, {"C": bases["C"] + bases["G"], "T": bases["A"] + bases["T"]})


def _residues(gene: Gene, numbering: Numbering | None) -> Iterable[int]:
    """Return the number in the transcript of each residue of the catalogue, from the first."""
    stretch = numbering.of_transcript(gene.symbol, gene.transcript) if numbering else None
    if stretch is None:
        return range(1, gene.residues + 1)
    return [stretch.own(residue) for residue in range(1, gene.residues + stretch.shift + 1)]


def _codon(gene: Gene, residue: int, fasta: pysam.FastaFile, covered: Targets) -> str:
    if not 1 <= residue <= gene.residues:
        return ""
    positions = gene.codon(residue)
    if not all(covered.covers(gene.chrom, pos, pos + 1) for pos in positions):
        return ""
    found = reference_codon(fasta, gene, positions)
    return found if set(found) <= set("ACGT") else ""


class Chance:
    """Counts the possible changes of a panel that would match, for a patient's drugs.

    Parameters
    ----------
    panel : CodingPanel
    patient : Patient
    context : Context
    tier : callable
        Gives the tier (1 is the strongest) of the matches that count.
    """

    def __init__(
        self,
        panel: CodingPanel,
        patient: Patient,
        context: Context,
        tier: Callable[[Sequence[Match]], int],
    ):
        self.panel, self.patient, self.context, self.tier = panel, patient, context, tier
        self._known: dict[tuple, Grade | None] = {}
        self._analogies = Analogies(context, patient.drugs, patient.disease)

    @property
    def hits(self) -> dict[str, dict[Grade, int]]:
        """Possible changes that match, by type and grade."""
        drugs = tuple(drug.name for drug in self.patient.drugs)
        key = id(self.context), drugs, self.patient.disease
        if key not in self.panel.counted:
            self.panel.counted[key] = self._hits()
        return self.panel.counted[key]

    def _hits(self) -> dict[str, dict[Grade, int]]:
        found: dict[str, dict[Grade, int]] = {
            name: collections.Counter() for name in (*SUBSTITUTIONS, *INDELS)
        }
        alike = self._analogies.genes()
        for gene, codons in self.panel.codons.items():
            if gene not in alike and not any(
                row.direction == "resistance" and any(map(row.drug_match, self.patient.drugs))
                for row in self.context.catalog.of_gene(gene)
            ):
                continue
            single, spans = self._named(gene)
            places: dict[tuple, list[int]] = {}
            for residue, codon in enumerate(codons, 1):
                if codon:
                    within = tuple(first <= residue <= last for first, last in spans)
                    key = (codon, residue if residue in single else 0, within)
                    places.setdefault(key, []).append(residue)
            for (codon, one, within), residues in places.items():
                place = gene, one, within
                self._count(place, residues[0], codon, len(residues), found)
        return found

    def _named(self, gene: str) -> tuple[set[int], list[tuple[int, int]]]:
        """Return the residues that rows of a gene name singly, and the ranges that they name."""
        rows = [*self.context.catalog.of_gene(gene)]
        rows += [one for one in self.context.activating if one.gene == gene]
        single = {number for row in rows for number, _ in row.residues}
        single |= self._analogies.residues(gene)
        spans = [row.span for row in rows if row.span]
        return single, list(dict.fromkeys([*spans, *self._analogies.spans(gene)]))

    def _count(
        self,
        place: tuple,
        residue: int,
        codon: str,
        number: int,
        found: dict[str, dict[Grade, int]],
    ) -> None:
        """Add the changes of a codon that match, `number` times.

        `place` is the same for all residues of a gene that the rows treat alike.
        """
        ref = GENETIC_CODE[codon]
        for at, old in enumerate(codon):
            for new in "ACGT":
                alt = GENETIC_CODE[codon[:at] + new + codon[at + 1 :]]
                if new == old or alt == ref:
                    continue
                if grade := self._grade(place, f"{ref}{residue}{alt}"):
                    found[substitution(old, new)][grade] += number
        for name, text in zip(INDELS, ("fs", "del", "dup"), strict=True):
            if grade := self._grade(place, f"{ref}{residue}{text}"):
                found[name][grade] += 3 * number

    def _grade(self, place: tuple, short: str) -> Grade | None:
        """Return the grade of a change of a protein."""
        change = protein.parse(short)
        if change is None:
            return None
        # Of a residue that no row names singly the kind of change decides.
        key = (*place, short if place[1] else change.kind)
        if key not in self._known:
            self._known[key] = self.grade(_made(place[0], change))
        return self._known[key]

    def grade(self, alteration: Alteration) -> Grade | None:
        """Return how closely an alteration matches, and with which tier."""
        matches = find_matches(
            alteration, self.context.catalog, self.context.activating, self.patient.drugs,
            self.context.diseases, self.patient.disease,
        )  # fmt: skip
        kept = effective([*matches, *self._analogies.of(alteration, matches)])
        if not any(match.row.direction == "resistance" for match in kept):
            return None
        return LEVELS.index(kept[0].level), self.tier(kept)

    def expected(self, new: Iterable[Alteration], finding: Alteration) -> float | None:
        """Return the number of chance matches as good as that of a finding.

        Parameters
        ----------
        new : iterable of Alteration
            Variants that relapse brought, or may have brought.
        finding : Alteration
            It need not be one of them.

        Returns
        -------
        float or None
            None if the finding does not match.
        """
        grade = self.grade(finding)
        if grade is None:
            return None
        types = collections.Counter(types_of(one for one in new if one is not finding))
        for name in types_of([finding]):
            types[name] += PASSENGERS_WEIGHT
        prior = PASSENGERS * self.panel.size / 1e6
        total = self._by_type(types, grade)
        return total * prior / (prior + PASSENGERS_WEIGHT)

    def mechanisms(self, matches: Sequence[Match]) -> float:
        """Return the mechanisms that match like a finding, expected before the sample is seen.

        `MECHANISM_PRIOR` is divided over the rows of resistance to the drugs given that small
        variants can match; one without evidence from patients counts as `NOT_IN_PATIENTS`. Like
        the finding are the rows of its match level with evidence as of its closest matches, in
        patients or not; for another substitution of a residue, `SAME_RESIDUE` of the exact rows;
        by analogy, `SAME_PATHWAY` of the rows of all levels.

        Parameters
        ----------
        matches : sequence of Match
            Those of the finding that count, the closest first.
        """
        closest = [m for m in matches if m.level == matches[0].level]
        if closest[0].level == PATHWAY:
            return MECHANISM_PRIOR * SAME_PATHWAY
        seen = any(m.row.evidence_level in IN_PATIENTS for m in closest)
        alike, total = 0.0, 0.0
        for row in self.context.catalog:
            if (
                row.direction != "resistance"
                or not row.visible_in_dna
                or row.alteration_type in COPY_NUMBER_ROWS
                or not any(map(row.drug_match, self.patient.drugs))
            ):
                continue
            in_patients = row.evidence_level in IN_PATIENTS
            counted = 1.0 if in_patients else NOT_IN_PATIENTS
            total += counted
            if row.match_level == closest[0].row.match_level and in_patients == seen:
                alike += counted
        if closest[0].inferred:
            alike *= SAME_RESIDUE
        return MECHANISM_PRIOR * alike / total if total else MECHANISM_PRIOR

    def _by_type(self, types: Mapping[str, float], grade: Grade) -> float:
        """Return the sum over types of variants times the fraction of changes that match."""
        total = 0.0
        for name, number in types.items():
            places = self.panel.bases[name[0]] if name in SUBSTITUTIONS else self.panel.size
            good = sum(n for of, n in self.hits[name].items() if _within(of, grade))
            total += number * good / max(places, 1)
        return total

    def expected_copies(self, number: int, call: str, genes: Iterable[str], grade: Grade) -> float:
        """Return the same for gained or lost genes, each of `genes` alike."""
        grades = [self.grade(_made(gene, None, call)) for gene in genes]
        good = sum(of is not None and _within(of, grade) for of in grades)
        return number * good / max(len(grades), 1)


def _within(found: Grade, grade: Grade) -> bool:
    """Whether a match is as close as another, and its tier as strong."""
    return found[0] <= grade[0] and found[1] <= grade[1]


def substitution(ref: str, alt: str) -> str:
    """Return the type of a substitution, ``C>T`` for G>A too."""
    if ref in "AG":
        ref, alt = complement(ref), complement(alt)
    return f"{ref}>{alt}"


def types_of(alterations: Iterable[Alteration]) -> dict[str, float]:
    """Return how many variants there are of each type.

    Substitutions of several bases count by their first; an indel outside the coding sequence
    counts as a frameshift.
    """
    found: collections.Counter[str] = collections.Counter()
    for one in alterations:
        if one.copy_number:
            continue
        pairs = [pair for pair in one.substitutions if set(pair[0] + pair[1]) <= set("ACGT")]
        if pairs:
            found[substitution(*pairs[0])] += 1
        elif any(change.kind == "frameshift" for change in one.changes):
            found["frameshift"] += 1
        elif any(change.kind == "deletion" for change in one.changes):
            found["inframe_deletion"] += 1
        elif any(change.inframe for change in one.changes):
            found["inframe_insertion"] += 1
        else:
            found["frameshift"] += 1
    return dict(found)


def _made(gene: str, change: protein.ProteinChange | None, call: str = "") -> Alteration:
    """Return an alteration of which the effect alone is known."""
    return Alteration(
        id="", gene=gene, copy_number=call, protein="", changes=(change,) if change else (),
        consequence="", splice=False, state=None, states=(), samples={}, reported=True,
        germline=False,
    )  # fmt: skip
