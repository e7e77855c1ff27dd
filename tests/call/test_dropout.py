"""Overlapping amplicons that differ in an allele."""

import random

import numpy as np
import pytest
from callkit import other, random_sequence
from test_assays import CONTIG, Lab, pair

from resistpanel.call.events.dropout import count_amplicons, dropout
from resistpanel.call.io.collection import Kind
from resistpanel.call.io.evidence import ROW, Candidate, Support
from resistpanel.call.io.shards import gather, save, share, stamp
from resistpanel.core.allele import Allele

SEQUENCE = random_sequence(2000, 31)
# 250 bases each, of which 100 are of both; a variant in the middle of these.
FIRST, SECOND = (500, 750), (650, 900)
POS = 700
ALT = other(SEQUENCE[POS])


def reads(rng, first, second, depth=400, length=250):
    """Return fragments of both amplicons, that have the variant at given frequencies."""
    found = []
    for name, (start, end), af in (("a", FIRST, first), ("b", SECOND, second)):
        for n in range(depth):
            errors = {POS: ALT} if rng.random() < af else {}
            found += pair(f"{name}{n}", SEQUENCE, start, end, length, bool(n % 2),
                          errors=errors)  # fmt: skip
    return found


def entry(tmp_path, first, second, **more):
    """Return INFO/AMPLICON_DROPOUT of the variant, and its record."""
    lab = Lab(tmp_path, SEQUENCE, [(550, 850)])
    bam = lab.bam("T", reads(random.Random(3), first, second, more.pop("depth", 400)))
    _, found = lab.call(bam, **more)
    record = found[POS + 1, SEQUENCE[POS], ALT]
    return record.info["AMPLICON_DROPOUT"], record


@pytest.fixture
def primers(tmp_path):
    path = tmp_path / "p.bed"
    rows = [(500, 522, "+"), (728, 750, "-"), (650, 672, "+"), (878, 900, "-")]
    path.write_text("".join(f"{CONTIG}\t{a}\t{b}\tp\t0\t{s}\n" for a, b, s in rows))
    return str(path)


@pytest.mark.parametrize("known", [True, False])
def test_a_heterozygous_variant_that_one_amplicon_lacks(tmp_path, primers, known):
    """0 of 400 against 200 of 400."""
    more = {"primers": primers} if known else {}
    (text,), record = entry(tmp_path, 0.0, 0.5, **more)
    sample, one, two = text.split("|")
    assert sample == "T"
    assert one == "501-750:0/400"
    place, counts = two.split(":")
    alt, total = map(int, counts.split("/"))
    assert (place, total) == ("651-900", 400)
    assert alt == record.samples[0]["AD"][1]
    assert 160 < alt < 240


def test_a_somatic_variant_that_one_amplicon_lacks(tmp_path, primers):
    (text,), record = entry(tmp_path, 0.1, 0.0, primers=primers)
    assert text.endswith("651-900:0/400")
    assert record.filters == []


@pytest.mark.parametrize("af", [0.02, 0.1, 0.5, 1.0])
def test_amplicons_that_agree(tmp_path, primers, af):
    assert entry(tmp_path, af, af, primers=primers)[0] == []


def test_unequal_amplification_is_no_dropout(tmp_path, primers):
    assert entry(tmp_path, 0.3, 0.6, primers=primers)[0] == []


def test_hybrid_capture_has_none(tmp_path):
    assert entry(tmp_path, 0.0, 0.5, library="capture")[0] == []


def test_the_evidence_of_shards_keeps_it(tmp_path, primers):
    lab = Lab(tmp_path, SEQUENCE, [(550, 850)])
    bam = lab.bam("T", reads(random.Random(3), 0.0, 0.5))
    caller, whole = lab.call(bam, primers=primers)
    save(tmp_path / "1.npz", caller.read(share(caller.chunks, 1, 1)), stamp(caller), 1, 1)
    caller.use_evidence(gather([tmp_path / "1.npz"], caller))
    again = {(r.pos, r.ref, r.alt): r for r in caller.records()}
    key = POS + 1, SEQUENCE[POS], ALT
    assert again[key].info["AMPLICON_DROPOUT"] == whole[key].info["AMPLICON_DROPOUT"] != []


def test_one_strand_of_one_amplicon_is_no_dropout_for_sure(tmp_path, primers):
    """It may as well be an artifact of that strand."""
    lab = Lab(tmp_path, SEQUENCE, [(550, 850)])
    bam = lab.bam("T", reads(random.Random(3), 0.1, 0.0, length=150))
    record = lab.call(bam, primers=primers)[1][POS + 1, SEQUENCE[POS], ALT]
    assert record.info["AMPLICON_DROPOUT"]
    assert record.filters == ["strand"]


def test_an_allele_that_moves_the_ends_is_not_compared(tmp_path):
    """Of a long insertion, clipped reads would seem to be of another amplicon."""
    rows = np.zeros(50, ROW)
    kind = Kind("none", None, True, True)
    for word, compared in (("A" * 30, False), ("A", True)):
        support = Support(rows, np.zeros((6, 8)))
        candidate = Candidate(Allele(CONTIG, 700, "", word), [support])
        if compared:
            with pytest.raises(AttributeError):  # it looks at the reads, of which there are none
                count_amplicons([None], [candidate], [kind])
        else:
            count_amplicons([None], [candidate], [kind])
            assert candidate.amplicons == []


def test_chance():
    """Of amplicons that have an allele alike, hardly any pair is noted."""
    rng = np.random.default_rng(1)
    noted = 0
    for _ in range(2000):
        n = rng.integers(20, 2000, 3)
        k = rng.binomial(n, rng.choice([0.02, 0.1, 0.5]))
        noted += k.sum() > 0 and dropout(
            [(0, 1, int(a), int(b)) for a, b in zip(k, n, strict=True)]
        )
    assert noted <= 1
    assert not dropout([(0, 1, 0, 400)])
