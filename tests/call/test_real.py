"""Public cell lines and a reference sample, against what is known of them.

Sources of the facts: README of the folder of real data (raw counts by pileup) and Genome in a
Bottle for NA12878.
"""

from pathlib import Path

import pysam
import pytest
from callkit import Calls, Written, write_bed

from resistpanel.call.caller import Caller, Settings
from resistpanel.call.vcf_writer import Record

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"needs the real BAMs of {REAL}, which are not part of the project"
)


def passing(records: list[Record]) -> dict[tuple, Record]:
    """Return the records that pass by allele."""
    return {(r.contig, r.pos, r.ref, r.alt): r for r in records if not r.filters}


@pytest.fixture(scope="module")
def colo829():
    folder = REAL / "colo829"
    settings = Settings(
        str(folder / "GRCh37.windows.fa.gz"),
        str(folder / "windows.bed"),
        [str(folder / "COLO829T.bam")],
        str(folder / "COLO829R.bam"),
    )
    return passing(Caller(settings).records())


class TestColo829:
    """Melanoma cell line at 108x, its normal at 30x; hg19."""

    def test_exactly_these(self, colo829):
        assert list(colo829) == [
            ("2", 198266779, "G", "A"),  # SF3B1
            ("3", 189604330, "G", "T"),  # TP63
            ("5", 1295228, "GG", "AA"),  # TERT promoter, CC>TT of its strand
            ("7", 140453136, "A", "T"),  # BRAF V600E
            ("9", 21971153, "CCG", "C"),  # CDKN2A, two bases lost
            ("10", 7634373, "A", "[18:9868617[A"),  # the windows are round it
            ("10", 89700299, "A", "<DEL>"),  # PTEN, 12,041 bases, 18 inserted
            ("18", 9868617, "C", "[10:7634373[C"),
        ]

    def test_pten(self, colo829):
        """Homozygous; 10:89700299 to 89712340 as public truth sets of the cell line have it."""
        record = colo829["10", 89700299, "A", "<DEL>"]
        assert (record.info["SVLEN"], record.info["SVINSLEN"]) == (-12041, 18)
        normal, tumor = record.samples
        assert tumor["AD"][0] == 0
        assert tumor["AD"][1] >= 80
        assert normal["AD"][1] == 0

    def test_braf(self, colo829):
        """154 of 226 raw reads; mates that overlap count once."""
        normal, tumor = colo829["7", 140453136, "A", "T"].samples
        assert tumor["AD"] == [72, 152]
        assert tumor["DET"] == 1
        assert normal["AD"][1] == 0
        assert normal["DET"] == 0

    def test_deletion(self, colo829):
        """93 of 97 raw reads."""
        tumor = colo829["9", 21971153, "CCG", "C"].samples[1]
        assert tumor["AF"] > 0.93
        assert tumor["AD"][1] >= 85

    def test_tert(self, colo829):
        """56 of 56 and 51 of 51 raw reads; 45 fragments show both bases in good quality.

        One more shows them in five clipped bases, 146M5S, that are otherwise the reference.
        """
        assert colo829["5", 1295228, "GG", "AA"].samples[1]["AD"] == [0, 46]


@pytest.fixture(scope="module")
def hcc1395(tmp_path_factory):
    folder = REAL / "hcc1395"
    bed = tmp_path_factory.mktemp("hcc1395") / "targets.bed"
    regions = [
        ("chr17_hg19:7460000-7700000", 110_000, 132_000),
        ("chr17:43000000-44000000", 40_000, 130_000),
    ]
    settings = Settings(
        str(REAL / "hg38_windows" / "windows.fa.gz"),
        str(write_bed(bed, regions)),
        [str(folder / "HCC1395_tumor.bam")],
        str(folder / "HCC1395_normal.bam"),
    )
    caller = Caller(settings)
    return Calls(caller, caller.records())


class TestHcc1395:
    """Breast cancer cell line, exome; contigs are named after their windows."""

    def test_tp53_r175h(self, hcc1395):
        found = passing(hcc1395.records)
        allele = ("chr17_hg19:7460000-7700000", 7578406 - 7460000 + 1, "C", "T")
        assert list(found) == [allele]
        normal, tumor = found[allele].samples
        # 104 of 104 and 0 of 110 raw reads
        assert tumor["AF"] == 1
        assert tumor["DP"] > 60
        assert normal["AD"][1] == 0

    def test_brca1_is_inherited(self, hcc1395):
        """R1751*: 29 of 52 reads of the normal, all of the tumour's."""
        tumours = [
            r
            for r in hcc1395.records
            if r.contig == "chr17:43000000-44000000"
            and r.samples[0]["AD"][1] > 20
            and r.samples[1]["AF"] > 0.9
            and abs(r.samples[0]["AF"] - 0.56) < 0.1
        ]
        assert tumours
        assert all(r.filters == ["germline"] for r in tumours)


@pytest.fixture(scope="module")
def na12878(tmp_path_factory):
    """The sample beside itself: as its own normal under another name, the copy as CRAM."""
    folder = tmp_path_factory.mktemp("na12878")
    source = REAL / "na12878_tiny" / "NA12878.chr22.tiny.bam"
    reference = REAL / "na12878_tiny" / "q.fa"
    made = {}
    for name, suffix in (("normal", "bam"), ("copy", "cram")):
        path = folder / f"{name}.{suffix}"
        with pysam.AlignmentFile(str(source)) as handle:
            head = handle.header.to_dict()
            head["RG"] = [group | {"SM": name} for group in head["RG"]]
            head["SQ"] = [{"SN": "q", "LN": head["SQ"][0]["LN"]}]
            with pysam.AlignmentFile(
                str(path),
                "wc" if suffix == "cram" else "wb",
                header=head,
                reference_filename=str(reference),
            ) as out:
                for read in handle.fetch(until_eof=True):
                    out.write(read)
        pysam.samtools.index(str(path))
        made[name] = path
    bed = write_bed(folder / "targets.bed", [("q", 0, 12_356)])
    return Written(reference, bed, made).call()


class TestNa12878:
    """39x genome of 12 kb."""

    def test_nothing_is_somatic(self, na12878):
        assert na12878.passing() == []

    def test_giab_variants_are_germline(self, na12878):
        with pysam.VariantFile(str(REAL / "na12878_tiny" / "NA12878.chr22.tiny.giab.vcf")) as giab:
            known = [(r.pos, r.ref, r.alts[0]) for r in giab]
        assert len(known) == 14
        found = {allele: na12878.filters(*allele) for allele in known}
        assert [a for a, filters in found.items() if filters != ["germline"]] == []

    def test_both_copies_count_the_same(self, na12878):
        for record in na12878.records:
            assert record.samples[0]["AD"] == record.samples[1]["AD"]


class TestReferenceMaterial:
    """ctDNA reference material of 5 %, duplex consensus reads, 14 targets of hotspots."""

    @pytest.fixture(scope="class")
    @staticmethod
    def called():
        folder = REAL / "seracare"
        settings = Settings(
            str(folder / "GRCh37.windows.fa.gz"),
            str(folder / "targets.bed"),
            [str(folder / "duplex.bam")],
        )
        caller = Caller(settings)
        rows = [
            line.split("\t")
            for line in (folder / "truth.tsv").read_text().splitlines()
            if not line.startswith(("#", "chrom"))
        ]
        truth = {(r[0], int(r[1]), r[2], r[3]): int(r[5]) / int(r[6]) for r in rows}
        return caller, caller.records(), truth

    def test_all_and_hardly_more(self, called):
        """What is called besides is 7:55259468 C>G at 1.7 %, which nobody claims is not there."""
        _, records, truth = called
        found = passing(records)
        assert len(truth) == 19
        assert set(truth) <= set(found)
        assert set(found) - set(truth) <= {("7", 55259468, "C", "G")}

    def test_long_fragments_are_no_deletion(self, called):
        """Consensus pairs at the end of a narrow window: long ones, but of different places."""
        _, records, _ = called
        assert [r for r in records if r.alt.startswith("<")] == []

    def test_limits(self, called):
        _, records, truth = called
        found = passing(records)
        assert max(found[key].samples[0]["LOD"] for key in truth) < 0.015

    def test_reads(self, called):
        caller, _, _ = called
        (assay,) = caller.assays
        assert (assay.library, assay.reads, assay.consensus) == ("capture", "duplex", "marianas")
        assert assay.f1r2 == 1
