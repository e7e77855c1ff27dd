"""What a call says of itself: checksums of its input, what filters decided on, sites not read."""

import gzip
import hashlib
import shutil

import pysam
import pytest
from callkit import (
    Patient,
    Variant,
    left_out,
    other,
    random_sequence,
    write_bam,
    write_bed,
    write_sites,
)  # fmt: skip

from resistpanel.call import header
from resistpanel.call.filters import FILTERS, failed
from resistpanel.call.io import regions
from resistpanel.cli import main
from resistpanel.core.files import sha256

SEQUENCE = random_sequence(1800, 81)
SNV = Variant(700, SEQUENCE[700], other(SEQUENCE[700]), {"post": 0.2})
MNV = Variant(998, SEQUENCE[998:1001], "".join(map(other, SEQUENCE[998:1001])), {"post": 0.2})
TARGETS = [(600, 1000)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A patient with an MNV of which the last base lies beyond the target."""
    folder = tmp_path_factory.mktemp("patient")
    samples = {"normal": 60, "post": 120}
    made = Patient(SEQUENCE, [(600, 1100)], [SNV, MNV], samples).write(folder)
    write_bed(made.targets, [("chr1", a, b) for a, b in TARGETS])
    return made


def vcf_id(variant: Variant, name: str = "asked") -> tuple:
    """Return a row for `write_sites`."""
    pos, ref, alt = variant.vcf(SEQUENCE)
    return "chr1", pos, name, ref, alt


def command(written, output, **more) -> list[str]:
    """Return the command line."""
    bams = written.bams
    options = {
        "reference": written.reference,
        "targets": written.targets,
        "normal": bams["normal"],
        "tumor": bams["post"],
        "output": output,
    } | more
    return [
        "call",
        *(word for name, value in options.items() for word in (f"--{name}", str(value))),
    ]


def parameters(path) -> dict[str, str]:
    """Return the header's lines."""
    with gzip.open(path, "rt") as handle:
        rows = [row.rstrip("\n")[2:] for row in handle if row.startswith("##resistpanel_")]
    return dict(row.removeprefix("resistpanel_").split("=", 1) for row in rows)


def sums(written, output, **more) -> dict[str, str]:
    """Return the checksums in the header."""
    assert main(command(written, output, **more)) == 0
    told = parameters(output)
    return {k: v for k, v in told.items() if k.startswith("sha256_")}


class TestChecksums:
    def test_of_files(self, written, tmp_path):
        sites = write_sites(tmp_path / "s.vcf", [vcf_id(SNV)])
        got = sums(written, tmp_path / "o.vcf.gz", sites=sites)
        assert got["sha256_targets"] == sha256(written.targets)
        assert got["sha256_sites"] == hashlib.sha256(sites.read_bytes()).hexdigest()
        names = ("input_normal", "input_post", "reference_bases", "targets", "sites")
        assert set(got) == {f"sha256_{name}" for name in names}
        assert {len(value) for value in got.values()} == {64}
        assert len(set(got.values())) == len(got)

    def test_whatever_the_paths_the_container_and_the_header(self, written, tmp_path):
        """The same reads, elsewhere, as CRAM, with another program in the header."""
        before = sums(written, tmp_path / "o.vcf.gz")
        cram = tmp_path / "other.cram"
        reference = str(written.reference)
        pysam.samtools.view(
            "-C", "-T", reference, "-o", str(cram), str(written.bams["post"]), catch_stdout=False
        )
        pysam.samtools.index(str(cram))
        bed = shutil.copy(written.targets, tmp_path / "t.bed")
        assert sums(written, tmp_path / "p.vcf.gz", tumor=cram, targets=bed) == before

    @pytest.mark.parametrize("change", ["base", "quality", "flag", "mapq", "gone"])
    def test_another_read_is_another_input(self, written, tmp_path, change):
        """One base, one quality ... of one read of thousands."""
        before = sums(written, tmp_path / "o.vcf.gz")
        path = tmp_path / "post.bam"
        with (
            pysam.AlignmentFile(str(written.bams["post"])) as source,
            pysam.AlignmentFile(str(path), "wb", template=source) as out,
        ):
            for number, read in enumerate(source):
                if number == 500:
                    if change == "gone":
                        continue
                    qualities = read.query_qualities
                    if change == "base":
                        base = other(read.query_sequence[50])
                        read.query_sequence = (
                            read.query_sequence[:50] + base + read.query_sequence[51:]
                        )
                    if change == "quality":
                        qualities[50] += 1
                    read.query_qualities = qualities
                    read.flag ^= 32 if change == "flag" else 0
                    read.mapping_quality -= change == "mapq"
                out.write(read)
        pysam.samtools.index(str(path))
        after = sums(written, tmp_path / "p.vcf.gz", tumor=path)
        assert {k for k in before if before[k] != after[k]} == {"sha256_input_post"}

    def test_a_large_resource_by_its_index(self, tmp_path, monkeypatch):
        path, index = tmp_path / "r.vcf.gz", tmp_path / "r.vcf.gz.csi"
        path.write_bytes(b"x" * 11)
        index.write_bytes(b"i")
        assert header.checksum(path) == sha256(path)
        monkeypatch.setattr(header, "LARGE", 10)
        assert header.checksum(path) == f"{sha256(index)} (index)"
        index.unlink()
        assert header.checksum(path) == sha256(path)

    def test_a_missing_read_group_name_is_no_clash(self, written, tmp_path):
        """A sample may be called as a file is."""
        bam = write_bam(tmp_path / "targets.bam", {"chr1": len(SEQUENCE)}, [])
        got = sums(written, tmp_path / "o.vcf.gz", tumor=bam)
        assert {"sha256_input_targets", "sha256_targets"} <= set(got)


@pytest.fixture(scope="module")
def output(written, tmp_path_factory):
    path = tmp_path_factory.mktemp("out") / "o.vcf.gz"
    sites = write_sites(path.with_name("s.vcf"), [vcf_id(SNV), vcf_id(MNV, "m")])
    assert main(command(written, path, sites=sites)) == 0
    return path


class TestFilterMetrics:
    def test_table_of_the_header(self, output):
        rows = parameters(output)["filters"].split(",")
        assert rows[0] == "weak:somatic_phred<10"
        assert "cluster:cluster>2" in rows
        assert [row.split(":")[0] for row in rows] == [f.name for f in FILTERS]

    def test_values_make_the_decision(self, output):
        """What stands in INFO, held against the thresholds, gives FILTER again."""
        seen = 0
        with pysam.VariantFile(str(output)) as handle:
            for record in handle:
                values = record.info["FILTER_METRICS"]
                given = {f.metric: v for f, v in zip(FILTERS, values, strict=True) if v is not None}
                assert given["somatic_phred"] == pytest.approx(record.info["SOMATIC_PHRED"])
                assert {"strand_p", "position_p", "cluster", "low_mapq"} <= set(given)
                assert not {"population_af", "normals"} & set(given)
                if set(record.filter) not in ({"germline"}, {"absent"}):
                    assert (failed(given) or ["PASS"]) == list(record.filter)
                    seen += 1
        assert seen >= 2


class TestSites:
    def test_an_mnv_over_the_end_of_a_target(self, written, tmp_path, capfd):
        """Asked for, it is read whole; one base of it lies beyond the target."""
        outside = Variant(1050, SEQUENCE[1050], other(SEQUENCE[1050]))
        sites = write_sites(tmp_path / "s.vcf", [vcf_id(MNV), vcf_id(outside, "far")])
        calls = written.call(sites=str(sites))
        record = calls.find(*MNV.vcf(SEQUENCE))
        assert record.filters == []
        assert record.info["SITE"] == ["asked"]
        assert 20 < record.samples[1]["AD"][1] < 60
        assert calls.caller.targets == [("chr1", 600, 1001)]
        assert written.call().find(*MNV.vcf(SEQUENCE)) is None
        assert main(command(written, tmp_path / "o.vcf.gz", sites=sites)) == 0
        assert left_out(capfd.readouterr().err) == (
            "resistpanel: warning: 1 of 2 forced sites are outside the targets and were not "
            f"genotyped (chr1:1051 {outside.ref}>{outside.alt})\n"
        )
        assert parameters(tmp_path / "o.vcf.gz")["left_out_sites"] == "1"

    def test_an_mnv_that_a_chunk_would_cut(self, written, tmp_path, monkeypatch):
        monkeypatch.setattr(regions, "CHUNK_BASES", 100)
        monkeypatch.setattr(regions.chunks, "__defaults__", (100, 2_000_000, ()))
        write_bed(written.targets, [("chr1", 600, 1100)])
        try:
            at = Variant(799, SEQUENCE[799:801], "".join(map(other, SEQUENCE[799:801])))
            sites = write_sites(tmp_path / "s.vcf", [vcf_id(at)])
            calls = written.call(sites=str(sites))
        finally:
            write_bed(written.targets, [("chr1", a, b) for a, b in TARGETS])
        assert calls.filters(*at.vcf(SEQUENCE)) == ["absent"]
        assert calls.caller.outside() == []
        assert [c.beg for c in calls.caller.chunks] == [600, 700, 799, 899, 999, 1099]


class TestChunks:
    def test_whole_spans(self):
        def spans(whole):
            made = regions.chunks([("c", 0, 30)], bases=10, whole=[("c", *w) for w in whole])
            return [(c.beg, c.end) for c in made]

        assert spans([]) == [(0, 10), (10, 20), (20, 30)]
        assert spans([(8, 10), (10, 12)]) == [(0, 10), (10, 20), (20, 30)]
        assert spans([(9, 11)]) == [(0, 9), (9, 19), (19, 29), (29, 30)]
        # one that reaches into the next
        assert spans([(7, 9), (8, 12)]) == [(0, 7), (7, 17), (17, 27), (27, 30)]
        # longer than a chunk: cut all the same
        assert spans([(0, 15)]) == [(0, 10), (10, 20), (20, 30)]

    def test_touching(self):
        targets = [("a", 10, 20), ("a", 30, 40), ("b", 5, 6)]
        spans = [("a", 19, 22), ("a", 20, 30), ("a", 5, 11), ("a", 0, 10), ("a", 12, 35),
                 ("b", 5, 6), ("c", 1, 2)]  # fmt: skip
        assert regions.touching(spans, targets) == [
            ("a", 19, 22), ("a", 5, 11), ("a", 12, 35), ("b", 5, 6)
        ]  # fmt: skip
