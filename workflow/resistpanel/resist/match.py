"""Matching an alteration with the rows of the catalogue."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from resistpanel.catalog.classes import Activating, Diseases
from resistpanel.catalog.drivers import Driver
from resistpanel.catalog.drugs import Drug
from resistpanel.catalog.table import EVIDENCE_LEVELS, IN_PATIENTS, Catalog, Row
from resistpanel.core.text import join, plural
from resistpanel.core.vocabulary import GAINED
from resistpanel.resist.alteration import Alteration, Partner

#: Match levels, the closest first.
LEVELS = ("exact", "codon", "range", "class", "gene", "pathway")
#: Level of the rows that speak by analogy (`resistpanel.resist.analogy`).
PATHWAY = "pathway"

#: Alteration types of expression, which more or fewer copies of the gene bring about.
EXPRESSION = {"overexpression": "amplification", "expression_loss": "deletion"}

#: Alteration types that junctions show, of the whole gene.
JUNCTIONS = ("fusion", "kinase_domain_duplication")
#: Alteration of rows of type ``splice`` that name an exon.
EXON_SKIPPED = re.compile(r"exon (\d+) skipping")


def shown_by_junction(alteration: Alteration, kind: str) -> bool:
    """Return whether an alteration is a fusion that keeps the kinase domain, or its duplication.

    A fusion in which the gene is the 5' partner keeps its domain as well.
    """
    junction = alteration.junction
    if junction is None:
        return False
    if kind == "fusion":
        return (
            junction.fusion is not None
            and junction.kinase == "kept"
            and (junction.frame != "out_of_frame")
        )
    return junction.kinase == "duplicated"


def duplicates_in(alteration: Alteration, row: Row | Driver) -> bool:
    """Return whether an internal tandem duplication in frame overlaps the residues of a row.

    Such a row names where the copy is inserted; the residues that are repeated may begin before it
    or end beyond it. A copy that begins within a codon is an insertion by its name, behind the
    residues that it repeats.
    """
    names = alteration.usual_name, alteration.junction.name if alteration.junction else ""
    if not any((name or "").startswith(f"{alteration.gene}-ITD") for name in names):
        return False
    if row.alteration_type != "inframe_insertion" or row.span is None:
        return False
    first, last = row.span
    return any(
        change.kind in ("duplication", "insertion")
        and change.start - max(len(change.alt) - 1, 0) <= last
        and first <= change.end
        for change in alteration.changes
    )


def shown_by_breakpoints(row: Row | Driver) -> bool:
    """Return whether what a row names is found in DNA if its breakpoints are in the targets."""
    skipped = row.alteration_type == "splice" and EXON_SKIPPED.fullmatch(row.alteration)
    return row.alteration_type in JUNCTIONS or bool(skipped)


def skips_exon(alteration: Alteration, text: str) -> bool:
    """Return whether an alteration has the effect ``exon 14 skipping`` of a row, by exon.

    The exon is lost by a junction, or by a splice change that is named for it.
    """
    match = EXON_SKIPPED.fullmatch(text)
    if match is None:
        return False
    if alteration.usual_name.startswith(text):
        return True
    junction, exon = alteration.junction, match[1]
    lost = {"exon_loss_variant", "splice_acceptor_variant", "splice_donor_variant"}
    return (
        junction is not None
        and junction.exons == f"{alteration.gene}:{exon}-{exon}"
        and alteration.consequence in lost
    )


@dataclass(frozen=True, slots=True)
class Match:
    """A catalogue row that speaks of an alteration.

    Attributes
    ----------
    row : Row
    level : str
        One of `LEVELS`.
    drug : Drug or None
        The drug given that the row speaks of; None if it speaks of others.
    drug_match : str or None
        ``drug`` if the row names the drug given, ``class`` if it names its class, ``target`` if it
        names another inhibitor of the target, ``stretch`` if another residue of the same part of
        it, ``other`` if it speaks of a drug against another receptor.
    disease : bool or None
        Whether the row's disease is the patient's; None if either is not given.
    partners : tuple of Partner
        Of a compound row: the other mutations.
    """

    row: Row
    level: str
    drug: Drug | None
    drug_match: str | None
    disease: bool | None
    partners: tuple[Partner, ...] = ()

    @property
    def inferred(self) -> bool:
        """Whether the row names another substitution of the residue, and that one alone."""
        return self.level == "codon" and self.row.match_level == "exact"

    @property
    def place(self) -> str:
        """The residue, or the range of residues, that a row names instead of a change."""
        if self.row.match_level == "codon":
            return f"the residue {self.row.alteration}"
        return f"residues {self.row.alteration}"

    @property
    def of_what(self) -> str:
        """What the row speaks of, where that is another gene or another inhibitor."""
        if self.drug_match == "target":
            return "the same change"
        if self.drug_match == "stretch":
            return f"{self.row.alteration}, of the same part of {self.row.gene}"
        if self.row.mechanism_class == "on_target_mutation":
            return f"{self.row.alteration} of {self.row.gene}, which corresponds to it"
        what = {"activating": "activated", "amplification": "amplified"}
        return f"{what.get(self.row.alteration_type, 'lost')} {self.row.gene}"

    @property
    def of_whom(self) -> str:
        """The drugs that the row names, or its classes."""
        return join(self.row.drugs) if self.row.drugs else join(map(plural, self.row.drug_class))

    def closeness(self) -> tuple[int, int, int, int]:
        """Sort key, the closest match first: level, drug, disease, evidence."""
        return (
            LEVELS.index(self.level),
            {"drug": 0, "class": 1, "target": 2, "stretch": 3, "other": 4, None: 5}[
                self.drug_match
            ],
            {True: 0, None: 1, False: 2}[self.disease],
            EVIDENCE_LEVELS.index(self.row.evidence_level),
        )


def compound(alteration: Alteration, row: Row) -> tuple[Partner, ...]:
    """Return the partners with which an alteration is the compound mutation of a row."""
    for own in row.parts:
        if not any(map(own.fits, alteration.changes)):
            continue
        found: list[Partner] = []
        for part in row.parts:
            if part is own:
                continue
            found += [
                one
                for one in alteration.partners
                if one not in found and any(map(part.fits, one.changes))
            ][:1]
        if len(found) == len(row.parts) - 1:
            return tuple(found)
    return ()


def same_residue(alteration: Alteration, row: Row) -> bool:
    """Return whether relapse brought another substitution of the residue of an exact row.

    A different substitution at a residue with an established one is evidence of moderate strength
    (ClinGen/CGC/VICC, Horak et al. 2022, Genet Med 24:986, criterion OM4). Alterations of the
    germline and those that were there before treatment are left to the exact row, which speaks of
    resistance alone.
    """
    if row.match_level != "exact" or row.alteration_type != "substitution":
        return False
    before = alteration.state not in (None, *GAINED) or alteration.before == "present"
    if row.direction != "resistance" or alteration.germline or before:
        return False
    return any(
        change.kind == "substitution"
        and (change.ref, change.start) == (row.change.ref, row.change.start)
        and change != row.change
        for change in alteration.changes
    )


def level_of(alteration: Alteration, row: Row, activating: Iterable[Activating]) -> str | None:
    """Return the level at which `row` matches `alteration`, or None.

    A gene-level loss of function is matched by a truncating variant or by a deletion of the
    gene; an amplification by an amplification call alone.
    """
    if row.gene != alteration.gene:
        return None
    if row.alteration_type in JUNCTIONS:
        return "gene" if shown_by_junction(alteration, row.alteration_type) else None
    if row.alteration_type == "splice" and skips_exon(alteration, row.alteration):
        return "exact"
    if alteration.copy_number and EXPRESSION.get(row.alteration_type) == alteration.copy_number:
        return "gene"
    if not row.visible_in_dna:
        return None
    if alteration.copy_number:
        kinds = {
            "amplification": {"amplification"},
            "deletion": {"deletion", "loss_of_function"},
        }[alteration.copy_number]
        return "gene" if row.match_level == "gene" and row.alteration_type in kinds else None
    if row.alteration_type == "reversion":
        return "gene" if alteration.restores else None
    if row.alteration_type == "loss_of_function" and row.match_level == "gene":
        return "gene" if alteration.inactivates else None
    if row.parts:
        return "exact" if compound(alteration, row) else None
    if row.match_level == "class":
        known = [a for a in activating if a.gene == row.gene]
        hit = any(a.matches_change(c) for a in known for c in alteration.changes)
        return "class" if hit else None
    if any(row.matches_change(change) for change in alteration.changes):
        return row.match_level
    if same_residue(alteration, row):
        return "codon"
    if duplicates_in(alteration, row):
        return row.match_level
    return None


def find_matches(
    alteration: Alteration,
    catalog: Catalog,
    activating: Sequence[Activating],
    drugs: Iterable[Drug],
    diseases: Diseases,
    disease: str | None,
) -> list[Match]:
    """Return every row that speaks of `alteration`, the closest first.

    Rows that name none of `drugs` or of their classes are returned too, with `drug` None: they
    say what else is expected to fail.
    """
    matches = []
    for row in catalog.of_gene(alteration.gene):
        level = level_of(alteration, row, activating)
        if level is None:
            continue
        named = [(row.drug_match(drug), drug) for drug in drugs]
        best = min(
            (item for item in named if item[0]),
            key=lambda item: item[0] != "drug",
            default=(None, None),
        )
        same = diseases.match(disease, row.disease)
        matches.append(Match(row, level, best[1], best[0], same, compound(alteration, row)))
    return sorted(_under_the_drug(alteration, matches), key=Match.closeness)


def _under_the_drug(alteration: Alteration, matches: Sequence[Match]) -> list[Match]:
    """Return the matches, those of a residue as exact where the alteration came under the drug.

    Rows that call a range of residues sensitive are left out then: they are of patients who had
    another drug before, and do not speak of the single residue.

    A row that says of the very change that it stays sensitive is of patients who had another drug
    before. Where the change came under this drug, and patients are reported in whom changes of
    the residue came under it, that row does not outweigh them.
    """
    if alteration.germline or alteration.state not in GAINED:
        return list(matches)
    if alteration.before != "present":
        matches = [m for m in matches if not (m.drug and _of_range(m))]
    sensitive = {
        m.drug.name
        for m in matches
        if m.drug_match == "drug" and m.level == "exact" and m.row.direction == "sensitivity"
    }
    return [
        replace(m, level="exact")
        if m.drug_match == "drug"
        and m.drug.name in sensitive
        and (m.level, m.row.match_level, m.row.direction) == ("codon", "codon", "resistance")
        and m.row.evidence_level in IN_PATIENTS
        else m
        for m in matches
    ]


def _of_range(match: Match) -> bool:
    return match.level == "range" and match.row.direction == "sensitivity"


def effective(matches: Sequence[Match]) -> list[Match]:
    """Return the matches for the drugs given that count, the closest first.

    Evidence for the exact change outweighs what is known of its codon, its class or its
    gene: of the matches for a drug given, those of the closest level are kept, together with
    farther ones that point the same way.
    """
    ours = [match for match in matches if match.drug]
    if not ours:
        return []
    closest = ours[0].level
    directions = {match.row.direction for match in ours if match.level == closest}
    return [m for m in ours if m.level == closest or m.row.direction in directions]


def overruled(matches: Sequence[Match]) -> list[Match]:
    """Return the matches for the drugs given that a closer match outweighs."""
    kept = effective(matches)
    return [match for match in matches if match.drug and match not in kept]
