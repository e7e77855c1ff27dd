"""The comparison with fgumi: families and consensus bases; fgumi itself is not needed."""

import numpy as np
import pysam
import pytest
from benchmarks.fgumi import Ours, Theirs, agreement, identical, sequenced

A, B = "ACGTACGT", "TTTTACGA"


def test_families_are_compared_on_the_fragments_of_both():
    found = identical([{1, 2}, {3}, {4, 5, 6}], [{1, 2}, {4, 5}, {6}, {7}])
    # 3 and 7 are in one only; 4, 5, 6 was split.
    assert found == {"families": 2, "identical": 0.5, "fragments": 5, "in one only": 2}


@pytest.fixture
def theirs(tmp_path):
    """Two consensus pairs as fgumi writes them: unmapped, in the direction of sequencing."""
    path = tmp_path / "c.bam"
    with pysam.AlignmentFile(str(path), "wb", header={"HD": {"VN": "1.6"}}) as out:
        for mi, strands, pair in (("0", (2, 1), (A, B)), ("1", (1, 0), ("NCGTACGA", B))):
            for number, bases in enumerate(pair):
                read = pysam.AlignedSegment()
                read.query_name, read.query_sequence = f"x:{mi}", bases
                read.flag = 77 if number == 0 else 141
                read.query_qualities = pysam.qualitystring_to_array("I" * len(bases))
                read.set_tag("MI", mi)
                read.set_tag("aD", strands[0])
                read.set_tag("bD", strands[1])
                out.write(read)
    return path


def test_bases_of_molecules_of_the_same_fragments(theirs):
    def codes(text):
        return np.frombuffer(text.encode(), np.uint8)

    ours = Ours({10: {1, 2}, 11: {3}})
    ours.reads[10, False], ours.reads[10, True] = codes(A), codes(B)
    ours.reads[11, True], ours.reads[11, False] = codes(A), codes(B)
    reverse = {"0": False, "1": True}
    found = agreement(ours, Theirs({"0": {1, 2}, "1": {3}}, reverse), theirs)
    # N is compared with nothing; the last base of the second molecule's read 1 differs.
    assert found["consensus reads"] == 4 and found["bases of both"] == 31
    assert found["agree"] == pytest.approx(30 / 31)
    assert (found["duplex bases"], found["duplex agree"]) == (16, 1.0)
    assert found["N in one"] == pytest.approx(1 / 32)
    # Of other fragments: another molecule.
    other = Theirs({"0": {1}, "1": {3}}, reverse)
    assert agreement(ours, other, theirs)["consensus reads"] == 2


def test_a_reverse_read_is_turned():
    read = pysam.AlignedSegment()
    read.query_sequence, read.flag = "ACGTN", 16
    assert sequenced(read).tobytes() == b"NACGT"
