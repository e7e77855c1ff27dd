"""Structural events of a simulated patient, read back in plain Python."""

import collections

import pysam
import pytest
import yaml

from resistpanel.core.errors import InputError
from resistpanel.core.intervals import read_targets
from resistpanel.testing.simulate import simulate

AF = 0.3


@pytest.fixture(scope="module")
def places(write_panel, tmp_path_factory):
    """The middles of the first two targets of BRAF and of MAP2K1 that the panel has."""
    folder = tmp_path_factory.mktemp("places")
    write_panel(folder, ("BRAF", "MAP2K1"))
    found = collections.defaultdict(list)
    for target in read_targets(folder / "hg19.bed"):
        found[target.gene].append((target.chrom, (target.start + target.end) // 2))
    return found


def events(places):
    """A deletion, a tandem duplication, an inversion and a junction, each at places of its own."""
    (chrom, a), (_, b), (_, c), (_, d) = places["BRAF"][:4]
    (_, e), (_, f) = places["BRAF"][4:6]
    (other, g) = places["MAP2K1"][0]
    (_, h) = places["BRAF"][6]
    af = {"tumor": AF}
    return [
        {"type": "deletion", "region": f"{chrom}:{a}-{b}", "af": af},
        {"type": "duplication", "region": f"{chrom}:{c}-{d}", "af": af, "inserted": "ACG"},
        {"type": "inversion", "region": f"{chrom}:{e}-{f}", "af": af},
        {"join": [f"{other}:{g}:left", f"{chrom}:{h}:left"], "af": af},
    ]


@pytest.fixture(scope="module")
def made(run_patient, places):
    return run_patient(
        error_free=True, genes=("BRAF", "MAP2K1"), depth=300, somatic=[], events=events(places),
        reads={"pcr_errors": 0, "uniformity": 0, "length": 100, "insert_mean": 250},
        genome={"exons_per_gene": 20}, germline={"snv_per_kb": 0, "indel_per_kb": 0},
    )  # fmt: skip


def reads_of(folder, sample):
    with pysam.AlignmentFile(str(folder / f"{sample}.bam")) as stream:
        return [r for r in stream if not r.is_duplicate]


def test_every_alignment_is_the_reference(made, bam):
    """Clipped bases aside, each read is the reference where it is aligned, on either strand."""
    tumor = bam(made, "tumor")
    split = [r for r in tumor.reads if r.has_tag("SA")]
    assert len(split) > 100
    assert all(not tumor.differences(r) for r in split)


def test_tag_names_the_other_alignment(made):
    by_name = collections.defaultdict(list)
    for read in reads_of(made, "tumor"):
        if read.has_tag("SA"):
            by_name[read.query_name, read.is_read1].append(read)
    for both in by_name.values():
        one, other = both
        assert one.is_supplementary != other.is_supplementary
        chrom, pos, strand, cigar, _, _ = one.get_tag("SA").rstrip(";").split(",")
        assert (chrom, int(pos) - 1) == (other.reference_name, other.reference_start)
        assert (strand == "-") == other.is_reverse
        assert cigar == other.cigarstring.replace("H", "S")
        assert one.infer_read_length() == other.infer_read_length() == 100


def test_fractions_at_the_breakends(made, places):
    """Fragments that cross a breakend in the reference: those of the haplotypes without it."""
    crossing = collections.defaultdict(lambda: collections.Counter())
    for sample in ("normal", "tumor"):
        spans = collections.defaultdict(lambda: [10**9, 0, ""])
        for read in reads_of(made, sample):
            if read.is_proper_pair and not read.query_name.startswith("sv"):
                span = spans[read.query_name]
                span[:] = min(span[0], read.reference_start), max(span[1], read.reference_end), (
                    read.reference_name
                )  # fmt: skip
        for gene, rows in places.items():
            for n, (chrom, pos) in enumerate(rows):
                crossing[gene, n][sample] = sum(
                    c == chrom and low < pos < high for low, high, c in spans.values()
                )
    kept = {key: n["tumor"] / n["normal"] for key, n in crossing.items() if n["normal"]}
    for n in (0, 1, 4, 5, 6):
        assert kept["BRAF", n] == pytest.approx(1 - AF, abs=0.12), n
    for n in (2, 3):
        assert kept["BRAF", n] == pytest.approx(1, abs=0.2), n
    assert kept["MAP2K1", 0] == pytest.approx(1 - AF, abs=0.12)


def test_truth(made):
    header, *rows = [line.split("\t") for line in (made / "events.tsv").read_text().splitlines()]
    assert header[:4] == ["type", "first", "second", "inserted"]
    table = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["type"] for row in table] == ["deletion", "duplication", "inversion", "junction"]
    assert all(int(row["normal_fragments"]) == 0 for row in table)
    # 300x of fragments of about 250 bases of which 200 are read, crossing once or (inversion) twice
    assert all(60 < int(row["tumor_fragments"]) < 260 for row in table)


def test_errors_name_the_line(patient, write_patient, tmp_path, places):
    chrom, pos = places["BRAF"][0]
    for event, words in [
        (
            {"type": "deletion", "region": f"{chrom}:50005-50900"},
            "neither breakend is near a target",
        ),
        ({"type": "inversion", "region": f"{chrom}:{pos}-{pos + 20}"}, "inversion of 21 bases"),
    ]:
        described = patient(events=[event | {"af": {"tumor": 0.1}}], somatic=[])
        path = write_patient(tmp_path, described)
        with pytest.raises(InputError, match=words) as raised:
            simulate(path, tmp_path / "out")
        assert "patient.yaml:" in str(raised.value)
    described = patient(events=[{"join": ["chr1:5:left", "chr1:9"], "af": {"tumor": 0.1}}])
    path = tmp_path / "patient.yaml"
    path.write_text(yaml.safe_dump(described))
    with pytest.raises(InputError, match="join"):
        simulate(path, tmp_path / "out")
