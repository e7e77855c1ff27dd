"""Our consequences against those of bcftools csq, on random genes and alleles."""

import random
import re

import pytest

from resistpanel.annotate.csq import csq
from resistpanel.annotate.edits import equivalents, smallest
from resistpanel.annotate.effect import effect
from resistpanel.core.errors import InputError
from resistpanel.core.sequence import translate

CHANGE = re.compile(r"(\d+)([A-Z*]+)(?:>(\d+)([A-Z*]*))?")
TERMS = {
    "missense": "missense_variant",
    "synonymous": "synonymous_variant",
    "stop_gained": "stop_gained",
    "stop_lost": "stop_lost",
    "start_lost": "start_lost",
    "frameshift": "frameshift_variant",
    "inframe_deletion": "inframe_deletion",
    "inframe_insertion": "inframe_insertion",
    "inframe_altering": "inframe",
    "stop_retained": "stop_retained_variant",
    "splice_region": "splice_region_variant",
    "splice_donor": "splice_donor_variant",
    "splice_acceptor": "splice_acceptor_variant",
    "intron": "intron_variant",
}


def draw_allele(rng, small):
    """Return an allele in a coding exon or up to 12 bases beside it."""
    low, high = rng.choice(small.gene.cds)
    start = rng.randrange(low - 12, high + 12)
    size = rng.choice([0, 0, 1, 1, 1, 1, 2, 3, 3, 6])
    ref = small.bases[start : start + size]
    kind = rng.choice(["substitution", "none", "any"])
    draw = lambda n: "".join(rng.choice("ACGT") for _ in range(n))  # noqa: E731
    alt = {"substitution": draw(size), "none": "", "any": draw(rng.choice([0, 1, 2, 3, 3, 6]))}
    alt = alt[kind]
    if size == len(alt) and ref != alt:
        return start, ref, alt
    if ref == alt:
        return start, "", ""
    # left-aligned and trimmed, as the caller writes alleles: csq 1.16 and 1.24 misread some
    # deletions whose REF begins and ends with the same base, which left-aligned ones do not
    edit = equivalents(smallest(start, ref, alt), small.chrom, small.fetch)[0]
    anchor = edit.start - 1
    ref = small.bases[anchor : edit.end]
    return anchor, ref, ref[0] + edit.alt


def csq_of(small, alleles, folder, write_genome):
    """Run csq; return for each allele a list of (terms, amino acid change)."""
    fasta, gff3 = write_genome(small, folder)
    alleles = [(small.chrom, *one) for one in alleles]
    strings, crashed = csq(alleles, {small.chrom: len(small.bases)}, gff3, fasta, brief=0)
    found = []
    for allele in alleles:
        entries = [entry.split("|") for entry in strings.get(allele, ())]
        found.append(
            [
                ({TERMS.get(t, t) for t in parts[0].split("&")}, parts[5] if parts[5:] else "")
                for parts in entries
            ]
            if allele not in crashed
            else None
        )
    return found


@pytest.mark.parametrize("strand", "+-")
def test_agreement_with_csq(strand, make_gene, write_genome, tmp_path):
    rng = random.Random(11)
    compared = {"substitution": 0, "indel": 0, "splice": 0}
    for seed in range(9):
        small = make_gene(strand, seed=100 + seed)
        alleles = [draw_allele(rng, small) for _ in range(150)]
        alleles = [one for one in alleles if one[1]]
        folder = tmp_path / str(seed)
        folder.mkdir()
        results = csq_of(small, alleles, folder, write_genome)
        for allele, result in zip(alleles, results, strict=True):
            if result is not None:
                compare(small, allele, result, compared)
    assert min(compared.values()) > 120, compared


def compare(small, allele, result, compared):
    start, ref, alt = allele
    found = effect(small.transcript, start, ref, alt)
    edit = smallest(start, ref, alt)
    placements = equivalents(edit, small.chrom, small.fetch)
    theirs = set().union(*(terms for terms, _ in result))
    if len(ref) == len(alt) == 1:  # splice terms by position, exactly
        sites = {term for term in theirs if term.startswith("splice")}
        assert sites == {term for term in found.terms if term.startswith("splice")}, allele
        compared["splice"] += 1
    # csq judges edits of the first and last codon, and those that could as well lie
    # in an intron, by their position alone; we by the altered sequence.
    first, last = small.gene.cds[0][0] + 3, small.gene.cds[-1][1] - 3
    within = any(
        all(low < one.start and one.end < high for one in placements)
        for low, high in small.gene.cds
    )
    if not within or placements[0].start <= first or placements[-1].end >= last:
        return
    ours = {term for term in found.terms if term != "splice_region_variant"}
    theirs = {term for term in theirs if term in TERMS.values()} - {"splice_region_variant"}
    if "inframe" in theirs:
        theirs = theirs - {"inframe"} | {t for t in ours if t.startswith("inframe")}
    if "frameshift_variant" in theirs:
        # csq names no stop of a frameshift, neither a new one at once nor the old one lost
        ours -= {"stop_gained", "stop_lost"}
        theirs -= {"stop_gained", "stop_lost"}
    if "stop_gained" in theirs:
        lesser = {"missense_variant", "inframe_insertion", "inframe_deletion"}
        ours, theirs = ours - lesser, theirs - lesser
    change = next(text for _, text in result if text)
    if theirs:  # csq has no protein term for a deletion-insertion that changes the length
        assert ours == theirs, (allele, found, result)
    compared["substitution" if edit.net == 0 else "indel"] += 1
    protein = translate(small.transcript.coding)
    assert altered_by(protein, change) == altered_by_us(small, edit), (allele, found, result)


def altered_by(protein, change):
    """Apply csq's amino acid change, ``25F>25L`` or ``25F``."""
    position, old, _, new = CHANGE.fullmatch(change).groups()
    i = int(position) - 1
    assert protein[i : i + len(old)] == old
    text = protein[:i] + (old if new is None else new) + protein[i + len(old) :]
    stop = text.find("*")
    return text[: stop + 1] if stop >= 0 else text


def altered_by_us(small, edit):
    tx = small.transcript
    low, high = tx.span(edit)
    text = translate(tx.coding[:low] + tx.strand(edit.alt) + tx.coding[high:])
    stop = text.find("*")
    return text[: stop + 1] if stop >= 0 else text


def test_refusal_is_one_line(make_gene, write_genome, tmp_path):
    small = make_gene()
    fasta, gff3 = write_genome(small, tmp_path)
    text = gff3.read_text().replace("\t0\tID=CDS", "\t1\tID=CDS")
    assert text != gff3.read_text()
    gff3.write_text(text)
    with pytest.raises(InputError) as caught:
        csq([("1", 130, small.bases[130], "N")], {"1": len(small.bases)}, gff3, fasta)
    assert len(caught.value.lines()) == 1
    assert str(caught.value).startswith(f"{gff3}: bcftools csq failed: Error: GFF3 assumption")


def test_a_crash_costs_the_one_allele(make_gene, write_genome, tmp_path):
    """bcftools 1.24 crashes on this deletion-insertion over the start codon's first base."""
    small = make_gene(seed=103)
    fasta, gff3 = write_genome(small, tmp_path)
    bases, start = small.bases, small.gene.cds[0][0]
    other = "ACGT".replace(bases[130], "")[0]
    fine = [("1", 130, bases[130], other), ("1", 131, bases[131 : 131 + 4], bases[131])]
    bad = ("1", start - 1, bases[start - 1 : start + 1], bases[start - 1] + "CT")
    strings, crashed = csq([fine[0], bad, fine[1]], {"1": len(bases)}, gff3, fasta)
    assert set(strings) >= set(fine)
    assert crashed == ([] if bad in strings else [bad])


def test_unknown_bases_in_coding_exons(make_gene, write_genome, tmp_path):
    """csq must take a genome that has sequence in some exons alone."""
    small = make_gene()
    end = small.gene.cds[0][1]
    small.bases = small.bases[:end] + "N" * len(small.bases[end:])
    start = small.gene.cds[0][0] + 7
    allele = (start, small.bases[start], "ACGT".replace(small.bases[start], "")[0])
    (found,) = csq_of(small, [allele], tmp_path, write_genome)
    ours = effect(small.transcript, *allele)
    assert found[0][0] == set(ours.terms)
    assert found[0][1].startswith("3")
