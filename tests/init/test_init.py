"""The first command: a configuration and a sheet for a folder of BAMs."""

import pysam
import pytest
import yaml

from resistpanel.cli import main
from resistpanel.core.builds import LENGTHS
from resistpanel.inputs.config import settings
from resistpanel.inputs.propose import day_of, propose
from resistpanel.inputs.sheet import read_sheet


def write_bam(path, sample, build="hg19", prefix="", reference=None):
    """Write an empty-ish BAM with a whole genome's header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {f"{prefix}{name[3:]}": length for name, length in LENGTHS[build].items()}
    contigs = [{"SN": name, "LN": length} for name, length in names.items()]
    if reference:
        contigs[0]["UR"] = str(reference)
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": contigs}
    if sample:
        header["RG"] = [{"ID": "1", "SM": sample}, {"ID": "2", "SM": sample}]
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        read = pysam.AlignedSegment(out.header)
        read.query_name, read.query_sequence = "r", "ACGT"
        read.query_qualities = pysam.qualitystring_to_array("IIII")
        read.reference_id, read.reference_start, read.cigarstring = 0, 1000, "4M"
        out.write(read)
    return path


def roles(*names, drug_of=lambda word: None):
    return [(p.patient, p.role, p.timepoint) for p in propose(list(names), drug_of)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["P1-skin", "P1-pre", "P1-post"],
            [("P1", "normal", None), ("P1", "tumor", "pre"), ("P1", "tumor", "post")],
        ),
        # Normal and tumour that differ in one letter, as in COLO829's public data.
        (
            ["COLO829v003R-525", "COLO829v003T-525"],
            [("COLO829v003", "normal", None), ("COLO829v003", "tumor", None)],
        ),
        (
            ["MEL01_N", "MEL01_T1", "MEL01_T2", "MEL02_N", "MEL02_T1"],
            [
                ("MEL01", "normal", None),
                ("MEL01", "tumor", None),
                ("MEL01", "tumor", None),
                ("MEL02", "normal", None),
                ("MEL02", "tumor", None),
            ],
        ),
        (
            ["P1-buffy", "P1-pre-biopsy", "P1-relapse-plasma", "P1_cfDNA2"],
            [
                ("P1", "normal", None),
                ("P1", "tumor", "pre"),
                ("P1", "plasma", "post"),
                ("P1", "plasma", None),
            ],
        ),
        # One normal and tumours whose names share nothing: one patient.
        (["blood", "metA"], [("patient1", "normal", None), ("patient1", "tumor", None)]),
        # A skin metastasis and blood at relapse are no normals.
        (
            ["A-germline", "A-skin-met", "A-blood-relapse"],
            [("A", "normal", None), ("A", "tumor", None), ("A", "tumor", "post")],
        ),
        (["s1", "s2"], [("s1", "tumor", None), ("s2", "tumor", None)]),
    ],
)
def test_roles_are_read_off_names(names, expected):
    assert roles(*names) == expected


@pytest.mark.parametrize(
    ("names", "patients"),
    [
        # Cohorts named after an organ: the first word is the patient, the second the sample.
        (
            "LUNG1_biopsy LUNG1_plasma LUNG2_blood LUNG2_pre LUNG2_relapse",
            "LUNG1 LUNG1 LUNG2 LUNG2 LUNG2",
        ),
        ("BREAST01-T BREAST01-N COLON3-T COLON3-N", "BREAST01 BREAST01 COLON3 COLON3"),
        ("lung1_exome_T lung1_exome_N lung2_exome_T", "lung1_exome lung1_exome lung2_exome_T"),
        ("Sample1_N Sample1_T Sample2_N Sample2_T", "Sample1 Sample1 Sample2 Sample2"),
        ("SKIN1_pre SKIN1_relapse MEL2_pre", "SKIN1 SKIN1 MEL2_pre"),
        ("LUNG1 LUNG2", "LUNG1 LUNG2"),
        # Lesions of one patient: another word names the patient, or one sample has no such word.
        ("P1-lung1 P1-lung2 P1-blood", "P1 P1 P1"),
        ("lung1_P7 lung2_P7 blood_P7", "p7 p7 p7"),
        ("blood lung1 lung2 brain", "patient1 patient1 patient1 patient1"),
    ],
)
def test_patients_named_after_a_site(names, patients):
    found = propose(names.split())
    assert [p.patient for p in found] == patients.split()
    sites = [p.lesion for p in found if p.lesion]
    assert bool(sites) is (len(set(patients.split())) == 1)


def test_samples_of_one_patient_by_default_are_said(tmp_path, capsys):
    for sample in ("blood", "metA", "metB"):
        write_bam(tmp_path / "one" / f"{sample}.bam", sample)
    for sample in ("LUNG1_biopsy", "LUNG1_plasma", "LUNG2_blood", "LUNG2_pre"):
        write_bam(tmp_path / "two" / f"{sample}.bam", sample)
    assert main(["init", str(tmp_path / "one")]) == 0
    assert (
        "samples.tsv, patient: 3 samples were taken as one patient (patient1), since nothing in "
        "their names tells patients apart: blood, metA, metB\n" in capsys.readouterr().out
    )
    assert main(["init", str(tmp_path / "two")]) == 0
    out = capsys.readouterr().out
    assert "samples.tsv, patient: LUNG1, LUNG2 were taken as patients, not as lesions\n" in out
    assert "tells patients apart" not in out
    assert "drugs given before LUNG1_biopsy, LUNG1_plasma were taken; none in the row of a" in out
    assert "pre or post for every tumour, or any label with a number in column day\n" in out
    study(tmp_path / "three")
    assert main(["init", str(tmp_path / "three")]) == 0
    assert "samples.tsv, patient:" not in capsys.readouterr().out


def test_a_drug_in_a_name_means_a_sample_after_it():
    known = {"plx4032": "vemurafenib"}.get
    before, after = propose(["before", "plx4032_sample"], known)
    assert (before.timepoint, before.drug) == ("pre", None)
    assert (after.timepoint, after.drug) == ("post", "vemurafenib")


def test_week_and_lesion_are_read_off_names_of_samples_and_files():
    names = ["P1-blood", "P1-pre", "P1-w12-liver", "P1_week24_LN", "P1-cfDNA-d180", "P1-x"]
    found = propose(names, files=["", "", "", "", "", "P1_met2_wk30"])
    assert [p.patient for p in found] == ["P1"] * 6
    assert [p.day for p in found] == [None, 0, 84, 168, 180, 210]
    assert [p.lesion for p in found] == [None, None, "liver", "ln", None, "met2"]
    # No week: a cell line, a well, a tumour number.
    assert [day_of(name) for name in ("HW12", "P1_T2", "w12b", "COLO829v003R-525")] == [None] * 4


def study(folder):
    for sample in ("P1-skin", "P1-pre", "P1-post"):
        write_bam(folder / "bams" / f"{sample}.bam", sample)
    return folder


def test_what_is_written_is_read_by_the_checks(tmp_path, monkeypatch, capsys):
    study(tmp_path)
    fasta = tmp_path / "genome.fa"
    fasta.write_text(">1\nACGT\n")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--reference", "genome.fa", "--drug", "PLX4032"]) == 0
    made = settings(yaml.safe_load((tmp_path / "config.yaml").read_text()))
    assert (str(made.samples), str(made.reference), made.build) == (
        "samples.tsv",
        "genome.fa",
        "hg19",
    )
    rows = read_sheet(tmp_path / "samples.tsv")
    assert [(r.patient, r.sample, r.role, r.timepoint, r.drugs) for r in rows] == [
        ("P1", "P1-skin", "normal", None, ()),
        ("P1", "P1-pre", "tumor", "pre", ()),
        ("P1", "P1-post", "tumor", "post", ("vemurafenib",)),
    ]
    # Paths within the folder are relative, so that it can be moved.
    assert "\tbams/P1-pre.bam" in (tmp_path / "samples.tsv").read_text()
    out = capsys.readouterr().out
    assert "3 samples, hg19 (GRCh37), contigs named 1" in out
    assert "resistpanel check" in out


def test_a_folder_with_a_blank_is_quoted(tmp_path, capsys, monkeypatch):
    study(tmp_path / "my study")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "my study"]) == 0
    assert (
        "  resistpanel check 'my study'\n  resistpanel run 'my study'\n" in capsys.readouterr().out
    )


def test_nothing_is_overwritten_without_force(tmp_path, capsys):
    study(tmp_path)
    (tmp_path / "samples.tsv").write_text("mine\n")
    assert main(["init", str(tmp_path)]) == 2
    assert "samples.tsv: already exists" in capsys.readouterr().err
    assert (tmp_path / "samples.tsv").read_text() == "mine\n"
    assert not (tmp_path / "config.yaml").exists()
    assert main(["init", str(tmp_path), "--force"]) == 0
    assert (tmp_path / "samples.tsv").read_text() != "mine\n"


def test_the_header_names_the_reference(tmp_path, capsys):
    fasta = tmp_path / "ref" / "hg38.fa"
    fasta.parent.mkdir()
    fasta.write_text(">chr1\nACGT\n")
    write_bam(tmp_path / "T.bam", "T", build="hg38", prefix="chr", reference=f"file://{fasta}")
    assert main(["init", str(tmp_path / "out"), "--bams", str(tmp_path / "T.bam")]) == 0
    config = yaml.safe_load((tmp_path / "out/config.yaml").read_text())
    assert (config["reference"], config["build"]) == (str(fasta), "hg38")
    assert "without a normal" in capsys.readouterr().out


def test_unknown_reference_is_left_to_be_filled_in(tmp_path, capsys):
    study(tmp_path)
    assert main(["init", str(tmp_path)]) == 0
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["reference"] is None
    assert "config.yaml, reference" in capsys.readouterr().out
    assert main(["check", "--directory", str(tmp_path)]) == 2
    assert "key 'reference' is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bams", "nowhere"], "nowhere: no such file or folder"),
        ([], "no BAM or CRAM found"),
        (["--bams", "text.bam"], "text.bam: the file is not a BAM"),
        (["--drug", "vemurafenib+trametinib"], "separate the drugs of a combination with ';'"),
        (["--reference", "no.fa"], "--reference no.fa: no such file"),
    ],
)
def test_bad_input(tmp_path, monkeypatch, capsys, arguments, message):
    (tmp_path / "text.bam").write_text("no BAM")
    monkeypatch.chdir(tmp_path)
    folder = "empty" if not arguments or arguments[0] != "--bams" else "out"
    (tmp_path / folder).mkdir()
    assert main(["init", folder, *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / folder / "samples.tsv").exists()


def test_all_wrong_paths_are_told_with_what_is_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("genome.fa.gz", "genome.fa.fai", "panel_v2.bed"):
        (tmp_path / name).touch()
    (tmp_path / "samples.tsv").touch()
    given = ["--reference", "genome.fa", "--targets", "panel_v1.bed", "--genes", "/no/x.gff3"]
    assert main(["init", ".", "--bams", "nosuch", *given]) == 2
    lines = capsys.readouterr().err.replace("resistpanel: error: ", "").splitlines()
    assert lines == [
        f"{tmp_path}/samples.tsv: already exists; give another folder, or --force",
        "--reference genome.fa: no such file; did you mean genome.fa.gz?",
        "--targets panel_v1.bed: no such file; did you mean panel_v2.bed?",
        "--genes /no/x.gff3: no such file",
        "nosuch: no such file or folder; give a BAM or a folder of BAMs",
    ]


def test_damaged_and_doubled_files_are_left_out_with_a_note(tmp_path, capsys):
    study(tmp_path)
    write_bam(tmp_path / "copy.bam", "P1-pre")
    (tmp_path / "half.bam").write_bytes((tmp_path / "copy.bam").read_bytes()[:200])
    assert main(["init", str(tmp_path)]) == 0
    notes = capsys.readouterr().err
    assert "half.bam" in notes
    assert "of sample 'P1-pre', as is" in notes
    assert len(read_sheet(tmp_path / "samples.tsv")) == 3


def test_differing_builds_and_missing_names_are_said(tmp_path, capsys):
    study(tmp_path)
    write_bam(tmp_path / "other.bam", None, build="hg38", prefix="chr")
    assert main(["init", str(tmp_path)]) == 0
    streams = capsys.readouterr()
    assert "the BAMs differ in build: hg19 (3 BAMs), hg38 (1 BAMs)" in streams.err
    assert "other.bam: no SM tag" in streams.out
