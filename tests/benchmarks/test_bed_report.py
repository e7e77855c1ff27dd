"""Figures of the second simulator's scores, and the counts of its level of depths."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.bed import copies, depths, peers, publish, report, score
from benchmarks.bed.assay import ASSAYS
from benchmarks.bed.genome import Reference, Variant, encode


@pytest.fixture
def tables():
    variants = pd.DataFrame(
        [("SNV", 0.015, True), ("SNV", 0.03, False), ("SNV", 0.4, True), ("DEL", 0.1, True),
         ("SNV", 0.005, True)],
        columns=["kind", "max_af", "found"],
    )  # fmt: skip
    variants["stopped"] = ["", "weak", "", "", ""]
    samples = variants.assign(
        seed=1, panel="", contig="c", start=range(5), ref="A", alt="C",
        af=variants.max_af, expected=[0.015, 0.03, 0.5, 0.1, 0.005],
        molecules=[15, 30, 400, 100, 5],
        det=[True, False, True, True, True], low=[0.01, 0, 0.35, 0.08, 0.001],
        high=[0.02, 0.01, 0.45, 0.12, 0.01], ub=[0.02, 0.01, 0.45, 0.12, 0.01], lod=0.008,
        called_af=variants.max_af, copied=[False, False, False, True, False],
    )  # fmt: skip
    return variants, samples, pd.DataFrame({"cause": ["germline", "false", "false"]})


def test_main_figures(tables):
    found = report.main_figures(*tables, bases=1_000_000)
    assert found["SNV found, AF 1 to 2 %"].startswith("1/1")
    assert found["SNV found, AF 2 to 5 %"].startswith("0/1")
    assert found["SNV found, AF 5 % and above"].startswith("1/1")
    assert found["all kinds below AF 1 %, 4 molecules or more, found"].startswith("1/1")
    assert found["false calls by cause"] == "false 2, germline 1"
    assert found["false per Mb (95 % upper bound)"].startswith("2.0 (6.3)")
    # Detected, and not in a region with a hidden copy: three, of which one misses the tissue's AF.
    assert found["95 % interval holds the molecules' AF"].startswith("3/3")
    assert found["95 % interval holds the tissue's AF"].startswith("2/3")
    assert found["detected at the LOD and above"].startswith("3/4")


def test_missed_variants_are_listed_by_filter(tables):
    assert report.missed(tables[0]) == "weak 1"


def test_calls_of_a_vcf_have_detection_and_limits(tmp_path):
    reference = Reference({"c": encode("ACGTTTTGCA" * 5)}, tmp_path / "none.fa")
    path = tmp_path / "calls.vcf"
    path.write_text(
        depths.HEADER + "##contig=<ID=c,length=50>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tpre\tpost\n"
        f"c\t6\t.\tTT\tT\t9\tPASS\tTYPE=DEL\t{depths.FORMAT}\t"
        + depths._sample(0, 100, 0.0, 0.02, 0.03, 0.06) + "\t"
        + depths._sample(20, 100, 0.13, 0.29, 0.28, 0.06) + "\n"
    )  # fmt: skip
    (call,) = score.read_calls(path, reference)
    assert (call.variant.start, call.variant.ref, call.variant.alt) == (3, "T", "")  # left-aligned
    assert call.passed and call.detected == {"pre": False, "post": True}
    assert call.counts["post"] == (20, 100) and call.limit["pre"] == pytest.approx(0.06)
    assert (call.low["post"], call.high["post"]) == pytest.approx((0.13, 0.29))


def test_formulas_of_interval_and_bound():
    low, high = depths.jeffreys(np.array([0, 5, 100]), 100)
    assert low[0] == 0 and high[2] == 1
    assert (low[1], high[1]) == pytest.approx((0.0193, 0.1061), abs=1e-4)
    assert depths.upper(np.array([0]), 100)[0] == pytest.approx(1 - 0.05 ** (1 / 100))


def test_overdispersion_breaks_a_binomial_interval(monkeypatch):
    monkeypatch.setattr(depths, "DRAWS", 3000)
    rows = depths.limits(np.random.default_rng(5))
    cells = {(n, f, rho): c for n, f, rho, c, _ in rows if c is not None}
    assert cells[1000, 0.1, 0.0].verdict == "holds"
    assert cells[5000, 0.1, 1e-2].verdict == "fails"


def test_failures_of_the_earlier_caller_name_assays_and_figures(tables):
    known = set(report.main_figures(*tables, bases=1_000_000))
    first = pd.read_csv(publish.FIRST_RUN, sep="\t", keep_default_na=False)
    assert set(first.assay) <= set(ASSAYS)
    for what, name, figure, panel in publish.FAILURES:
        assert name in ASSAYS and figure in known, what
        assert panel is None or panel in publish.panels_of(name), what


def test_indels_alone_are_compared_with_a_program_made_for_them():
    variants = pd.DataFrame({"ref": ["A", "A" * 60, "", "AC"], "alt": ["C", "", "T" * 49, "GT"]})
    assert len(publish._meant(variants, 0)) == 4
    assert list(publish._meant(variants, 50).index) == [1]


def test_of_tumours_called_apart_one_call_is_left_a_passed_one():
    a, b = Variant("c", 5, "A", "C"), Variant("c", 9, "A", "C")
    calls = [score.Call(a, False, "weak"), score.Call(a, True), score.Call(b, False, "weak")]
    assert peers._once(calls) == [score.Call(a, True), score.Call(b, False, "weak")]


def test_of_a_vardict_pair_somatic_calls_alone_are_read(tmp_path):
    path = tmp_path / "calls.vcf"
    path.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=c,length=8>\n"
        '##INFO=<ID=STATUS,Number=1,Type=String,Description="x">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "c\t2\t.\tC\tT\t.\tPASS\tSTATUS=StrongSomatic\n"
        "c\t3\t.\tG\tT\t.\tPASS\tSTATUS=Germline\n"
    )
    ref = Reference({"c": encode("ACGTACGT")}, tmp_path / "none.fa")
    assert [c.passed for c in peers._vardict_calls(path, ref)] == [True, False]


def test_a_gene_has_the_copies_of_most_of_its_targets():
    targets = pd.DataFrame(
        [("c", 10, 20, "A"), ("c", 60, 70, "A"), ("c", 90, 95, "A"), ("c", 130, 140, "B")],
        columns=["contig", "start", "end", "gene"],
    )
    segments = pd.DataFrame(
        {"chromosome": ["c", "c"], "start": [0, 80], "end": [80, 200], "cn": [2, 4]}
    )
    assert copies.gene_copies(segments, targets) == {"A": 2, "B": 4}
    info = {"segments": [["c", 0, 100], ["c", 120, 200]], "copy_number": [[1, 1], [1, 3]]}
    assert copies.simulated(info, targets) == {"A": 2, "B": 4}
