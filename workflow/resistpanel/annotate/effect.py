"""An allele's effect on one transcript, and the transcript where it matters most."""

import dataclasses
from collections.abc import Iterable

from resistpanel.annotate.annotate_constants import FLANK
from resistpanel.annotate.cdna import cdna_name
from resistpanel.annotate.consequence import ordered, rank, splice_terms
from resistpanel.annotate.duplications import spliced_copy, tandem_copy
from resistpanel.annotate.edits import Edit, equivalents, smallest
from resistpanel.annotate.naming import usual_name
from resistpanel.annotate.protein import UNKNOWN, ProteinEffect, protein_effect
from resistpanel.annotate.transcript import Transcript


@dataclasses.dataclass(frozen=True)
class Effect:
    """The effect of an allele on a transcript.

    Parameters
    ----------
    symbol, transcript : str
    terms : tuple of str
        Sequence Ontology terms, the most severe first.
    hgvs_c : str
        HGVS c. name without the transcript.
    hgvs_p : str or None
        HGVS p. name; None where no coding base or splice site changes.
    shorts : tuple of str
        Short protein names.
    residues : tuple of (int or None)
        For a substitution the codon of each substituted base in genomic order, else empty.
    splice : bool
        Whether the allele can be placed in a splice site or splice region.
    distance : int
        Bases between the allele and the coding sequence, 0 inside it and in its introns.
    refseq : str
        The transcript in RefSeq, where the panel says it.
    name : str
        Usual name of an allele without a protein change, see `naming`.
    fault : str
        Why the protein change is not named, see `Transcript.fault`; empty if it could be.
    """

    symbol: str
    transcript: str
    terms: tuple[str, ...]
    hgvs_c: str
    hgvs_p: str | None
    shorts: tuple[str, ...]
    residues: tuple[int | None, ...]
    splice: bool
    distance: int
    refseq: str = ""
    name: str = ""
    fault: str = ""


def effect(transcript: Transcript, start: int, ref: str, alt: str) -> Effect | None:
    """Return the effect of an allele; None where it lies too far from the transcript.

    Parameters
    ----------
    transcript : Transcript
    start : int
        Genomic position of the first base of `ref`, 0-based.
    ref, alt : str
        Alleles on the forward strand, as in VCF.
    """
    edit = smallest(start, ref, alt)
    distance = max(transcript.start - edit.end, edit.start - transcript.end, 0)
    if distance >= FLANK:
        return None
    placements = equivalents(edit, transcript.chrom, transcript.fetch)
    splices = [splice_terms(transcript, placement) for placement in placements]
    # All placements give the same sequence, so a splice site is hit only if all of them hit it.
    sites = set.intersection(*splices) - {"splice_region_variant"}
    near = any(splices)
    protein = None if sites else _protein(transcript, placements)
    terms = set(sites)
    if protein:
        terms |= set(protein.terms)
    elif sites:
        protein = ProteinEffect(UNKNOWN, (), ())
    if near and not sites:
        terms.add("splice_region_variant")
    terms |= _place(transcript, placements, coding=bool(protein))
    hgvs_c, ranked = cdna_name(transcript, placements), ordered(terms)
    return Effect(
        transcript.symbol,
        transcript.name,
        ranked,
        hgvs_c,
        protein.hgvs if protein else None,
        protein.shorts if protein else (),
        residues_of(transcript, start, ref, alt),
        near,
        distance,
        transcript.gene.refseq,
        usual_name(transcript, placements, ranked, hgvs_c),
        transcript.fault if protein else "",
    )


def _place(transcript: Transcript, placements: list[Edit], coding: bool) -> set[str]:
    """Return the term of an allele's place where no coding base changes."""
    if coding:
        return set()
    # An allele that can be placed outside the coding sequence leaves it as it is.
    before = any(edit.end <= transcript.start for edit in placements)
    if not before and all(edit.start < transcript.end for edit in placements):
        return {"intron_variant"}
    upstream = before == transcript.forward
    return {"upstream_gene_variant" if upstream else "downstream_gene_variant"}


def _protein(transcript: Transcript, placements: list[Edit]) -> ProteinEffect | None:
    """Return the effect on the protein; None if no placement needs to change a coding base."""
    spans = [(transcript.span(placement), placement) for placement in placements]
    reach = transcript.length
    for span, _ in spans:
        # An insertion before the first base, or after the last, is outside.
        if span and (span[1] <= 0 or span[0] >= reach):
            return None
    inside = [(span, edit) for span, edit in spans if span]
    if not inside:
        if any(_touches(transcript, placement) for placement in placements):
            return ProteinEffect(UNKNOWN, (), ("coding_sequence_variant",))
        return None
    if transcript.fault:
        return ProteinEffect(UNKNOWN, (), ("coding_sequence_variant",))
    (low, high), edit = max(inside, key=lambda one: one[0][0] >= 0 and one[0][1] <= reach)
    alt = transcript.strand(edit.alt)
    copy = tandem_copy(transcript, placements) if transcript.introns else None
    if copy and (spliced := spliced_copy(transcript, copy)):
        low, alt = spliced
        high = low
    if low < 0:
        if len(alt) != high - low:
            return ProteinEffect("p.Met1?", ("M1?",), ("start_lost",))
        low, alt = 0, alt[-low:]
    skip = transcript.offset
    if low < skip:
        return ProteinEffect(UNKNOWN, (), ("coding_sequence_variant",))
    return protein_effect(
        transcript.coding[skip:],
        transcript.trailing,
        low - skip,
        high - skip,
        alt,
        transcript.translation,
    )


def _touches(transcript: Transcript, edit: Edit) -> bool:
    """Whether a coding base is replaced or removed."""
    return any(edit.start < end and edit.end > start for start, end in transcript.gene.cds)


def residues_of(transcript: Transcript, start: int, ref: str, alt: str) -> tuple[int | None, ...]:
    """Return the codon of each substituted base in genomic order; of an indel, none."""
    if len(ref) != len(alt):
        return ()
    changed = [start + i for i in range(len(ref)) if ref[i] != alt[i]]
    found = [transcript.gene.residue(pos) for pos in changed]
    return tuple(place[0] if place else None for place in found)


def most_severe(transcripts: Iterable[Transcript], start: int, ref: str, alt: str) -> Effect | None:
    """Return the effect on the transcript where it is most severe, None if there is none.

    Of equally severe effects the one nearer to the coding sequence counts, then the first
    gene by name.
    """
    found = [effect(transcript, start, ref, alt) for transcript in transcripts]
    return min(
        (one for one in found if one),
        key=lambda one: (rank(one.terms[0]), one.distance, one.symbol),
        default=None,
    )
