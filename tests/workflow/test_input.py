"""Bad input ends a plain `snakemake` before any job, with one line for each problem."""

import pytest

from resistpanel.core.files import HOME

CONFIG = """\
samples: samples.tsv
reference: genome.fa
simulate: null
"""
HEADER = "patient\tsample\trole\ttimepoint\tday\tlesion\tdrugs\tbam\n"


def errors(done):
    """Return the error lines; there must be nothing else on standard error."""
    lines = done.stderr.splitlines()
    found = [line for line in lines if line.startswith("resistpanel: error: ")]
    # Snakemake itself remarks on its configuration files and profile before the check.
    rest = [line for line in lines if line not in found]
    assert not any("Traceback" in line or "Error" in line for line in rest), rest
    return [line.removeprefix("resistpanel: error: ") for line in found]


def nothing_ran(folder):
    return not (folder / "results").exists()


@pytest.mark.workflow
@pytest.mark.parametrize(
    "arguments", [["--cores", "1"], pytest.param(["-n"], marks=pytest.mark.slow), ["--lint"]]
)
def test_faults_of_sheet_reference_and_bams_at_once(run, tmp_path, arguments):
    (tmp_path / "config.yaml").write_text(CONFIG)
    rows = (
        "P1\tt0\ttumor\tpre\t0\t\t\tt0.bam\n"
        "P1\tt1\ttumor\tpost\t9\t\tvemurafenib+trametinib\tt1.bam\n"
    )
    (tmp_path / "samples.tsv").write_text(HEADER + rows)
    done = run(*arguments)
    assert done.returncode == 2, done.stderr
    assert errors(done) == [
        "genome.fa: no such reference; correct key 'reference'",
        "samples.tsv:3 (column 'drugs'): unknown drug 'vemurafenib+trametinib'; separate the "
        "drugs of a combination with ';'",
        f"{tmp_path}/t0.bam (samples.tsv:2, sample 't0'): no such BAM; correct the path",
        f"{tmp_path}/t1.bam (samples.tsv:3, sample 't1'): no such BAM; correct the path",
    ]
    assert nothing_ran(tmp_path)


@pytest.mark.workflow
def test_fault_of_the_configuration(run, tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG + "biuld: hg19\n")
    done = run("--cores", "1")
    assert done.returncode == 2, done.stderr
    assert errors(done) == ["config.yaml: unknown key 'biuld'; did you mean 'build'?"]
    assert nothing_ran(tmp_path)


@pytest.mark.workflow
def test_fault_of_a_simulated_patient(run, tmp_path):
    text = (HOME / "resources/demo/patient.yaml").read_text()
    (tmp_path / "patient.yaml").write_text(
        text.replace("drugs: [PLX4032]", "drugs: [PLX4032+PLX4720]")
    )
    (tmp_path / "config.yaml").write_text("simulate: patient.yaml\n")
    done = run("-n")
    assert done.returncode == 2, done.stderr
    (line,) = errors(done)
    assert "unknown drug 'PLX4032+PLX4720'; separate the drugs of a combination" in line
    assert nothing_ran(tmp_path)


@pytest.mark.workflow
def test_a_failed_job_is_told_without_a_fault_of_the_handler(run, tmp_path):
    """The handler of failures reads the log of Snakemake: it must not fail itself."""
    text = (HOME / "resources/demo/patient.yaml").read_text()
    text = text.replace("chr7, pos: 140453136, ref: A", "chr7, pos: 140453136, ref: C")
    (tmp_path / "patient.yaml").write_text(
        text.replace("codons: codons.tsv", f"codons: {HOME}/resources/demo/codons.tsv")
    )
    (tmp_path / "config.yaml").write_text("simulate: patient.yaml\n")
    done = run("--cores", "1", "--until", "simulate")
    assert done.returncode == 1, done.stderr
    assert "resistpanel: error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "TypeError" not in done.stderr
