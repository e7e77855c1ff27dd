"""The check of a demo report accepts the right one and names every fault of a wrong one."""

import copy

import pytest
from benchmarks import demo


@pytest.fixture(scope="module")
def published():
    return demo.read_table1()


def _key(line):
    return line["hg19_chrom"], int(line["hg19_pos"]), line["ref"], line["alt"]


@pytest.fixture
def truth(published):
    truth = {}
    for line in published:
        af = int(line["af_printed"]) / 100
        before = 0.0 if line["pre_printed"] == "WT" else af
        truth[_key(line)] = {
            "normal_skin": {"af": 0.0, "drawn": 0.0},
            demo.BEFORE: {"af": before, "drawn": before},
            demo.AFTER: {"af": af, "drawn": af},
        }
    return truth


@pytest.fixture
def report(published, truth):
    rows, variants = [], {}
    for number, line in enumerate(published):
        chrom, pos, ref, alt = _key(line)
        tert = line["gene"] == "TERT"
        variant = "chr5:1278863:CC:TT" if tert else f"{chrom}:{pos}:{ref}:{alt}"
        samples = {
            name: {
                "af_low": max(0, sample["af"] - 0.02),
                "af_high": sample["af"] + 0.02,
                "ub": 0.01,
                "detected": sample["af"] > 0,
                "af": sample["af"],
            }
            for name, sample in truth[_key(line)].items()
            if name != "normal_skin"
        }
        rows.append(
            {
                "gene": line["gene"],
                "change": f"{chrom}:g.{pos}{ref}>{alt}",
                "protein": line["protein_canonical"],
                "type": line["type"],
                "variant": variant,
                "event": min(number, 12),
                "state": "acquired" if line["pre_printed"] == "WT" else "stable",
                "samples": samples,
                "published": {
                    "change": "g." + line["hg18"].replace(" ", ""),
                    "protein": line["protein_printed"],
                },
            }
        )
        changes = [{"short": s} for s in (("T726T", "E727K") if tert else ("",))]
        variants[variant] = {
            "id": variant,
            "gene": line["gene"],
            "reported": True,
            "protein_changes": changes,
            "samples": {},
        }
    return {
        "table1": rows,
        "compare": {"variants": list(variants.values())},
        "spectrum": {"c_to_t": 11, "substitutions": 14},
        "resist": {
            "verdict": {"kind": "mechanism", "sentence": "MAP2K1 p.C121S was acquired."},
            "driver": {"protein": "V600E", "state": "retained"},
            "findings": [{"protein": "K710N", "effect": "no_effect"}],
        },
    }


def test_the_right_report_is_accepted(report, truth, published):
    result = demo.check(report, truth, published, 7)
    assert result.failures == []
    assert (len(result.rows), result.stable, result.further) == (14, 12, 0)
    assert result.intervals == result.hits == result.drawn == {demo.BEFORE: 11, demo.AFTER: 13}
    page = demo.page([result], published, None)
    assert "14" in page and "Nothing." in page and "24 of 24" in page
    assert "**" not in demo.rows_table([result], published)


def test_an_interval_that_misses_is_counted_and_shown(report, truth, published):
    report["table1"][0]["samples"][demo.AFTER] |= {"af": 0.5, "af_low": 0.45, "af_high": 0.55}
    result = demo.check(report, truth, published, 7)
    assert result.failures == []
    assert result.hits == {demo.BEFORE: 11, demo.AFTER: 12}
    assert "**50.0 (45.0 to 55.0)**" in demo.rows_table([result], published)
    hits, intervals, chance = demo.coverage([result])
    assert (hits, intervals) == (23, 24)
    assert chance == pytest.approx(1 - 0.95**24)


def _state(report):
    report["table1"][6]["state"] = "emergent"


def _detected_before(report):
    report["table1"][6]["samples"][demo.BEFORE]["detected"] = True


def _lost_row(report):
    report["table1"][3]["variant"] = None


def _protein(report):
    report["table1"][1]["protein"] = "p.E1172E"


def _split(report):
    (tert,) = (v for v in report["compare"]["variants"] if v["gene"] == "TERT")
    other = copy.deepcopy(tert)
    tert["protein_changes"] = [{"short": "T726T"}]
    other["protein_changes"] = [{"short": "E727K"}]
    report["compare"]["variants"].append(other)


def _further(report):
    extra = {"id": "chr1:5:A:C", "gene": "X", "reported": True, "samples": {}}
    report["compare"]["variants"].append(extra)


def _spectrum(report):
    report["spectrum"]["c_to_t"] = 10


def _verdict(report):
    report["resist"]["verdict"]["sentence"] = "RET p.K710N was acquired."


def _driver(report):
    report["resist"]["driver"]["state"] = "lost"


def _effect(report):
    report["resist"]["findings"][0]["effect"] = "known"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (_state, "MAP2K1 p.C121S is emergent"),
        (_detected_before, "MAP2K1 p.C121S: pre_treatment is not without it"),
        (_lost_row, "ERBB4 p.G1217E is not reported"),
        (_protein, "BRCA1 p.E1219E is reported as BRCA1 p.E1172E"),
        (_split, "the TERT pair is no single event"),
        (_further, "further call chr1:5:A:C"),
        (_spectrum, "C>T 10 of 14"),
        (_verdict, "verdict: RET p.K710N"),
        (_driver, "driver V600E lost"),
        (_effect, "RET K710N: known"),
    ],
)
def test_a_fault_is_named(report, truth, published, fault, says):
    fault(report)
    result = demo.check(report, truth, published, 7)
    assert any(text.startswith(says) for text in result.failures), result.failures
