"""Reading, sorting and joining targets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target, merge_targets, overlaps, read_targets


def test_reads_three_to_six_columns(tmp_path):
    bed = tmp_path / "t.bed"
    bed.write_text("track name=x\n#c\nchr1\t5\t9\nchr1\t20\t30\tBRAF|T|exon1\t.\t-\n")
    assert read_targets(bed) == [
        Target("chr1", 5, 9, "chr1:6-9"),
        Target("chr1", 20, 30, "BRAF|T|exon1", "-"),
    ]
    assert read_targets(bed)[1].gene == "BRAF"
    assert read_targets(bed)[1].length == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "contains no targets"),
        ("# only a comment\n", "contains no targets"),
        ("chr1 5 9\n", ":1: fewer than 3 columns"),
        ("chr1\t1\t2\nchr1\t5\tx\n", ":2: start and end"),
        ("chr1\t9\t9\n", ":1: start 9 is not below end 9"),
    ],
)
def test_malformed_bed(tmp_path, text, message):
    bed = tmp_path / "t.bed"
    bed.write_text(text)
    with pytest.raises(InputError, match=message):
        read_targets(bed)


intervals = st.lists(
    st.builds(
        lambda chrom, start, length: Target(chrom, start, start + length),
        st.sampled_from(["chr1", "chr2"]),
        st.integers(0, 60),
        st.integers(1, 12),
    ),
    min_size=1,
    max_size=12,
)


@given(intervals)
def test_merging_keeps_every_base_once(targets):
    def bases(rows):
        return [(t.chrom, p) for t in rows for p in range(t.start, t.end)]

    merged = merge_targets(targets)
    assert sorted(bases(merged)) == sorted(set(bases(targets)))
    assert overlaps(merged) == []
    assert merge_targets(merged) == merged
    assert (overlaps(targets) == []) == (len(merged) == len(targets))
