"""The table of the samples' figures."""

import msgspec

from resistpanel.qc.spectrum import Spectrum
from resistpanel.records.qc import Assay, FractionAt, Gate, SampleQc
from resistpanel.report.quality import metrics
from resistpanel.report.render import page

ASSAY = Assay(
    library="amplicon", library_sure=True, reads="raw", consensus="none", umi="none", f1r2=0.5,
    same_end=0.9, primers=True, read_length=150, insert_size=170, reads_seen=900,
    duplicates_seen=0, given=(),
)  # fmt: skip


def sample(**more) -> dict:
    found = SampleQc(
        sample="s", reads_total=1_000, reads_on_target=700, mean_depth=900.0, median_depth=900.0,
        fraction_at=FractionAt(1.0, 1.0, 0.99), on_target_fraction=0.7, duplicate_fraction=0.2,
        mapped_fraction=0.99, error_rate=0.003, insert_size_median=170, read_length=100,
        unit="fragments", targets=(), gate=Gate(passed=True, failures=()), **more,
    )  # fmt: skip
    return msgspec.to_builtins(found)


def test_a_failed_gate_of_copy_number_is_not_said_to_pass(parts, patients, make, read_page):
    copynumber = patients.copynumber(parts["sheet"])
    report = make(parts | {"copynumber": copynumber})
    assert report["qc"]["passed"] and not copynumber["gate"]["passed"]
    text = read_page(page(report)).all("section", id="quality")[0]["text"]
    assert "Every sample passes quality control" not in text
    assert "but see the warnings on identity and contamination" in text


def test_the_assay_of_each_sample():
    """A sample of an earlier version has none."""
    table = metrics({"qc": {"samples": [sample(assay=ASSAY), sample()]}})
    assert table[0]["label"] == "Assay"
    texts = [cell["text"] for cell in table[0]["cells"]]
    assert texts == ["amplicon, raw reads, no UMI, primers given", "—"]


def test_damage_of_one_strand_is_not_applicable_to_amplicons():
    """No dash, which would look like a missing figure, and no value, which would pass."""
    spectra = [Spectrum.empty().record(amplicons=made) for made in (True, False)]
    samples = [sample(error_spectrum=one) for one in spectra]
    table = {row["label"]: row["cells"] for row in metrics({"qc": {"samples": samples}})}
    for label in ("Oxidation (oxoG, G>T), Q", "Deamination (formalin, C>T), Q"):
        assert [cell["text"] for cell in table[label]] == ["not applicable (amplicons)", "—"]


def test_results_of_an_earlier_version():
    assert metrics({"qc": {"samples": [sample()]}})[0]["label"].startswith("Mean depth")
