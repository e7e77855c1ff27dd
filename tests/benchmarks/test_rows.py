"""From files to counted rows and tables, on a comparison small enough to count by hand."""

import pandas as pd
import pysam
import pytest
from benchmarks import summary
from benchmarks.calls import freebayes_calls, resistpanel_calls
from benchmarks.evaluate import Call, fetcher
from benchmarks.rows import compare
from benchmarks.variants import Variant

from resistpanel.core.stats import wilson_interval

SEQUENCE = ("ACGTTGCAAC" "GGATCCATGC" "TTTTTTGACA" "CGATCGTAGC") * 5  # fmt: skip
HEADER = f"##fileformat=VCFv4.3\n##contig=<ID=c,length={len(SEQUENCE)}>\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "r.fa").write_text(f">c\n{SEQUENCE}\n")
    pysam.faidx(str(tmp_path / "r.fa"))
    (tmp_path / "t.bed").write_text("c\t0\t150\tx\n")
    head = "chrom pos ref alt kind size design context haplotype"
    for s in ("pre", "post"):
        head += f" af.{s} alt.{s} fragments.{s}"
    rows = [
        # SNV in both; an acquired deletion; a variant that is lost; one below anybody's reach
        "c 15 C A SNV 1 shared plain A 0.01 9 900 0.05 45 900",
        "c 40 CA C DEL 1 acquired homopolymer A 0 0 900 0.1 90 900",
        "c 55 C G SNV 1 lost plain B 0.2 180 900 0 0 900",
        "c 95 C T SNV 1 acquired plain B 0 0 900 0.005 4 900",
    ]
    (tmp_path / "truth.tsv").write_text("\n".join(x.replace(" ", "\t") for x in [head, *rows]))
    (tmp_path / "germline.tsv").write_text("chrom\tpos\tref\talt\thaplotypes\nc\t75\tC\tT\tAB\n")
    return tmp_path


def numbers(det, af, lod=0.01, ub=0.02):
    return {"det": det, "af": af, "af_low": af * 0.7, "af_high": af * 1.3, "lod": lod, "ub": ub,
            "alt": af * 900, "depth": 900}  # fmt: skip


def made(pos, ref, alt, pre, post, passed=True, filters="PASS"):
    return Call(Variant("c", pos - 1, ref, alt), passed, filters, {"pre": pre, "post": post})


@pytest.fixture
def rows(files):
    calls = [
        made(15, "C", "A", numbers(0, 0.002, 0.012, 0.011), numbers(1, 0.045)),
        made(41, "A", "", numbers(1, 0.01), numbers(1, 0.1)),  # wrongly present in pre
        made(55, "C", "G", numbers(1, 0.2), numbers(0, 0.0)),
        made(95, "C", "T", numbers(0, 0), numbers(0, 0.004, 0.01, 0.003), False, "weak"),
        made(75, "C", "T", numbers(1, 0.5), numbers(1, 0.5)),  # inherited
        made(120, "C", "A", numbers(1, 0.02), numbers(0, 0)),  # nothing
        made(16, "A", "T", numbers(1, 0.02), numbers(0, 0)),  # beside the first
    ]
    return compare(
        files / "truth.tsv", files / "germline.tsv", files / "r.fa", files / "t.bed", calls,
        ["pre", "post"],
    )  # fmt: skip


def test_called_missed_and_false_are_counted(rows):
    assert rows.variants.called.tolist() == [1, 1, 1, 0]
    assert rows.variants.filters.tolist() == ["", "", "", "weak"]
    assert rows.false.what.tolist() == ["germline", "false", "misdescribed"]
    assert rows.false.truth_distance.tolist()[2] == 0
    assert rows.megabases == pytest.approx(150e-6)
    main = summary.headline(rows)
    assert main["recall (AF >= 1 %)"] == 1.0
    assert main["precision (AF >= 1 %)"] == 0.5
    assert main["recall (all, from AF 0.5 %)"] == 0.75
    assert main["germline called somatic"] == 1
    assert main["false calls per Mb, misdescribed included"] == pytest.approx(2 / 150e-6)


def test_presence_is_judged_per_sample_and_with_the_lod(rows):
    frames = list(summary.presence_frames(rows).values())
    # pre of the first is missed at AF 1 % (LOD 1.2 %), pre of the second is wrongly present.
    assert frames[0].right.tolist() == [False, True, False, True, True, True]
    assert frames[1].right.tolist() == [True, False, True, True, True]


def test_af_bias_and_bounds(rows):
    table = summary.af_table(rows).set_index(["kind", "size"])
    assert table.loc[("SNV", "1-3"), "ratio"] == pytest.approx((0.045 + 0.2) / 0.25)
    assert table.loc[("SNV", "1-3"), "interval covers"] == 1.0
    limits = summary.limits_table(rows).set_index(["true AF", "detected"])
    assert limits.loc[(0.01, "no"), "UB covers"] == 1.0
    assert limits.loc[(0.005, "no"), "UB covers"] == 0.0


def test_recall_tables_and_the_whole_set(rows):
    table = summary.recall_table(rows.variants, ["kind", "max_af"]).set_index(["kind", "max_af"])
    assert table.loc[("SNV", 0.05), "recall"] == 1.0
    assert table.loc[("SNV", 0.005), ["recall", "ceiling"]].tolist() == [0.0, 1.0]
    pooled = summary.pool([rows, rows])
    assert len(pooled.variants) == 8 and pooled.megabases == pytest.approx(300e-6)
    for frame in summary.tables(pooled).values():
        assert isinstance(frame, pd.DataFrame) and "|" in summary.markdown(frame)
    assert summary.missed(rows, 0.0).pos.tolist() == [95]


def test_wilson_interval():
    # Newcombe 1998, table I: 81 of 263.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    for n in range(1, 200):  # error bars may not have a negative length
        assert wilson_interval(n, n)[1] == 1.0 and wilson_interval(0, n)[0] == 0.0


def test_resistpanel_records_are_read(files):
    vcf = files / "c.vcf"
    vcf.write_text(
        HEADER
        + '##FILTER=<ID=weak,Description="w">\n'
        + '##INFO=<ID=MODEL,Number=1,Type=String,Description="m">\n'
        + '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="d">\n'
        + '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">\n'
        + '##FORMAT=<ID=AF,Number=1,Type=Float,Description="d">\n'
        + '##FORMAT=<ID=AFCI,Number=2,Type=Float,Description="d">\n'
        + '##FORMAT=<ID=UB,Number=1,Type=Float,Description="d">\n'
        + '##FORMAT=<ID=DET,Number=1,Type=Integer,Description="d">\n'
        + f"{COLUMNS}\tnormal\tpre\n"
        + "c\t40\t.\tCA\tC\t.\tPASS\tMODEL=somatic\tAD:DP:AF:AFCI:UB:DET"
        + "\t90,0:90:0:0,0.02:0.02:0\t80,20:100:0.2:0.1,0.3:0.28:1\n"
        + "c\t55\t.\tC\tG\t.\tweak\t.\tAD:DP:DET\t90,0:90:.\t99,1:100:0\n"
    )
    with pysam.FastaFile(str(files / "r.fa")) as fasta:
        first, second = resistpanel_calls(vcf, files / "r.fa", fetcher(fasta))
    assert (first.variant, first.passed) == (Variant("c", 40, "A", ""), True)
    assert first.samples["pre"]["af_low"] == pytest.approx(0.1)
    assert (first.samples["pre"]["det"], first.samples["pre"]["alt"]) == (1, 20)
    assert first.note == "MODEL=somatic"
    assert (second.passed, second.filters) == (False, "weak")
    assert second.samples["normal"]["det"] is None


def test_freebayes_records_are_split_and_filtered(files):
    vcf = files / "f.vcf"
    vcf.write_text(
        HEADER
        + '##INFO=<ID=SAF,Number=A,Type=Integer,Description="s">\n'
        + '##INFO=<ID=SAR,Number=A,Type=Integer,Description="s">\n'
        + '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">\n'
        + '##FORMAT=<ID=AO,Number=A,Type=Integer,Description="d">\n'
        + f"{COLUMNS}\tnormal\tpre\n"
        # one allele of two is somatic; one is in the normal too; one lies on a strand only
        + "c\t15\t.\tC\tA,G\t9\t.\tSAF=20,9;SAR=20,9\tDP:AO\t500:0,0\t500:40,2\n"
        + "c\t55\t.\tC\tG\t9\t.\tSAF=20;SAR=20\tDP:AO\t500:20\t500:40\n"
        + "c\t95\t.\tC\tT\t9\t.\tSAF=40;SAR=0\tDP:AO\t500:0\t500:40\n"
    )
    with pysam.FastaFile(str(files / "r.fa")) as fasta:
        calls = freebayes_calls(vcf, files / "r.fa", fetcher(fasta), "normal")
    assert [str(c.variant) for c in calls if c.passed] == ["c:15:C:A"]
    assert len(calls) == 4
    assert calls[0].samples["pre"]["af"] == pytest.approx(0.08)
