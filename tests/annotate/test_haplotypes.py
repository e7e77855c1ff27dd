"""Alleles of one molecule are read together: compared with the translated molecule."""

import random

import pytest

from resistpanel.annotate.haplotypes import joint_effect, reading
from resistpanel.core.sequence import reverse_complement, translate

OTHERS = {"A": "CGT", "C": "AGT", "G": "ACT", "T": "ACG"}


def protein_of(small, alleles):
    """Translate the molecule with the alleles (start, ref, alt), all of them within exons."""
    exons = []
    for start, end in small.gene.cds:
        bases, shift = small.bases[start:end], 0
        for at, ref, alt in sorted(a for a in alleles if start <= a[0] < end):
            at += shift - start
            assert bases[at : at + len(ref)] == ref
            bases = bases[:at] + alt + bases[at + len(ref) :]
            shift += len(alt) - len(ref)
        exons.append(bases)
    coding = "".join(exons)
    if small.gene.strand == "-":
        coding = reverse_complement(coding)
    return translate(coding).split("*")[0]


def position(small, t):
    """Return the genomic position of a base of the coding sequence."""
    exons = [pos for start, end in small.gene.cds for pos in range(start, end)]
    return exons[t] if small.gene.strand == "+" else exons[-1 - t]


def substitution(small, pos, rng):
    ref = small.bases[pos]
    return pos, ref, rng.choice(OTHERS[ref])


@pytest.mark.parametrize("seed", range(200))
def test_two_substitutions_of_one_codon(make_gene, seed):
    """Codons of both strands, those that an intron divides among them."""
    rng = random.Random(f"codon {seed}")
    small = make_gene(rng.choice("+-"), seed=seed)
    divided = [10, 20, 30] if seed % 4 == 0 else range(1, 40)
    codon = rng.choice(list(divided))
    one, two = (substitution(small, position(small, 3 * codon + k), rng)
                for k in rng.sample(range(3), 2))  # fmt: skip
    found = joint_effect(small.transcript, [one, two])
    old, new = protein_of(small, []), protein_of(small, [one, two])
    assert len(found.shorts) == 1
    come = new[codon] if codon < len(new) else "*"
    assert found.shorts[0] == f"{old[codon]}{codon + 1}{come}"
    expected = {"*": "stop_gained", old[codon]: "synonymous_variant"}.get(come, "missense_variant")
    assert expected in found.terms


def test_other_codons_are_read_alone(make_gene):
    small = make_gene(seed=3)
    rng = random.Random(1)
    one, two = (substitution(small, position(small, t), rng) for t in (30, 33))
    assert joint_effect(small.transcript, [one, two]) is None


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize("seed", range(20))
def test_a_restored_frame(make_gene, strand, seed):
    """A deletion of one base and an insertion of one, at any distance, give one protein."""
    rng = random.Random(f"frame {seed}")
    small = make_gene(strand, seed=seed)
    t1, t2 = sorted(rng.sample([t for t in range(6, 115) if t not in range(28, 34)], 2))
    if t2 - t1 < 4:
        t2 += 4
    places = [position(small, t) for t in (t1, t2)]
    alleles = []
    for place, kind in zip(places, rng.sample(["del", "ins"], 2), strict=True):
        anchor = small.bases[place]
        if kind == "ins":
            alleles.append((place, anchor, anchor + rng.choice("ACGT")))
        else:
            alleles.append((place, anchor + small.bases[place + 1], anchor))
    inside = all(any(s <= a and a + len(r) < e for s, e in small.gene.cds) for a, r, _ in alleles)
    found = joint_effect(small.transcript, alleles)
    if found is None:
        # At the border of an exon, or a base that the other one needs.
        assert not inside or abs(places[0] - places[1]) < 3
        return
    assert "frameshift_variant" not in found.terms
    assert found.hgvs_c.startswith("c.[")
    old, new = protein_of(small, []), protein_of(small, alleles)
    if old == new:
        assert found.hgvs_p == "p.=" or "synonymous_variant" in found.terms
    else:
        first = next(i for i in range(len(old)) if old[i] != new[i : i + 1])
        if found.hgvs_p != "p.?":
            assert str(first + 1) in found.hgvs_p


def test_only_what_is_always_on_the_same_molecules(make_gene):
    """A subclone's second substitution is read with the first, which is still there alone."""
    small = make_gene(seed=4)
    rng = random.Random(2)
    first, second = (substitution(small, position(small, t), rng) for t in (31, 32))
    transcripts = [small.transcript]
    of_second = reading(transcripts, second, {first: "cis"}, {first: "cis and trans"})
    assert of_second.partners == (first,)
    assert of_second.effect == joint_effect(small.transcript, [second, first])
    of_first = reading(transcripts, first, {second: "cis and trans"}, {second: "cis"})
    assert of_first.effect is None and not of_first.unphased
    for phase in ("unknown", "cis and trans"):
        both = reading(transcripts, second, {first: phase}, {first: phase})
        assert both.effect is None
        assert [other for other, _ in both.unphased] == [first]
    apart = reading(transcripts, second, {first: "trans"}, {first: "trans"})
    assert apart.effect is None and not apart.unphased
