"""Pages and plots are written from rows; commands are measured."""

import sys

import numpy as np
import pandas as pd
import pytest
from benchmarks import calibration
from benchmarks.measure import run
from benchmarks.publish import publish_accuracy, publish_calibration, publish_speed
from benchmarks.rows import Rows


@pytest.fixture
def rows():
    kinds = ["SNV", "MNV", "INS", "DEL", "DUP", "COMPLEX"]
    common = {"pos": range(12), "kind": kinds * 2, "size": [1, 2, 12, 40, 70, 9] * 2}
    common |= {"context": "plain", "called": [1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1]}
    variants = pd.DataFrame(
        {**common, "max_af": [0.05] * 6 + [0.01] * 6, "max_alt": 9, "filters": "", "records": 1}
    )
    samples = pd.DataFrame(
        {**common, "sample": "post", "true_af": [0.05] * 6 + [0.01] * 6, "drawn_alt": 9,
         "drawn_fragments": 900, "det": 1, "af": 0.02, "af_low": 0.01, "af_high": 0.06,
         "lod": 0.01, "ub": 0.06}
    )  # fmt: skip
    false = pd.DataFrame([{"what": "false", "chrom": "c", "pos": 5, "ref": "A", "alt": "C"}])
    return Rows(variants, samples, false, 0.5)


def test_the_accuracy_page_states_the_figures(rows, tmp_path):
    runs = {("default", "resistpanel"): rows, ("default", "freebayes"): rows}
    usages = {key: [{"cpu": 3.0}, {"cpu": 5.0}] for key in runs}
    publish_accuracy(runs, usages, {"default": [1, 2]}, tmp_path)
    text = (tmp_path / "accuracy.md").read_text()
    frame = pd.read_csv(tmp_path / "accuracy.tsv", sep="\t")
    assert frame["false per Mb"].tolist() == [2.0, 2.0]
    assert frame["CPU s"].tolist() == [4.0, 4.0]
    precision, recall = 10 / 11, 10 / 12
    f1 = 2 * precision * recall / (precision + recall)
    assert frame["F1 (AF >= 1 %)"][0] == pytest.approx(f1, rel=1e-4)
    assert "--only default:1,2`" in text and "recall.png" in text
    assert (tmp_path / "recall.png").stat().st_size > 1000
    assert (tmp_path / "af.png").stat().st_size > 1000


def test_calibration_counts_calls_and_cover(tmp_path):
    rng = np.random.default_rng(1)
    n = 400
    rows = pd.DataFrame(
        {"seed": 1, "site": range(n), "sample": "pre", "kind": ["SNV", "DEL"] * (n // 2), "run": 1,
         "lod": 0.01, "multiple": [1.0, 0.5] * (n // 2), "det": 0.0, "ub": 0.012,
         "filters": "weak", "called": 0}
    )  # fmt: skip
    rows["af"] = rows.lod * rows.multiple
    rows.loc[rows.multiple == 1.0, "called"] = (rng.random(n // 2) < 0.95).astype(int)
    rows["forced_called"] = 1
    rows.loc[:19, "ub"] = 0.001  # ten at the LOD, ten at half of it
    rows.loc[20, "ub"] = np.nan
    shown = calibration.tables(rows)
    at = shown["Called at the stated LOD"].set_index("group")
    assert at.loc["all", "n"] == 200
    assert at.loc["all", "value"] == rows.called[rows.multiple == 1.0].mean()
    bound = shown["UB at or above the true AF"].set_index(["multiple", "detected"])
    assert bound.loc[("all", "all"), ["n", "value"]].tolist() == [399, 379 / 399]
    settings = {"seeds": [1], "depth": 900, "read_length": 100}
    publish_calibration(rows, shown, settings, tmp_path)
    assert "Calibration" in (tmp_path / "calibration.md").read_text()
    assert (tmp_path / "calibration.png").stat().st_size > 1000


def test_the_speed_page_holds_the_ratios(tmp_path):
    row = {"program": "samtools", "cpu": 2.0, "wall": 2.0, "memory": 10.0, "ratio": 1.0}
    other = {**row, "program": "resistpanel call", "cpu": 7.0, "ratio": 3.5}
    growth = [{"axis": "depth", "value": v, **r} for v in (250, 500) for r in (row, other)]
    result = {
        "files": ["a", "b"],
        "bytes": 5e6,
        "targets_kb": 67,
        "rows": [row, other],
        "growth": growth,
    }
    publish_speed(result, tmp_path)
    assert "3.5" in (tmp_path / "speed.md").read_text()
    assert len(pd.read_csv(tmp_path / "speed.tsv", sep="\t")) == 6


def test_a_command_is_measured_with_its_children():
    burn = "sum(i * i for i in range(3_000_000))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}], check=True)"
    usage = run([sys.executable, "-c", child])
    assert usage.status == 0 and usage.cpu > 0.1 and 5 < usage.memory < 500
    failed = run([sys.executable, "-c", "import sys; sys.exit('no such file')"])
    assert failed.status == 1 and "no such file" in failed.stderr
