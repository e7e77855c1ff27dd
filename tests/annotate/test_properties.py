"""Names must say what happened: read back, they give the altered sequence."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from resistpanel.annotate.edits import equivalents, smallest
from resistpanel.annotate.effect import effect
from resistpanel.annotate.residues import parse_short
from resistpanel.core.sequence import reverse_complement, translate

POSITION = r"[-*]?\d+(?:[+-]\d+)?"
NAME = re.compile(
    rf"c\.({POSITION})(?:_({POSITION}))?"
    r"(?:([ACGT])>([ACGT])|(del)ins([ACGT]+)|(del)|(dup)|(inv)|ins([ACGT]+))"
)


@st.composite
def alleles(draw, make_gene):
    """A random gene of few letters, so that repeats abound, and an allele in or near it."""
    seed = draw(st.integers(0, 10_000))
    strand = draw(st.sampled_from("+-"))
    codons = None
    if draw(st.booleans()):
        triplets = ["AAA", "AAG", "GAA", "GAG", "AGA", "CAG", "TTT", "TTG"]
        codons = "".join(draw(st.lists(st.sampled_from(triplets), min_size=35, max_size=40)))
    small = make_gene(strand, codons or "", seed=seed)
    first, last = draw(st.sampled_from(small.gene.cds))
    places = range(first + 1, last - 2) if draw(st.booleans()) else range(first - 10, last + 10)
    if draw(st.integers(0, 9)) == 9:
        places = range(60, len(small.bases) - 100)
    start = draw(st.sampled_from(places))
    size = draw(st.sampled_from([0, 0, 1, 1, 1, 2, 3, 3, 4, 6, 9]))
    ref = small.bases[start : start + size]
    kind = draw(st.sampled_from(["any", "same size", "none", "copy"]))
    if kind == "any":
        alt = draw(st.text("ACGT", max_size=7))
    elif kind == "same size":
        alt = draw(st.text("ACGT", min_size=size, max_size=size))
    elif kind == "none":
        alt = ""
    else:
        alt = small.bases[start - draw(st.integers(1, 6)) : start] + ref
    if alt == ref:
        alt = ref + "A"
    anchor = small.bases[start - 1]
    return small, start - 1, anchor + ref, anchor + alt


def labels_of(small):
    """Return c. label -> place on the coding strand's genome, by walking along it."""
    size = len(small.bases)
    spans = small.gene.cds
    if small.gene.strand == "-":
        spans = [(size - end, size - start) for start, end in reversed(spans)]
    labels, number = {}, 0
    for i in range(spans[0][0]):
        labels[f"-{spans[0][0] - i}"] = i
    for index, (start, end) in enumerate(spans):
        for i in range(start, end):
            number += 1
            labels[str(number)] = i
        if index + 1 < len(spans):
            intron = range(end, spans[index + 1][0])
            for nth, i in enumerate(intron, 1):
                if nth <= len(intron) - nth + 1:
                    labels[f"{number}+{nth}"] = i
                else:
                    labels[f"{number + 1}-{len(intron) - nth + 1}"] = i
    for i in range(spans[-1][1], size):
        labels[f"*{i - spans[-1][1] + 1}"] = i
    return labels


def read_back(small, name):
    """Apply a c. name to the genome; return it on the forward strand."""
    bases = small.bases if small.gene.strand == "+" else reverse_complement(small.bases)
    found = NAME.fullmatch(name)
    assert found, name
    first, last, ref, new, _, delins, dele, dup, inv, ins = found.groups()
    labels = labels_of(small)
    start, end = labels[first], labels[last or first] + 1
    old = bases[start:end]
    if ref:
        assert old == ref, name
        changed = bases[:start] + new + bases[end:]
    elif delins:
        changed = bases[:start] + delins + bases[end:]
    elif dele:
        changed = bases[:start] + bases[end:]
    elif dup:
        changed = bases[:end] + old + bases[end:]
    elif inv:
        changed = bases[:start] + reverse_complement(old) + bases[end:]
    else:
        assert end - start == 2, name
        changed = bases[: start + 1] + ins + bases[start + 1 :]
    return changed if small.gene.strand == "+" else reverse_complement(changed)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_the_c_name_gives_the_sequence_back(make_gene, data):
    small, start, ref, alt = data.draw(alleles(make_gene))
    found = effect(small.transcript, start, ref, alt)
    assert read_back(small, found.hgvs_c) == small.applied(start, ref, alt)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_every_way_of_writing_an_allele_has_the_same_name(make_gene, data):
    small, start, ref, alt = data.draw(alleles(make_gene))
    tx = small.transcript
    expected = effect(tx, start, ref, alt)
    for edit in equivalents(smallest(start, ref, alt), small.chrom, small.fetch):
        low = edit.start - 1
        written = small.bases[low : edit.end]
        found = effect(tx, low, written, written[0] + edit.alt)
        assert (found.hgvs_c, found.hgvs_p, found.terms, found.splice) == (
            expected.hgvs_c,
            expected.hgvs_p,
            expected.terms,
            expected.splice,
        )


def spliced(small, bases, cds):
    coding = "".join(bases[start:end] for start, end in cds)
    return coding if small.gene.strand == "+" else reverse_complement(coding)


def altered_protein(small, start, ref, alt):
    """Return (old, new) protein by brute force: move the exons, splice, translate."""
    net = len(alt) - len(ref)
    cds = []
    for low, high in small.gene.cds:
        if start + len(ref) <= low:
            cds.append((low + net, high + net))
        elif start >= high:
            cds.append((low, high))
        else:
            assert low <= start and start + len(ref) <= high
            cds.append((low, high + net))
    old = translate(spliced(small, small.bases, small.gene.cds))
    # what follows the annotated end is read on, as a ribosome would
    if small.gene.strand == "+":
        cds[-1] = (cds[-1][0], cds[-1][1] + 99)
    else:
        cds[0] = (cds[0][0] - 99, cds[0][1])
    return old, translate(spliced(small, small.applied(start, ref, alt), cds))


def read_protein_back(old, shorts):
    """Apply short names to the protein `old` (its stop included); return it to a new stop."""
    new, moved = list(old), 0
    for short in shorts:
        change = parse_short(short)
        low, high = change.residue - 1 + moved, change.residue_end + moved
        assert new[low] == change.ref, short
        if change.alt == "del":
            replaced = ""
        elif change.alt == "dup":
            replaced = "".join(new[low:high]) * 2
        elif change.alt.startswith("delins"):
            replaced = change.alt[6:]
        elif change.alt.startswith("ins"):
            assert high - low == 2, short
            replaced = new[low] + change.alt[3:] + new[high - 1]
        else:
            replaced = change.alt
        moved += len(replaced) - (high - low)
        new[low:high] = replaced
    text = "".join(new)
    return text[: text.find("*") + 1]


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_the_p_name_gives_the_protein_back(make_gene, data):
    small, start, ref, alt = data.draw(alleles(make_gene))
    found = effect(small.transcript, start, ref, alt)
    edit = smallest(start, ref, alt)
    inside = [
        one
        for one in equivalents(edit, small.chrom, small.fetch)
        if any(
            low < one.start < high if one.is_insertion else low <= one.start and one.end <= high
            for low, high in small.gene.cds
        )
    ]
    if found.hgvs_p is None:
        # some placement leaves every coding base and splice site alone
        assert any(
            one.end <= low or one.start >= high
            for one in equivalents(edit, small.chrom, small.fetch)
            for low, high in [(small.transcript.start, small.transcript.end)]
        ) or (not inside and found.terms[-1] == "intron_variant")
        return
    if not inside:
        return
    one = inside[0]
    old, new = altered_protein(small, one.start, small.bases[one.start : one.end], one.alt)
    stop = new.find("*")
    until = new[: stop + 1] if stop >= 0 else None
    terms = set(found.terms) - {"splice_region_variant"}
    assert not terms & {"splice_donor_variant", "splice_acceptor_variant"}
    if terms == {"start_lost"}:
        assert new[0] != "M" and found.hgvs_p == "p.Met1?"
    elif "frameshift_variant" in terms and "stop_lost" not in terms:
        change = parse_short(found.shorts[0])
        i = change.residue - 1
        assert new[:i] == old[:i]
        assert (change.ref, change.alt[0]) == (old[i], new[i])
        assert old[i] != new[i]
        if until:
            size = "*" if change.alt == "*" else f"{new[i]}fs*{len(until) - i}"
            assert change.alt == size
    elif "stop_lost" in terms:
        if found.hgvs_p == "p.?":
            assert until != old
        else:
            # the stop comes last; a substitution may change the residue before it as well
            change = parse_short(found.shorts[-1])
            i = change.residue - 1
            kept = parse_short(found.shorts[0]).residue - 1
            assert (old[i], new[:kept], new[i]) == ("*", old[:kept], change.alt[0])
            assert until is None or change.alt == f"{new[i]}ext*{len(until) - 1 - i}"
    elif found.hgvs_p == "p.=":
        assert until == old
    else:
        assert read_protein_back(old, found.shorts) == until
        if terms & {"synonymous_variant", "stop_retained_variant"}:
            assert until == old
        if "stop_gained" in terms:
            assert len(until) < len(old) + edit.net // 3
