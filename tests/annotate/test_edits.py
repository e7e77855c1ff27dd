from hypothesis import given
from hypothesis import strategies as st

from resistpanel.annotate.edits import Edit, equivalents, smallest


def fetcher(bases):
    return lambda chrom, start, end: bases[max(start, 0) : max(end, 0)]


def apply(bases, edit):
    return bases[: edit.start] + edit.alt + bases[edit.end :]


def test_smallest_trims_shared_ends():
    assert smallest(10, "CAG", "CTG") == Edit(11, 12, "T")
    assert smallest(10, "CCAG", "C") == Edit(11, 14, "")
    assert smallest(10, "C", "CAA") == Edit(11, 11, "AA")
    assert smallest(10, "CACA", "CA") == Edit(12, 14, "")
    assert smallest(10, "CC", "TT") == Edit(10, 12, "TT")


def test_equivalents_of_a_repeat():
    #        0123456789
    bases = "GCACACATTG"
    found = equivalents(Edit(1, 3, ""), "1", fetcher(bases))
    assert [(edit.start, edit.end) for edit in found] == [(1, 3), (2, 4), (3, 5), (4, 6), (5, 7)]
    found = equivalents(Edit(1, 1, "CA"), "1", fetcher(bases))
    assert [edit.start for edit in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [edit.alt for edit in found] == ["CA", "AC", "CA", "AC", "CA", "AC", "CA"]


def test_unknown_bases_end_a_repeat():
    assert equivalents(Edit(3, 4, ""), "1", fetcher("NNNANNN")) == [Edit(3, 4, "")]
    assert equivalents(Edit(3, 3, "N"), "1", fetcher("NNNNN")) == [Edit(3, 3, "N")]


def test_repeat_longer_than_one_slice_and_up_to_the_contig_end():
    bases = "C" + "A" * 250
    found = equivalents(Edit(5, 6, ""), "1", fetcher(bases))
    assert (found[0].start, found[-1].start) == (1, 250)


@given(
    st.text("ACG", min_size=8, max_size=30),
    st.integers(0, 29),
    st.integers(0, 6),
    st.text("ACG", max_size=5),
)
def test_equivalents_are_equal_and_complete(bases, start, size, alt):
    start = min(start, len(bases))
    end = min(start + size, len(bases))
    if bases[start:end] == alt:
        return
    edit = smallest(start, bases[start:end], alt)
    target = apply(bases, edit)
    assert target == bases[:start] + alt + bases[end:]
    found = equivalents(edit, "1", fetcher(bases))
    assert edit in found
    assert {apply(bases, one) for one in found} == {target}
    if edit.is_insertion or edit.is_deletion:  # all placements of that size, by brute force
        n, alt_size = edit.end - edit.start, len(edit.alt)
        expected = [
            i
            for i in range(len(bases) - n + 1)
            if bases[:i] + target[i : i + alt_size] + bases[i + n :] == target
        ]
        assert [one.start for one in found] == expected
