"""The compiled realignment score against its plain-Python twin."""

import random

import calltwins as twins
import numpy as np
import pytest

from resistpanel.call.kernels import score_reads
from resistpanel.call.reader import READ_DTYPE
from resistpanel.call.reference import encode


def random_case(seed):
    """Return haplotypes with their shifts, and reads cut from them with their alignments."""
    rng = random.Random(seed)
    reference = "".join(rng.choices("ACGT", k=300))
    if rng.random() < 0.3:
        reference = reference[:140] + "NNN" + reference[143:]
    haplotypes, shifts = [reference], [0]
    for _ in range(rng.randint(1, 4)):
        at, gone = rng.randint(100, 180), rng.randint(0, 30)
        word = "".join(rng.choices("ACGT", k=rng.randint(0, 30)))
        haplotypes.append(reference[:at] + word + reference[at + gone :])
        shifts.append(len(word) - gone)
    origin = rng.choice([0, 10_000])
    reads = []
    for _ in range(25):
        hap = rng.choice(haplotypes)
        length = rng.choice([20, 36, 100])
        at = rng.randint(-10, len(hap) - length + 10)
        inside = hap[max(0, at) : at + length]
        bases = list(inside + "".join(rng.choices("ACGT", k=length - len(inside))))
        for i in range(length):
            if rng.random() < 0.05:
                bases[i] = rng.choice("ACGTN")
        quality = [rng.choice([0, 2, 5, 12, 30, 37, 41, 60, 93]) for _ in range(length)]
        left, right = rng.choice([(0, 0), (0, 0), (7, 0), (0, 12)])
        span = length - left - right + rng.choice([0, 0, -6, 9])
        reads.append(("".join(bases), quality, origin + at + left, span, left, right))
    return haplotypes, shifts, origin, reads


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_the_twin(seed):
    haplotypes, shifts, origin, reads = random_case(seed)
    table = np.zeros(len(reads), dtype=READ_DTYPE)
    at = 0
    for row, (bases, _, pos, span, left, right) in zip(table, reads, strict=True):
        row["pos"], row["end"], row["lclip"], row["rclip"] = pos, pos + span, left, right
        row["length"], row["seq"] = len(bases), at
        at += len(bases)
    lengths = np.array([len(h) for h in haplotypes], dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
    chosen = np.array(random.Random(seed).sample(range(len(reads)), 15), dtype=np.int64)
    score, offset, wrong = score_reads(
        table,
        encode("".join(r[0] for r in reads)),
        np.concatenate([r[1] for r in reads]).astype(np.uint8),
        chosen,
        encode("".join(haplotypes)),
        starts,
        lengths,
        np.array(shifts, dtype=np.int32),
        origin,
    )
    assert score.shape == offset.shape == wrong.shape == (15, len(haplotypes))
    for i, row in enumerate(chosen):
        bases, quality, pos, span, left, right = reads[row]
        for h, (hap, shift) in enumerate(zip(haplotypes, shifts, strict=True)):
            # from the left end, or from the right end with what the haplotype gains
            places = [pos - left - origin, pos + span + right - len(bases) - origin + shift]
            tried = [(*twins.placed(bases, quality, hap, place), place) for place in places]
            best = max(tried, key=lambda t: t[0])
            assert score[i, h] == pytest.approx(best[0], rel=1e-9)
            if abs(tried[0][0] - tried[1][0]) > 1e-9:
                assert (offset[i, h], wrong[i, h]) == (best[2], best[1])


def test_a_read_of_the_deletion_lies_on_it_without_mismatch():
    """Anchored on the right, clipped on the left: only the right end tells where it lies."""
    reference = "ACGTTGCATCCGATTAGGACTTACGATCGGATATTCGCAA"
    deleted = reference[:12] + reference[20:]
    table = np.zeros(1, dtype=READ_DTYPE)
    table["pos"], table["end"], table["lclip"], table["length"] = 20, 34, 6, 20
    both = reference + deleted
    score, offset, wrong = score_reads(
        table,
        encode(deleted[6:26]),
        np.full(20, 40, dtype=np.uint8),
        np.array([0]),
        encode(both),
        np.array([0, 40], dtype=np.int32),
        np.array([40, 32], dtype=np.int32),
        np.array([0, -8], dtype=np.int32),
        0,
    )
    assert (offset[0, 1], wrong[0, 1]) == (6, 0)
    assert wrong[0, 0] > 0
    # qualities count up to 35: 20 matches at an error of 10^-3.5
    assert score[0, 1] == pytest.approx(20 * np.log1p(-(10**-3.5)))
    assert score[0, 0] < score[0, 1] - 5
