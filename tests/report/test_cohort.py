"""The cohort page and the cBioPortal study."""

import csv
import io
import json
import re

import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.report import cohort
from resistpanel.report.study import Study


@pytest.fixture
def folder(paper, large, tmp_path):
    """Three patients: the paper's, a second like it under another name, the large one."""
    other = json.loads(json.dumps(paper).replace("MEL-PLX", "MEL-2"))
    for sample in ("skin", "sensitive", "resistant"):
        other = json.loads(json.dumps(other).replace(f'"{sample}"', f'"{sample}2"'))
    other["resist"]["verdict"] |= {"kind": "none", "key_variants": [], "confidence": "low"}
    for name, report in (("a", paper), ("b", other), ("c", large)):
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    (tmp_path / "a.html").write_text("")
    return tmp_path


def test_the_page(folder, read_page, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    files = [str(folder / f"{n}.json") for n in "cab"]
    out = folder / "deep" / "cohort.html"
    tsv = folder / "cohort.tsv"
    assert (
        main(["report", "--cohort", *files, "--output-html", str(out), "--output-tsv", str(tsv)])
        == 0
    )
    found = read_page(out.read_text())
    assert found.unbalanced == []
    text = found.text()
    assert found.all("title")[0]["text"] == "Resistance reports, 3 patients"
    assert "3 patients" in text and "Mechanism of resistance found" in text
    (link,) = [e["attrs"]["href"] for e in found.all("a") if e["text"] == "MEL-PLX"]
    assert link == "./../a.html"
    assert not [e for e in found.all("a") if e["text"] == "MEL-2"]  # no page stands beside it
    table = list(csv.DictReader(io.StringIO(tsv.read_text()), delimiter="\t"))
    assert [r["patient"] for r in table] == ["LARGE-5", "MEL-2", "MEL-PLX"]
    assert table[2]["headline"] == "MAP2K1 p.C121S"
    assert table[2]["mechanism"] == "mutation downstream of the target"
    first = out.read_bytes()
    assert main(["report", "--cohort", *files, "--output-html", str(out)]) == 0
    assert out.read_bytes() == first
    assert main(["report", "--cohort", files[0], "--output-html", str(out)]) == 0
    assert "<title>Resistance reports, 1 patient</title>" in out.read_text()


IDENTITY = {"schema": "resistpanel/identity/1", "patients": ["A"], "samples": 3, "passed": False,
            "least_sites": 8, "within": {"pairs": 3, "judged": 3},
            "between": {"pairs": 0, "judged": 0}, "untested": []}  # fmt: skip


def test_swaps_between_patients_are_shown(folder, read_page, capsys):
    identity = folder / "identity.json"
    text = "s1 of A and s2 of B fit each other's patient"
    found = {"kind": "swap", "samples": [["A", "s1"], ["B", "s2"]], "text": text}
    identity.write_text(json.dumps(IDENTITY | {"findings": [found]}))
    out = folder / "o.html"
    words = ["report", "--cohort", str(folder / "a.json"), "--output-html", str(out), "--identity"]
    assert main([*words, str(identity)]) == 0
    assert text in read_page(out.read_text()).text()
    assert main([*words, str(folder / "a.json")]) == 2
    assert "not a file of `resistpanel identity`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes, words, never",
    [
        ({}, "3 of 3 pairs of samples of one patient. None of them contradicts the sample sheet. "
         "There is no other patient to compare with.", "not tested"),
        ({"within": {"pairs": 3, "judged": 0}, "passed": None},
         "was not tested: none of 3 pairs of samples has 8 informative sites", "contradicts"),
        ({"within": {"pairs": 0, "judged": 0}, "samples": 1, "passed": None},
         "identity was not tested: there is one sample", "contradicts"),
        ({"between": {"pairs": 6, "judged": 2}, "untested": [["B", "s9"]]},
         "2 of 6 pairs of samples of different patients. None of them contradicts the "
         "sample sheet. Not compared, with fewer than 8 informative sites: s9 (B).", "no other"),
    ],
)  # fmt: skip
def test_what_was_not_compared_is_not_said_to_fit(folder, read_page, changes, words, never):
    identity, out = folder / "identity.json", folder / "o.html"
    identity.write_text(json.dumps(IDENTITY | {"findings": [], "passed": True} | changes))
    arguments = ["report", "--cohort", str(folder / "a.json"), "--output-html", str(out)]
    assert main([*arguments, "--identity", str(identity)]) == 0
    text = " ".join(read_page(out.read_text()).text().split())
    assert words in text
    assert never not in text[text.index(words[:9]) :][: len(words) + 40]


def test_what_recurs(paper):
    one = cohort.summary(paper, "a.json")
    two = one | {"patient": "B", "key_variants": ""}
    (row,) = cohort.recurrent([one, two])
    assert (row["gene"], len(row["patients"]), row["key"]) == ("MAP2K1", 2, 1)


def test_a_failed_gate_of_copy_number_counts(parts, patients, make):
    copynumber = patients.copynumber(parts["sheet"])
    kept = cohort.summary(make(parts | {"copynumber": copynumber}), "a.json")
    assert kept["qc_passed"] is False
    (failed,) = [s for s in kept["samples"] if s["failures"]]
    assert failed["sample"] == "sensitive" and "another person's" in failed["failures"][0]


def test_ways_to_resist_are_counted_one_by_one(paper):
    one = cohort.summary(paper, "a.json")
    two = one | {"patient": "B", "mechanism": one["mechanism"] + "; bypass by another pathway"}
    counted = dict(cohort.cohort([one, two])["mechanisms"])
    assert counted == {one["mechanism"]: 2, "bypass by another pathway": 1}


@pytest.mark.browser
def test_the_page_in_a_browser(chromium, folder):
    out = folder / "cohort.html"
    files = [str(folder / f"{n}.json") for n in "abc"]
    words = ["report", "--cohort", *files, "--output-html", str(out)]
    assert main([*words, "--multiqc", str(folder / "deep" / "multiqc.html")]) == 0
    for width, dark in ((390, True), (1440, False)):
        chromium.open(out.as_uri(), width, dark=dark)
        assert chromium.errors() == [] and chromium.requests() == []
        wider = "document.documentElement.scrollWidth"
        assert chromium.evaluate(wider) <= width
        inside = """[...document.querySelectorAll('body *')].every(
            e => e.getBoundingClientRect().right <= innerWidth + 0.5 || e.closest('.scroll'))"""
        assert chromium.evaluate(inside)
    rows = "[...document.querySelectorAll('#patients-table tbody tr')].filter(r => !r.hidden)"
    assert chromium.evaluate(f"{rows}.length") == 3
    chromium.evaluate("""(() => { const i = document.querySelector('[data-filter]');
        i.value = 'large-5'; i.dispatchEvent(new Event('input')); })()""")
    assert chromium.evaluate(f"{rows}.length") == 1
    links = "[...document.links].map(a => a.getAttribute('href'))"
    assert chromium.evaluate(links)[:2] == ["./deep/multiqc.html", "./a.html"]
    # Patients of a gene are one text; on paper they begin on the first sheet.
    inline = "[...document.querySelectorAll('td.inline .muted')]"
    inline += ".map(e => getComputedStyle(e).display)"
    assert set(chromium.evaluate(inline)) == {"inline"}
    chromium.look(1440, media="print")
    breaks = "getComputedStyle(document.querySelector('.summary')).breakAfter"
    assert chromium.evaluate(breaks) == "auto"
    chromium.look(1440)


def sample(i, **more):
    value = {"sample": f"s{i}", "failures": [], "mean_depth": 900.0 + i, "on_target_fraction": 0.8,
             "duplicate_fraction": 0.1, "error_rate": None}  # fmt: skip
    return value | more


def test_samples_that_stand_out():
    good = [sample(i) for i in range(9)]
    low, high = sample(10, mean_depth=80.0), sample(11, mean_depth=5000.0)
    failed = sample(12, failures=["mean depth 150 is below 200"])
    found = cohort.outliers([{"patient": "P", "samples": [*good, low, high, failed]}])
    assert [r["sample"] for r in found] == ["s10", "s12"]  # more depth than others is no fault
    assert found[0]["why"] == ["mean depth 80, median of the cohort 904.5"]
    assert found[1]["why"] == ["quality control: mean depth 150 is below 200"]
    assert cohort.outliers([{"patient": "P", "samples": [good[0], low]}]) == []  # too few to tell


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--cohort", "a.json", "a.json", "--output-html", "o.html"],
            "is of patient 'MEL-PLX', as",
        ),
        (
            ["--cohort", "a.json", "--output-json", "o.json"],
            "there is no --output-json of a cohort",
        ),
        (
            ["--cohort", "a.json", "--json", "a.json", "--output-html", "o.html"],
            "cannot be combined",
        ),
        (["--cohort", "no.json", "--output-html", "o.html"], "no.json: cannot be read"),
        (
            ["--cohort", "x.json", "--output-html", "o.html"],
            "x.json: not a file of `resistpanel report`",
        ),
        (["--json", "a.json", "--output-cbioportal", "o"], "no --output-cbioportal of one patient"),
        (
            ["--cohort", "a.json", "--output-cbioportal", "o", "--study", "a b"],
            "'a b' is not allowed",
        ),
    ],
)
def test_errors(folder, capsys, monkeypatch, words, message):
    monkeypatch.chdir(folder)
    (folder / "x.json").write_text("{}")
    assert main(["report", *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and message in lines[0]
    assert not list(folder.glob("o*"))


def read_table(path):
    text = path.read_text().removeprefix("#version 2.4\n")
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def read_meta(path):
    return dict(line.split(": ", 1) for line in path.read_text().splitlines())


def test_the_study_folder(folder, parts, patients, make):
    copies = patients.copynumber(parts["sheet"])
    for sample in copies["samples"].values():
        sample["genes"].append(sample["genes"][0] | {"gene": "backbone_7", "no_gene": True})
    report = make(parts | {"copynumber": copies})
    (folder / "a.json").write_text(json.dumps(report))
    out = folder / "study"
    files = [str(folder / f"{n}.json") for n in "abc"]
    words = [
        "--output-cbioportal",
        str(out),
        "--study",
        "resist_1",
        "--output-maf",
        str(folder / "m"),
    ]
    assert main(["report", "--cohort", *files, *words]) == 0
    metas = {p.name: read_meta(p) for p in out.glob("meta_*.txt")}
    for name, fields in metas.items():
        assert fields["cancer_study_identifier"] == "resist_1"
        if "data_filename" in fields:
            assert (out / fields["data_filename"]).is_file(), name
    assert metas["meta_study.txt"]["reference_genome"] == "hg19"
    rows = read_table(out / "data_mutations.txt")
    assert (folder / "m").read_text() == (out / "data_mutations.txt").read_text()
    assert any(c.upper().startswith("RESISTPANEL.") for c in rows[0])
    clinical = (out / "data_clinical_sample.txt").read_text().splitlines()
    assert [line[0] for line in clinical[:5]] == ["#"] * 4 + ["P"]
    assert len({line.count("\t") for line in clinical}) == 1
    samples = {line.split("\t")[1] for line in clinical[5:]}
    assert {r["Tumor_Sample_Barcode"] for r in rows} <= samples
    listed = read_meta(out / "case_lists" / "cases_sequenced.txt")
    assert listed["stable_id"] == "resist_1_sequenced"
    assert set(listed["case_list_ids"].split("\t")) == samples
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", s) for s in samples)
    cna = read_table(out / "data_cna.txt")
    assert {r["Hugo_Symbol"]: r["resistant"] for r in cna}["BRAF"] == "2"
    assert {r["Hugo_Symbol"]: r["resistant"] for r in cna}["AR"] == "NA"
    assert "backbone_7" not in {r["Hugo_Symbol"] for r in cna}
    treatment = read_table(out / "data_timeline_treatment.txt")
    assert (treatment[0]["START_DATE"], treatment[0]["STOP_DATE"]) == ("0", "161")
    assert treatment[0]["AGENT"] == "vemurafenib"


def test_the_study_obeys_cbioportals_rules(folder, parts, patients, make, cbioportal):
    report = make(parts | {"copynumber": patients.copynumber(parts["sheet"])})
    (folder / "a.json").write_text(json.dumps(report))
    files = [str(folder / f"{n}.json") for n in "abc"]
    out = folder / "study"
    gff3 = HOME / "panels/cancer138/hg19.gff3"
    (folder / "t.bed").write_text("chr7\t140453100\t140453200\nchr15\t66729100\t66729200\n")
    more = ["--genes", str(gff3), "--targets", str(folder / "t.bed")]
    assert main(["report", "--cohort", *files, *more, "--output-cbioportal", str(out)]) == 0
    cbioportal.check_study(out)
    panel = read_meta(out / "gene_panel_resistpanel_panel.txt")
    assert panel["gene_list"].split("\t") == ["BRAF", "MAP2K1"]
    faults = {
        "data_mutations.txt": ("GRCh37", "hg19"),
        "data_clinical_sample.txt": ("#STRING", "STRING"),
        "data_gene_matrix.txt": ("resistpanel_panel", "other_panel"),
        "meta_cna.txt": ("stable_id: cna", "stable_id: mine"),
        "case_lists/cases_sequenced.txt": ("sensitive", "unknown_sample"),
        "data_timeline_treatment.txt": ("161", "soon"),
    }
    for name, (good, bad) in faults.items():  # the rules see what breaks them
        text = (out / name).read_text()
        assert good in text, name
        (out / name).write_text(text.replace(good, bad))
        with pytest.raises((AssertionError, ValueError)):
            cbioportal.check_study(out)
        (out / name).write_text(text)
    cbioportal.check_study(out)


def test_names_and_builds_that_do_not_fit(paper):
    study = Study("s")
    study.add(paper, "a.json")
    with pytest.raises(InputError, match="is in two patients"):
        study.add(paper | {"patient": "B"}, "b.json")
    with pytest.raises(InputError, match="'B B' is not allowed"):
        Study("s").add(paper | {"patient": "B B"}, "b.json")
    other = json.loads(
        json.dumps(paper).replace('"sensitive"', '"s1"').replace('"resistant"', '"r1"')
    )
    with pytest.raises(InputError, match="patients of hg19 and hg38 in one study"):
        study.add(other | {"build": "hg38"}, "c.json")
