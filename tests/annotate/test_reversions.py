"""Reversions: whether the molecule's protein reaches the stop again, held against translation."""

import random

import pytest

from resistpanel.annotate.reversions import allele, reversions, reverts, truncates
from resistpanel.core.sequence import reverse_complement, translate


def molecule(small, alleles):
    """Translate the molecule with alleles (start, ref, alt) that are all within exons."""
    coding = ""
    for start, end in small.gene.cds:
        bases, shift = small.bases[start:end], -start
        for at, ref, alt in sorted(a for a in alleles if start <= a[0] < end):
            assert bases[at + shift : at + shift + len(ref)] == ref
            bases = bases[: at + shift] + alt + bases[at + shift + len(ref) :]
            shift += len(alt) - len(ref)
        coding += bases
    if small.gene.strand == "-":
        coding = reverse_complement(coding)
    protein = translate(coding)
    return len(coding) % 3 == 0 and "*" not in protein[:-1] and protein[0] == "M"


def indel(small, rng, low, high):
    """Draw a deletion or an insertion of 1 to 5 bases in an exon, left-aligned or not."""
    start, end = rng.choice(small.gene.cds)
    at = rng.randrange(start + 4, end - 8)
    size = rng.randint(low, high)
    if rng.random() < 0.5:
        return at, small.bases[at : at + 1 + size], small.bases[at]
    return at, small.bases[at], small.bases[at] + "".join(rng.choices("ACGT", k=size))


@pytest.mark.parametrize("strand", "+-")
def test_pairs_of_indels_agree_with_translation(make_gene, strand):
    """On molecules that have both, at any distance."""
    tried = found = 0
    for seed in range(150):
        rng = random.Random(f"{strand} {seed}")
        small = make_gene(strand, seed=seed)
        tx = small.transcript
        one, two = indel(small, rng, 1, 5), indel(small, rng, 1, 5)
        if abs(one[0] - two[0]) < 14:
            continue
        broken, event = allele(tx, one), allele(tx, two)
        assert truncates(tx, broken) == (not molecule(small, [one]))
        if not truncates(tx, broken):
            continue
        tried += 1
        reverted = reverts(tx, broken, event)
        assert bool(reverted) == molecule(small, [one, two]), (seed, one, two)
        found += bool(reverted)
    assert tried > 60 and found > 3


def nonsense(make_gene, strand):
    """Return a gene with TAC as codon 12, and the substitution that makes it TAA."""
    small = make_gene(strand, codons="GCT" * 10 + "TAC" + "GCA" * 29, exons=(60, 30))
    pos = small.gene.position(36)
    return small, (pos, "C", "A") if strand == "+" else (pos, "G", "T")


@pytest.mark.parametrize("strand", "+-")
def test_a_premature_stop(make_gene, strand):
    small, stop = nonsense(make_gene, strand)
    tx = small.transcript
    broken = allele(tx, stop)
    assert truncates(tx, broken)

    def of(c, ref, alt):
        """Return the reversion by a change of coding bases from `c` (1-based)."""
        at = sorted(small.gene.position(c + i) for i in range(len(ref)))
        if strand == "-":
            ref, alt = reverse_complement(ref), reverse_complement(alt)
        start = at[0] - 1
        anchor = small.bases[start]
        assert small.bases[start + 1 : start + 1 + len(ref)] == ref
        found = reverts(tx, broken, allele(tx, (start, anchor + ref, anchor + alt)))
        return (found.kind, found.hgvs_p) if found else None

    assert of(36, "C", "G") is None  # TAG
    assert of(36, "C", "T") == ("codon", "p.Tyr12=")
    assert of(34, "T", "C") == ("codon", "p.Tyr12Gln")
    assert of(35, "AC", "GG") == ("codon", "p.Tyr12Trp")
    assert of(34, "TAC", "") == ("deletion", "p.Tyr12del")
    assert of(31, "GCTTACGCA", "") == ("deletion", "p.Tyr12_Ala14del")
    assert of(34, "TACG", "") is None
    assert of(31, "GCT", "") is None  # in frame, and the stop is still there
    assert of(40, "G", "C") is None
    assert of(36, "C", "CGCA") == ("replaced", "p.Ala41dup")  # TAA to TA CGC A
    assert of(36, "C", "CTTT") is None


def test_bases_once_deleted_stay_deleted(make_gene):
    small = make_gene("+", codons="GCTACGTTGCATGGACCA" * 6, exons=(60, 30))
    tx = small.transcript

    def deletion(c, size):
        at = small.gene.position(c) - 1
        return allele(tx, (at, small.bases[at : at + 1 + size], small.bases[at]))

    broken = deletion(20, 4)
    assert reverts(tx, broken, deletion(18, 9)).kind == "deletion"
    assert reverts(tx, broken, deletion(22, 6)) is None  # bases 20 and 21 are back
    assert reverts(tx, broken, deletion(40, 2)).kind == "frame"
    assert reverts(tx, broken, deletion(40, 3)) is None


@pytest.mark.parametrize("strand", "+-")
def test_deletions_of_exons(make_gene, strand):
    """Exon 2 of 30 bases holds the allele; its loss keeps the frame, that of a part does not."""
    small = make_gene(strand, exons=(30, 30, 32), seed=4)
    tx = small.transcript
    start, end = small.gene.coding_order[1]
    middle = (start + end) // 2
    broken = (middle, small.bases[middle : middle + 2], small.bases[middle])
    assert truncates(tx, allele(tx, broken))
    donor = end if strand == "+" else start - 1
    site = (donor, small.bases[donor], "A" if small.bases[donor] != "A" else "C")
    assert truncates(tx, allele(tx, site))
    whole = {(start - 20, small.bases[start - 20], "<DEL>"): end + 15}
    part = {(start - 20, small.bases[start - 20], "<DEL>"): middle + 6}
    other = small.gene.coding_order[2]
    frame = {(other[0] - 9, small.bases[other[0] - 9], "<DEL>"): other[1] + 9}
    for gone, kinds in ((whole, ["deletion", "deletion"]), (part, []), (frame, ["frame"])):
        alleles = {broken: None, site: None, **gone}
        found = reversions([tx], alleles, [broken, site])
        assert [r.kind for r in found.get(next(iter(gone)), [])] == kinds
        assert not found.keys() - gone.keys()
