"""Reference builds told by chromosome lengths and by header lines."""

import pytest

from resistpanel.core.builds import (
    CHROMOSOMES,
    LENGTHS,
    build_of_lengths,
    build_of_text,
    order,
    with_chr,
)


@pytest.mark.parametrize("build", LENGTHS)
def test_lengths_tell_the_build(build):
    assert build_of_lengths(LENGTHS[build]) == build
    bare = {name.removeprefix("chr"): length for name, length in LENGTHS[build].items()}
    assert build_of_lengths(bare) == build
    for name in CHROMOSOMES:  # any single chromosome is enough
        assert build_of_lengths({name: LENGTHS[build][name], "decoy": 12}) == build


def test_unknown_or_mixed_lengths_tell_nothing():
    mixed = {"chr1": LENGTHS["hg19"]["chr1"], "chr2": LENGTHS["hg38"]["chr2"]}
    assert build_of_lengths(mixed) is None
    assert build_of_lengths({"chr1": 1000}) is None
    assert build_of_lengths({"q": 12545}) is None
    assert build_of_lengths({}) is None


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("#!genome-build GRCh38.p14", "hg38"),
        ("##description: evidence-based annotation of the human genome (GRCh37), v19", "hg19"),
        ("#!genome-build hg19", "hg19"),
        ("##provider: GENCODE", None),
        ("lifted from GRCh37 to GRCh38", None),
    ],
)
def test_build_of_text(text, build):
    assert build_of_text(text) == build


def test_contig_names():
    assert [with_chr(n) for n in ("1", "chr1", "X", "MT", "GL000191.1")] == [
        "chr1",
        "chr1",
        "chrX",
        "chrM",
        "GL000191.1",
    ]
    assert sorted(["chr10", "chrX", "2", "decoy", "chr1"], key=order) == [
        "chr1",
        "2",
        "chr10",
        "chrX",
        "decoy",
    ]
