"""Reads of random panels: the same as htslib's own iterator gives."""

import random

import pysam
import pytest

from resistpanel.core.stream import Stream
from resistpanel.qc.count import Counter

LENGTHS = {"one": 3_000_000, "two": 700_000}
#: Sizes of the bins of BAI and CSI in which a read is filed that crosses no smaller boundary.
BINS = (1 << 14, 1 << 17, 1 << 20)


def panel(rng, targets):
    """Return disjoint targets, ascending."""
    found = []
    for name, length in LENGTHS.items():
        cuts = sorted(rng.sample(range(200, length - 200), 2 * targets))
        for a, b in zip(cuts[::2], cuts[1::2], strict=True):
            found.append((name, a, min(b, a + rng.choice((1, 20, 150, 2000)))))
    return found


def reads(rng, regions, dense):
    """Return (contig, start): in some targets, between them, and across boundaries of bins."""
    found = []
    for name, beg, end in regions:
        if rng.random() < 0.4:
            continue
        found += [(name, rng.randrange(max(beg - 90, 0), end)) for _ in range(dense)]
    for name, length in LENGTHS.items():
        for size in BINS:
            for edge in range(size, length, size):
                if rng.random() < (0.1 if size < 1 << 17 else 0.6):
                    found += [
                        (name, edge - rng.randrange(1, 99)) for _ in range(rng.choice((1, 3)))
                    ]
        found += [(name, rng.randrange(length - 200)) for _ in range(dense)]
    return found


def near_boundaries(rng, regions):
    """Return the targets with some of them moved to a boundary of bins, disjoint still."""
    for name, length in LENGTHS.items():
        for size in BINS[1:]:
            for edge in range(size, length - 200, size * rng.choice((1, 2, 5))):
                regions.append((name, edge - rng.randrange(100), edge + rng.randrange(1, 100)))
    kept = []
    for region in sorted(set(regions)):
        if not kept or kept[-1][0] != region[0] or kept[-1][2] < region[1]:
            kept.append(region)
    return kept


def write(path, rows, rng, csi):
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": name, "LN": length} for name, length in LENGTHS.items()],
    }
    tids = {name: tid for tid, name in enumerate(LENGTHS)}
    with pysam.AlignmentFile(path, "wb", header=header) as out:
        for n, (tid, start) in enumerate(sorted((tids[name], start) for name, start in rows)):
            read = pysam.AlignedSegment(out.header)
            read.query_name = f"r{n}"
            read.query_sequence = "".join(rng.choices("ACGT", k=100))
            read.query_qualities = pysam.qualitystring_to_array("I" * 100)
            read.flag, read.mapping_quality, read.cigarstring = 0, 60, "100M"
            read.reference_id, read.reference_start = tid, start
            out.write(read)
    pysam.index("-c", path) if csi else pysam.index(path)


def fetched(path, regions):
    """Return what htslib's iterator gives of each region, each read once, in the file's order."""
    with pysam.AlignmentFile(path) as handle:
        names = {
            (read.reference_id, read.reference_start, int(read.query_name[1:]))
            for region in regions
            for read in handle.fetch(*region)
        }
    return [f"r{n}" for _, _, n in sorted(names)]


def streamed(path, regions):
    stream = Stream(path)
    stream.query(regions)
    found = []
    while (record := stream.read()) is not None:
        found.append(record[0])
    return found


@pytest.mark.parametrize("csi", [False, True], ids=["bai", "csi"])
@pytest.mark.parametrize("dense", [2, 60], ids=["sparse", "dense"])
def test_random_panels_give_htslibs_reads(tmp_path, csi, dense):
    rng = random.Random(f"{csi} {dense} 5")
    for case in range(12):
        regions = near_boundaries(rng, panel(rng, rng.choice((2, 6, 20))))
        path = str(tmp_path / f"{case}.bam")
        write(path, reads(rng, regions, dense), rng, csi)
        for some in (regions, regions[::2], regions[1:], regions[-3:]):
            assert streamed(path, some) == fetched(path, some), (case, some)


def test_reads_after_a_target_without_any(tmp_path):
    """The first target's one chunk is of a later target's reads, across a 128 kb boundary."""
    regions = [("one", 10_000, 10_100), ("one", 200_000, 200_150), ("one", 262_070, 262_220)]
    rng = random.Random(4)
    rows = [("one", s) for s in rng.choices(range(199_900, 200_150), k=300)]
    rows += [("one", s) for s in rng.choices(range(261_980, 262_220), k=300)]
    path = str(tmp_path / "reads.bam")
    write(path, rows, rng, False)
    found = streamed(path, regions)
    assert len(found) > 550 and found == fetched(path, regions)


def test_depth_after_a_target_without_any(tmp_path):
    """The coverage of qc, likewise."""
    import numpy as np

    rng = random.Random(4)
    path = str(tmp_path / "reads.bam")
    rows = [("one", s) for s in (200_010, 200_020, 262_100, 262_130)] * 50
    write(path, rows, rng, False)
    starts, ends = np.array([10_000, 200_000, 262_070]), np.array([10_100, 200_150, 262_220])
    depth, _ = Counter(path, None, 20, 15).contig("one", starts, ends)
    assert depth[:100].sum() == 0
    assert depth[100:250].max() == 100 and depth[250:].max() == 100
