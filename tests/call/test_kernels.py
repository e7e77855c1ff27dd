"""Compiled kernels against their plain-Python twins."""

import random

import calltwins as twins
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.call import kernels
from resistpanel.call.errors.site_counts import Sites
from resistpanel.call.io.reader import READ_DTYPE
from resistpanel.call.kernels import score_reads, segments
from resistpanel.core.reference import encode


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
    chosen = np.array(random.Random(seed).sample(range(len(reads)), 15), dtype=np.int64)
    begins = np.cumsum([0] + [len(r[0]) for r in reads])[chosen]
    lengths = np.array([len(h) for h in haplotypes], dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
    picked = [reads[i] for i in chosen]
    score, offset, wrong = score_reads(
        begins,
        np.array([len(r[0]) for r in picked], dtype=np.int32),
        np.array([pos - left for _, _, pos, _, left, _ in picked]),
        np.array([pos + span + right for _, _, pos, span, _, right in picked]),
        encode("".join(r[0] for r in reads)),
        np.concatenate([r[1] for r in reads]).astype(np.uint8),
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
    both = reference + deleted
    score, offset, wrong = score_reads(
        np.array([0]),
        np.array([20], dtype=np.int32),
        np.array([14]),
        np.array([34]),
        encode(deleted[6:26]),
        np.full(20, 40, dtype=np.uint8),
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


def cut(pos, cigar, low, high):
    """Return `segments` of one read as (first, last, left, right), or the reason it has none."""
    codes = {op: i for i, op in enumerate("MIDNSHP=X")}
    table = np.zeros(1, dtype=READ_DTYPE)
    table["pos"], table["n_cigar"] = pos, len(cigar)
    table["length"] = sum(n for n, op in cigar if op in "MIS=X")
    words = np.array([n << 4 | codes[op] for n, op in cigar], dtype=np.uint32)
    return tuple(int(x[0]) for x in segments(table.view(np.uint8), words, np.array([0]), low, high))


@pytest.mark.parametrize(
    ("cigar", "expected"),
    [
        ([(100, "M")], (0, 100, 1000, 1100)),
        ([(50, "M"), (3, "D"), (50, "M")], (0, 100, 1000, 1103)),  # within the span: the event
        ([(10, "M"), (2, "I"), (88, "M")], (12, 100, 1010, 1098)),  # before it
        ([(10, "M"), (4, "D"), (90, "M")], (10, 100, 1014, 1104)),
        ([(80, "M"), (1, "I"), (19, "M")], (0, 80, 1000, 1080)),  # behind it
        ([(80, "M"), (5, "D"), (20, "M")], (0, 80, 1000, 1080)),
        ([(9, "S"), (91, "M")], (9, 100, 1000, 1091)),  # a clip far off
        ([(3, "H"), (9, "S"), (91, "M"), (5, "H")], (9, 100, 1000, 1091)),
        ([(70, "M"), (30, "S")], (0, 70, 1000, 1070)),
        ([(55, "M"), (45, "S")], (0, 100, 1000, 1100)),  # a clip at the event
        ([(55, "M"), (45, "S"), (7, "H")], (0, 100, 1000, 1100)),
        ([(9, "M"), (1, "I"), (40, "M"), (2, "I"), (30, "M"), (1, "D"), (18, "M")],
         (10, 82, 1009, 1079)),
    ],
)  # fmt: skip
def test_the_part_of_a_read_between_other_gaps(cigar, expected):
    assert cut(1000, cigar, 1040, 1060) == expected


def test_a_leading_clip_over_the_locus_that_ends_far_behind_it_says_nothing():
    first, last, *_ = cut(1100, [(80, "S"), (20, "M")], 1040, 1060)
    assert first == last == 0


PIECES = st.lists(st.tuples(st.integers(1, 30), st.sampled_from("MMID")), min_size=1, max_size=9)


@given(PIECES, st.integers(0, 12), st.integers(0, 12), st.integers(960, 1150), st.integers(0, 30))
def test_the_part_is_consistent_with_the_alignment(middle, head, tail, low, width):
    """Whatever the CIGAR, gaps outside the span lie outside the part, those inside it within."""
    cigar = [(head, "S")] * (head > 0) + [(5, "M"), *middle, (5, "M")] + [(tail, "S")] * (tail > 0)
    high = low + width
    first, last, left, right = cut(1000, cigar, low, high)
    q = p = gained = 0
    p = 1000
    for n, op in cigar:
        before, after = p, p + n * (op in "MD")
        foreign = op in "IDS" and (after <= low or before >= high)
        if op in "ID" and not foreign and first <= q and q + n * (op == "I") <= last:
            gained += n if op == "I" else -n
        if foreign and op == "I":
            assert q + n <= first or q >= last
        q += n * (op in "MIS")
        p = after
    assert 0 <= first <= q and last <= q
    if last > first:
        assert (last - first) - (right - left) == gained


def sites(seed: int, n: int = 200):
    """Return contexts, depths, factors and rates of sites."""
    rng = np.random.default_rng(seed)
    context = rng.integers(-1, 64, n).astype(np.int8)
    depth = rng.integers(0, 300, (n, 6, 3)).astype(np.uint32)
    depth[rng.random(n) < 0.1] = 0
    return context, depth, rng.uniform(0.2, 3, (64, 4, 6)), np.array([3e-3, 1e-3, 2e-4])


def expected_errors(context, depth, factor, rate):
    """Return the errors expected at sites of these depths."""
    none = np.zeros((len(context), 4, 3))
    of = Sites.of(context, depth, none, none[..., 0])
    classes, groups = np.divmod(of.occurs, depth.shape[2])
    return kernels.expected_errors(context, of.steps, classes, groups, factor, rate)


@pytest.mark.parametrize("most", [20, 300, 90_000])
@pytest.mark.parametrize("seed", range(3))
def test_expected_errors_are_those_of_numpy(seed, most):
    context, depth, factor, rate = sites(seed)
    depth = depth * most // 300
    depth[:, 1] = depth[:, 2, 0] = 0  # which do not occur
    got = expected_errors(context, depth, factor, rate)
    known = context >= 0
    by_class = factor[context[known]]
    good = depth[known][:, :, 1:] @ rate[1:]
    every = depth[known] @ rate
    assert (got[~known] == 0).all()
    np.testing.assert_allclose(got[known][..., 0], (by_class * good[:, None])[..., :3].sum(2))
    np.testing.assert_allclose(got[known][..., 1], (by_class * good[:, None])[..., 3:].sum(2))
    np.testing.assert_allclose(got[known][..., 2], (by_class * every[:, None]).sum(2))


@pytest.mark.parametrize("seed", range(3))
def test_depths_are_added_as_by_numpy(seed):
    context, depth, _, _ = sites(seed)
    merged = np.array([0, 1, 0])
    total = np.ones((64, 6, 3))
    steps, most = kernels.add_depth(depth, context, merged, 2, total)
    wanted = np.stack([depth[..., [0, 2]].sum(2), depth[..., 1]], axis=2)
    np.testing.assert_array_equal(
        np.cumsum(steps, axis=1, dtype=np.uint32).T, wanted.reshape(-1, 12)
    )
    np.testing.assert_array_equal(most, wanted.max(0).reshape(-1))
    by_context = np.ones((64, 6, 3))
    np.add.at(by_context, context[context >= 0], depth[context >= 0])
    np.testing.assert_array_equal(total, by_context)


@pytest.mark.parametrize("seed", range(3))
def test_sites_are_tabulated_as_by_hand(seed):
    context, depth, factor, rate = sites(seed)
    rng = np.random.default_rng(seed)
    expected = expected_errors(context, depth, factor, rate)
    counts = rng.poisson(expected + 0.2).astype(np.uint16)
    counts[0] = 99
    left_out = (rng.random((len(context), 4)) < 0.1).astype(np.uint8)
    stands_out = (rng.random(counts.shape) < 0.1).astype(np.uint8)
    edges = np.logspace(-4, 3, 31)
    edges[10] = expected[5, 1, 0] or edges[10]  # a bin holds its upper bound
    edges.sort()
    table, wanted = np.zeros((2, 4, 4, 3, 11, 32))
    kernels.tabulate(table, context, expected, counts, left_out, stands_out, edges)
    for i, of in enumerate(context):
        for base in range(4):
            ref = of // 4 % 4
            if of < 0 or base == ref or left_out[i, base] or expected[i, base, 2] <= 0:
                continue
            for side in range(3):
                if side == 2 or not stands_out[i, base, 1 - side]:
                    at = np.searchsorted(edges, expected[i, base, side])
                    wanted[ref, base, side, min(counts[i, base, side], 10), at] += 1
    np.testing.assert_array_equal(table, wanted)


@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(2, 5))
def test_reads_are_summed_to_fragments(seed, n, haplotypes):
    rng = np.random.default_rng(seed)
    frags = rng.integers(100, 100 + max(1, n // 2), n).astype(np.int32)
    scores = np.round(rng.normal(size=(n, haplotypes)))  # with ties
    misses = rng.integers(0, 5, scores.shape).astype(np.int32)
    bases = rng.integers(20, 100, n).astype(np.int32)
    of, position, sums, best, lead, missed, total, teller = kernels.fragments(
        frags, scores, misses, bases
    )
    assert of.tolist() == sorted(set(frags.tolist()))
    assert (of[position] == frags).all()
    for k, name in enumerate(of):
        mine = np.flatnonzero(frags == name)
        whole = scores[mine].sum(0)
        np.testing.assert_allclose(sums[k], whole)
        assert best[k] == whole.argmax()
        assert lead[k] == pytest.approx(np.sort(whole)[-1] - np.sort(whole)[-2])
        assert missed[k] == misses[mine, best[k]].sum() and total[k] == bases[mine].sum()
        others = np.delete(scores[mine], best[k], axis=1) if best[k] == 0 else scores[mine, :1]
        gap = scores[mine, best[k]] - others.max(axis=1)
        assert teller[k] == mine[gap.argmax()]
