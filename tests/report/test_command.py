"""`resistpanel report`: its outputs and its errors."""

import json

import pytest

from resistpanel.cli import main


@pytest.fixture
def paths(patients, tmp_path):
    return patients.write(patients.paper(), tmp_path)


def arguments(paths):
    return ["report", *(word for name, path in paths.items() for word in (f"--{name}", path))]


def outputs(folder):
    return [w for k in ("html", "json", "tsv") for w in (f"--output-{k}", str(folder / f"o.{k}"))]


def test_three_files_and_the_page_again_from_the_json(paths, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    out = tmp_path / "deep" / "er"
    assert main([*arguments(paths), *outputs(out)]) == 0
    assert {p.name for p in out.iterdir()} == {"o.html", "o.json", "o.tsv"}
    report = json.loads((out / "o.json").read_text())
    assert report["provenance"]["command"].startswith("resistpanel report --compare ")
    again = out / "again.html"
    assert main(["report", "--json", str(out / "o.json"), "--output-html", str(again)]) == 0
    assert again.read_bytes() == (out / "o.html").read_bytes()
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    assert main([*arguments(paths), *outputs(out)]) == 0
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to write; give one or more of --output-html"),
        (["--output-html", "o.html", "--qc", ""], "--qc missing; give all four, or --json"),
        (["--output-html", "o.html", "--json", "x.json"], "--json and --sheet exclude each other"),
        (["--output-html", "o.html", "--output-tsv", "o.html"], "two outputs have the same name"),
        (["--output-html", "o.html", "--vcf", "no.vcf"], "no.vcf: cannot be read as VCF"),
        (["--output-html", "o.html", "--table1", "no.tsv"], "no.tsv: no such file"),
    ],
)
def test_errors_are_one_line_and_write_nothing(
    paths, tmp_path, capsys, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments(paths), *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("resistpanel: error: ") and message in lines[0]
    assert not list(tmp_path.glob("o.*"))


def test_a_fault_found_late_leaves_the_old_files(paths, tmp_path, capsys, patients):
    assert main([*arguments(paths), *outputs(tmp_path)]) == 0
    old = (tmp_path / "o.html").read_bytes()
    parts = patients.paper()
    parts["resist"]["verdict"]["key_variants"] = ["chr1:1:A:C"]
    patients.write(parts, tmp_path)
    assert main([*arguments(paths), *outputs(tmp_path)]) == 2
    assert (tmp_path / "o.html").read_bytes() == old
    assert "variant 'chr1:1:A:C' is not in" in capsys.readouterr().err
