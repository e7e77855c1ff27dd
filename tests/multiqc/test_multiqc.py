"""Custom content for MultiQC; the page itself where MultiQC is installed."""

import json
import shutil
import stat
import sys
from pathlib import Path

import msgspec
import pytest

from resistpanel.cli import main
from resistpanel.core.files import read_json
from resistpanel.core.schemas import write_record
from resistpanel.qc import multiqc_command as command
from resistpanel.qc.multiqc import cohort
from resistpanel.qc.spectrum import CONTEXTS, Spectrum
from resistpanel.records.base import UNSET
from resistpanel.records.copynumber import (
    Admixture,
    CopyNumber,
    Genotypes,
    PatientIdentity,
    SampleFailure,
    SamplesGate,
    SexCheck,
    TumorCopies,
    TumorPurity,
)
from resistpanel.records.identity import IdentityFinding
from resistpanel.records.qc import Assay, Failure, FractionAt, Gate, Qc, SampleQc, TargetDepth


def spectrum():
    """Return the error spectrum of 1,000 bases in each context and orientation, G>T in one."""
    found = Spectrum.empty()
    for code, context in enumerate(CONTEXTS):
        found.counts[code, :, "ACGT".index(context[1])] = 1_000
    found.counts[CONTEXTS.index("CGA"), 0, 3] = 10
    found.counts[CONTEXTS.index("TCG"), 1, 0] = 10
    return found.record()


def sample(name, *failures):
    targets = tuple(
        TargetDepth(name="", chrom="c", start=0, end=1, mean_depth=mean, min_depth=0)
        for mean in (400.0, 440.0)
    )
    return SampleQc(
        sample=name, reads_total=0, reads_on_target=0, on_target_fraction=0.7,
        duplicate_fraction=None, mapped_fraction=None, mean_depth=420.0, median_depth=420.0,
        fraction_at=FractionAt(0.99, 0.9, 0.25), depth_curve=((0, 1.0), (400, 0.5)),
        insert_size_median=180, read_length=100, error_rate=0.002, error_spectrum=spectrum(),
        unit="fragments", targets=targets, gate=Gate(passed=not failures, failures=failures),
    )  # fmt: skip


def patient(*samples):
    return Qc(schema="resistpanel/qc/1", patient="P1", samples=samples, excluded=(), passed=False)


def foreign(value, found):
    return Admixture(value=value, low=None, high=None, found=found, evidence=None, sites=30)


SHALLOW = Failure(
    metric="mean_depth", value=420.0, condition=">= 500",
    text="sample 'P1-post': mean_depth is 420, must be >= 500: too few: to tell",
)  # fmt: skip
FOREIGN = SampleFailure(
    sample="P1-post", metric="contamination", value=0.02, condition="<= 0.01",
    text="sample 'P1-post': contamination is 0.02, must be <= 0.01: a stranger",
)  # fmt: skip
QC = patient(sample("P1-skin"), sample("P1-post", SHALLOW))
COPYNUMBER = CopyNumber(
    schema="resistpanel/copynumber/1", patient="P1", reference=None,
    samples={
        "P1-post": TumorCopies(
            purity=TumorPurity(value=0.6, low=None, high=None, source="", method="joint"),
            baseline=2, target_noise=None, gene_noise=None, genes=(), segments=(),
        )
    },
    pairs=(),
    contamination={"P1-skin": foreign(0.001, False), "P1-post": foreign(0.02, True)},
    tumor_in_normal={},
    identity=PatientIdentity(
        agreement=(), mismatched=(), sex=SexCheck(sheet=None, samples={}),
        genotypes=Genotypes(sites=(), samples={}),
    ),
    gate=SamplesGate(passed=False, failures=(FOREIGN,)),
)  # fmt: skip
SWAP = IdentityFinding(
    kind="same_person", samples=(("P1", "P1-skin"), ("P2", "P2-skin")), text="one"
)


def test_every_sample_has_its_figures():
    rows = cohort([QC], [COPYNUMBER])["general"]["data"]
    assert rows["P1-skin"] == {
        "gate": 0, "mean_depth": 420.0, "at_250": 90.0, "on_target": 70.0, "insert_size": 180,
        "error_rate": 0.2, "oxog_q": rows["P1-skin"]["oxog_q"], "deamination_q": 100.0,
        "contamination": 0.0,
    }  # fmt: skip
    # 20 of 32 x 1,000 bases (16 contexts of G in two orientations, and of C) and the 20 themselves.
    assert rows["P1-skin"]["oxog_q"] == pytest.approx(35.05, abs=0.05)
    assert (rows["P1-post"]["gate"], rows["P1-post"]["purity"]) == (2, 60.0)
    assert rows["P1-post"]["contamination"] == 2.0


def test_the_assay_of_each_sample():
    assay = Assay(
        library="capture", library_sure=False, reads="duplex", consensus="fgbio", umi="RX",
        f1r2=0.5, same_end=0.2, primers=False, read_length=150, insert_size=170, reads_seen=900,
        duplicates_seen=0, given=(),
    )  # fmt: skip
    shown = patient(msgspec.structs.replace(sample("P1-skin"), assay=assay))
    text = cohort([shown], [])["general"]["data"]["P1-skin"]["assay"]
    assert text == "hybrid capture (not sure), duplex consensus reads (fgbio), UMI in tag RX"


def test_amplicons_are_not_on_the_heatmap_of_damage():
    """Without a figure they would be as good as the best."""
    one = sample("P1-skin")
    bare = msgspec.structs.replace(one, error_spectrum=Spectrum.empty().record(amplicons=True))
    other = msgspec.structs.replace(bare, sample="P1-post")
    assert cohort([patient(one, other)], [])["artifacts"]["ycats"] == ["P1-skin"]
    assert "artifacts" not in cohort([patient(bare)], [])
    assert "deamination_q" not in cohort([patient(bare)], [])["general"]["data"]["P1-skin"]


def test_gate_and_findings_stand_on_the_page_where_there_are_any():
    found = cohort([QC], [COPYNUMBER], [SWAP])
    assert found["gate"]["data"]["P1-post: mean_depth"] == {
        "value": 420.0, "condition": ">= 500", "text": "too few: to tell",
    }  # fmt: skip
    assert "P1-post: contamination" in found["gate"]["data"]
    assert found["identity"]["data"]["one"]["samples"] == "P1-skin (P1), P2-skin (P2)"
    clean = cohort([patient(sample("P1-skin"))], [])
    assert not {"gate", "identity"} & set(clean)


def test_classes_of_depth_add_up():
    bars = cohort([QC], [])["depth_classes"]
    row = bars["data"]["P1-skin"]
    assert row == {
        "500 and more": 25.0, "250 to 499": 65.0, "100 to 249": 9.0, "below 100": 1.0
    }  # fmt: skip
    assert list(bars["categories"]) == list(row)


def test_contexts_join_both_strands():
    lines = cohort([QC], [])["contexts"]["data"]["P1-skin"]
    assert len(lines) == 96
    changed = {name: rate for name, rate in lines.items() if rate}
    # TCG>TAG is CGA>CTA of the other strand.
    assert list(changed) == ["T[C>A]G"]
    assert changed["T[C>A]G"] == pytest.approx(1e6 * 20 / 4_020, abs=0.01)


def test_results_of_an_earlier_version():
    old = msgspec.structs.replace(sample("P1-skin"), error_spectrum=UNSET, depth_curve=UNSET)
    assert {"artifacts", "contexts", "depth_curve"}.isdisjoint(cohort([patient(old)], []))


@pytest.fixture
def files(tmp_path):
    write_record(tmp_path / "qc.json", QC)
    write_record(tmp_path / "cn.json", COPYNUMBER)
    return ["--qc", str(tmp_path / "qc.json"), "--copynumber", str(tmp_path / "cn.json")]


def test_content_alone(tmp_path, files):
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "resistpanel_identity_mqc.json").write_text("{}")
    (folder / "mine_mqc.json").write_text("{}")
    assert main(["multiqc", *files, "--content", str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    # A section that is no more goes; what is another's stays.
    assert "resistpanel_identity_mqc.json" not in names
    assert {"mine_mqc.json", "resistpanel_gate_mqc.json"} <= names
    for name in names - {"mine_mqc.json"}:
        value = read_json(folder / name)
        assert value["id"].startswith("resistpanel_") and value["data"]
    columns = json.loads((folder / "resistpanel_general_mqc.json").read_text())["headers"]
    assert list(columns)[:2] == ["gate", "mean_depth"]


def fake(tmp_path, text):
    """Put a program in MultiQC's place."""
    path = tmp_path / "multiqc"
    path.write_text(f"#!{sys.executable}\nimport pathlib, sys\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return lambda: str(path)


def test_the_page(tmp_path, files, monkeypatch):
    write = (
        "folder = pathlib.Path(sys.argv[sys.argv.index('--outdir') + 1])\n"
        "(folder / 'page.html').write_text(' '.join(sys.argv))"
    )
    monkeypatch.setattr(command, "program", fake(tmp_path, write))
    scan = tmp_path / "stats"
    scan.mkdir()
    page = tmp_path / "out" / "multiqc.html"
    asked = ["multiqc", *files, "--scan", str(scan), "--output", str(page)]
    assert main(asked) == 0
    assert str(scan) in page.read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--scan", "nowhere", "--output", "o.html"], "nowhere: no such file or folder"),
        (["--output", "o.html"], "o.html: MultiQC failed: no luck today"),
        ([], "neither --output nor --content is given"),
    ],
)
def test_what_goes_wrong_is_said(tmp_path, files, monkeypatch, capsys, options, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "program", fake(tmp_path, "sys.exit('no luck today')"))
    assert main(["multiqc", *files, *options]) == 2
    assert words in capsys.readouterr().err
    assert not Path("o.html").exists()


def test_without_multiqc(tmp_path, files, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert main(["multiqc", *files, "--output", str(tmp_path / "o.html")]) == 2
    assert (
        "MultiQC is not installed; in the checkout: pip install '.[multiqc]'"
        in capsys.readouterr().err
    )


def test_the_page_of_multiqc_itself(tmp_path, files):
    if not Path(sys.executable).with_name("multiqc").is_file() and not shutil.which("multiqc"):
        pytest.skip("MultiQC is not installed: pip install '.[multiqc]'")
    page = tmp_path / "multiqc.html"
    assert main(["multiqc", *files, "--output", str(page)]) == 0
    assert "resistpanel_depth_curve" in page.read_text()
