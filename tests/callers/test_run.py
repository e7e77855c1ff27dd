"""Callers are run as their manuals say; programs are stood in for where they are not installed."""

import os
import shutil
import stat
from pathlib import Path

import pysam
import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.files import read_json
from resistpanel.core.schemas import write_record
from resistpanel.extras.comparison import gather
from resistpanel.extras.run_caller import prepare_reference, read_note, run_caller, write_targets
from resistpanel.records.sheet import Sample, Sheet

from .conftest import DATA, SEQUENCE


def write_bam(path: Path, sample: str, reads: list[tuple[int, str]]) -> Path:
    """Write pairs of reads of 100 bases; `reads` are (position, sequence)."""
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": "c", "LN": len(SEQUENCE)}],
        "RG": [{"ID": "g", "SM": sample, "PL": "ILLUMINA", "LB": sample}],
    }
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for number, (pos, sequence) in enumerate(sorted(reads)):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.query_sequence = f"r{number}", sequence
            read.query_qualities = pysam.qualitystring_to_array("I" * len(sequence))
            read.reference_id, read.reference_start = 0, pos
            read.flag = 16 * (number % 2)
            read.cigarstring, read.mapping_quality = f"{len(sequence)}M", 60
            read.set_tag("RG", "g")
            out.write(read)
    pysam.samtools.index(str(path))
    return path


@pytest.fixture(scope="module")
def patient(tmp_path_factory, reference):
    """A normal and a tumour in which 3 of 10 reads have A>G at 203, in a folder to be quoted."""
    folder = tmp_path_factory.mktemp("a patient's $HOME")
    starts = [110 + n for n in range(80)]
    plain = [(s, SEQUENCE[s : s + 100]) for s in starts]
    with_it = [
        (s, t[: 202 - s] + "G" + t[203 - s :]) if n % 10 < 3 else (s, t)
        for n, (s, t) in enumerate(plain)
    ]
    (folder / "targets.bed").write_text("c\t150\t250\tx\nc\t240\t280\ty\n")
    shutil.copy(reference, folder / "c.fa")
    pysam.samtools.faidx(str(folder / "c.fa"))
    write_bam(folder / "skin.bam", "skin", plain)
    write_bam(folder / "after.bam", "after", with_it)
    prepare_reference(folder / "c.fa", folder / "reference")
    return folder


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Return a function that puts a script into the path, which then holds hardly anything else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("DATA", str(DATA))

    def make(name: str, body: str) -> None:
        path = folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/said"\n{body}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    make.said = lambda: (tmp_path / "said").read_text().splitlines()
    return make


def run(patient, caller, output, normal=True, **options):
    run_caller(
        caller,
        patient / "reference/genome.fa",
        patient / "targets.bed",
        patient / "skin.bam" if normal else None,
        [patient / "after.bam"],
        output,
        **options,
    )


@pytest.mark.skipif(shutil.which("freebayes") is None, reason="freebayes is not installed")
def test_freebayes_for_real(patient, tmp_path, reference, fetch, variant):
    run(patient, "freebayes", tmp_path / "made")
    note, _ = read_note(tmp_path / "made")
    assert note["caller"] == "freebayes" and "v1" in note["version"]
    assert (note["normal"], note["tumors"]) == ("skin", ["after"])
    (calls,) = gather([tmp_path / "made"], [], reference, fetch, "skin", ["after"])
    (found,) = [record for record in calls.records if record.called]
    assert found.variant == variant(202, "A", "G")
    assert found.samples["after"].alt == 24 and found.samples["skin"].alt == 0
    assert [path.name for path in tmp_path.iterdir()] == ["made"]  # nothing is left behind


def test_mutect2_jointly_with_the_orientation_model(patient, tmp_path, programs):
    programs(
        "gatk",
        'while [ $# -gt 1 ]; do case "$1" in --output) cp "$DATA/mutect2.vcf" "$2" ;; esac; '
        "shift; done",
    )
    run(patient, "mutect2", tmp_path / "made", extra="--max-reads-per-alignment-start 0")
    version, call, learn, filtered = [programs.said()[i] for i in (3, 0, 1, 2)]
    assert version == "gatk --version"
    assert "Mutect2 " in call and call.count("--input") == 2
    assert "--normal-sample skin" in call and "--f1r2-tar-gz" in call
    assert call.endswith("--max-reads-per-alignment-start 0")
    assert "LearnReadOrientationModel" in learn
    assert "FilterMutectCalls" in filtered and "--ob-priors" in filtered
    _, (made,) = read_note(tmp_path / "made")
    assert made.tumor is None and made.path.is_file()


def test_vardict_each_tumour_with_the_normal(patient, tmp_path, programs, reference, fetch):
    programs("vardict-java", "echo variants")
    programs("testsomatic.R", "cat")
    programs(
        "var2vcf_paired.pl",
        'cat > /dev/null; sed "s/tumor\tnormal/after\tskin/" "$DATA/vardict.paired.vcf"',
    )
    programs("teststrandbias.R", "cat")
    programs("var2vcf_valid.pl", "cat > /dev/null; exit 1")
    run(patient, "vardict", tmp_path / "made", threads=3)
    said = "\n".join(programs.said())
    assert "tumor0.bam|" in said and "-th 3" in said and "-N after|skin" in said
    (calls,) = gather([tmp_path / "made"], [], reference, fetch, "skin", ["after"])
    assert sum(record.called for record in calls.records) == 2
    # Without a normal, the other script; its failure is told, and nothing is left.
    with pytest.raises(InputError, match=r"var2vcf_valid.pl failed \(exit status 1\)"):
        run(patient, "vardict", tmp_path / "other", normal=False)
    assert not (tmp_path / "other").exists()


def test_strelka2_each_tumour_with_the_normal(patient, tmp_path, programs, reference, fetch):
    programs(
        "configureStrelkaSomaticWorkflow.py",
        'while [ $# -gt 1 ]; do case "$1" in --runDir) d="$2" ;; esac; shift; done\n'
        'mkdir -p "$d/results/variants"\n'
        'printf \'#!/bin/sh\\nfor k in snvs indels; do gzip -c "$DATA/strelka.$k.vcf" > '
        '"%s/results/variants/somatic.$k.vcf.gz"; done\' "$d" > "$d/runWorkflow.py"\n'
        'chmod +x "$d/runWorkflow.py"',
    )
    run(patient, "strelka2", tmp_path / "made")
    assert "--targeted" in programs.said()[0] and "targets.bed.gz" in programs.said()[0]
    (calls,) = gather([tmp_path / "made"], [], reference, fetch, "skin", ["after"])
    assert sum(record.called for record in calls.records) == 3
    with pytest.raises(InputError, match="needs a normal"):
        run(patient, "strelka2", tmp_path / "other", normal=False)


@pytest.mark.parametrize("caller", ["freebayes", "mutect2", "vardict", "strelka2"])
def test_a_caller_that_is_not_there(patient, tmp_path, monkeypatch, capsys, caller):
    monkeypatch.setenv("PATH", str(tmp_path))
    status = main(
        ["callers", "run", "--caller", caller, "--reference", str(patient / "reference/genome.fa"),
         "--targets", str(patient / "targets.bed"), "--normal", str(patient / "skin.bam"),
         "--tumor", str(patient / "after.bam"), "--output", str(tmp_path / "made")]
    )  # fmt: skip
    (line,) = capsys.readouterr().err.splitlines()
    assert status == 2
    assert f"caller '{caller}'" in line and "not in the path" in line
    assert f"workflow/envs/{caller}.yaml" in line


def test_a_caller_that_is_killed(patient, tmp_path, programs):
    programs("freebayes", "kill -9 $$")
    with pytest.raises(InputError, match=r"freebayes failed \(killed by signal 9\)"):
        run(patient, "freebayes", tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_caller_that_does_not_read_all_it_is_given(patient, tmp_path, programs):
    programs("vardict-java", "head -c 1000000 /dev/zero")  # more than a pipe holds
    programs("testsomatic.R", "exec cat")
    programs("var2vcf_paired.pl", "exit 0")
    for name in ("teststrandbias.R", "var2vcf_valid.pl"):
        programs(name, "exit 0")
    told = r"var2vcf_paired.pl failed \(it stopped before it had read all that testsomatic.R wrote"
    with pytest.raises(InputError, match=told):
        run(patient, "vardict", tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_folders_of_another_patient_are_refused(tmp_path, reference, fetch):
    with pytest.raises(InputError, match=r"holds no calls.json"):
        gather([tmp_path], [], reference, fetch, "skin", ["after"])


def test_a_bgzipped_reference_is_unpacked(tmp_path, reference):
    packed = tmp_path / "c.fa.gz"
    pysam.tabix_compress(str(reference), str(packed))
    pysam.samtools.faidx(str(packed))
    fasta = prepare_reference(packed, tmp_path / "made")
    assert fasta.read_text() == reference.read_text()
    assert {path.name for path in fasta.parent.iterdir()} == {
        "genome.fa",
        "genome.fa.fai",
        "genome.dict",
    }
    assert prepare_reference(packed, tmp_path / "made") == fasta  # again, over the old one


def test_targets_are_joined(tmp_path, patient):
    write_targets(patient / "targets.bed", tmp_path / "t.bed")
    assert (tmp_path / "t.bed").read_text() == "c\t150\t280\ttarget1\n"
    assert (tmp_path / "t.bed.gz.tbi").is_file()


def test_command_line_from_sites_to_table(tmp_path, reference):
    sheet = tmp_path / "P.json"
    samples = [("skin", "normal"), ("before", "tumor"), ("after", "tumor")]
    rows = tuple(
        Sample(
            sample=name, role=role, timepoint=None, day=None, lesion=None, drugs=(), bam="/b",
            purity=None,
        )
        for name, role in samples
    )  # fmt: skip
    patient = Sheet(
        schema="resistpanel/sheet/1", patient="P", sex=None, disease=None, samples=rows, pairs=(),
        lines=(), drugs=(), tumor_only=False,
    )  # fmt: skip
    write_record(sheet, patient)
    (tmp_path / "sites.vcf").write_text(
        "##fileformat=VCFv4.3\n##contig=<ID=c,length=600>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER"
        "\tINFO\n"
    )
    given = ["--vcf-of", f"m={DATA / 'mutect2.vcf'}", "--sheet", str(sheet)]
    given += ["--vcf-of", f"s:after={DATA / 'strelka.snvs.vcf'}", "--reference", str(reference)]
    out = tmp_path / "P.sites.vcf"
    sites = ["callers", "sites", "--sites", str(tmp_path / "sites.vcf"), *given]
    assert main([*sites, "--output", str(out)]) == 0
    assert [line.split("\t")[1] for line in out.read_text().splitlines()[4:]] == [
        "203",
        "205",
        "212",
    ]
    table = ["callers", "table", "--vcf", str(DATA / "own.vcf"), *given]
    made = ["--output-json", str(tmp_path / "t.json"), "--output-tsv", str(tmp_path / "t.tsv")]
    assert main([*table, *made]) == 0
    assert [row["id"] for row in read_json(tmp_path / "t.json")["variants"]] == [
        "c:203:ATC:GTT",
        "c:212:TAC:T",
    ]
    for wrong in ("nonsense", "a/b=x.vcf", "m:=x.vcf", "m:nobody=x.vcf"):
        assert main([*table, *made, "--vcf-of", wrong]) == 2
