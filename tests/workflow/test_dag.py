"""The whole workflow on the demo patient, at a depth that suits a test."""

import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from resistpanel.core.files import HOME, read_json
from resistpanel.core.schemas import from_builtins
from resistpanel.records.stages import RECORDS

from .conftest import snakemake

# One worker runs the workflow once and all that look at the result.
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("dag")]

PATIENT = "wagle2011"
C121S, V600E = "chr15:66729154:G:C", "chr7:140453136:A:T"
CONFIG = f"""\
simulate:
  patient: {HOME}/resources/demo/patient.yaml
  table1: {HOME}/resources/demo/table1.tsv
  depth: 300
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """The folder in which the workflow ran."""
    path = tmp_path_factory.mktemp("dag")
    (path / "config.yaml").write_text(CONFIG)
    done = snakemake(path, "--cores", "2")
    assert done.returncode == 0, done.stderr
    return path


def test_reports_are_there(folder):
    report = folder / "results" / "report"
    for suffix in ("html", "json", "tsv", "maf", "vcf.gz"):
        assert (report / f"{PATIENT}.{suffix}").stat().st_size > 1_000
    assert (report / "cohort.html").stat().st_size > 1_000
    assert (report / "cohort.tsv").read_text().count("\n") == 2
    # Other callers are off by default.
    assert not (folder / "results/callers").exists()
    others = {path.name for path in report.iterdir() if not path.name.startswith(PATIENT)}
    assert others == {"cohort.html", "cohort.tsv", "cbioportal", "pass"}


def test_the_mechanism_is_found(folder):
    resist = read_json(folder / f"results/resist/{PATIENT}.json")
    assert resist["verdict"]["kind"] == "mechanism"
    assert resist["verdict"]["key_variants"] == [C121S]
    assert (resist["driver"]["variant"], resist["driver"]["state"]) == (V600E, "retained")
    effects = {finding["protein"]: finding["effect"] for finding in resist["findings"]}
    assert (effects["C121S"], effects["K710N"]) == ("known", "no_effect")


def test_the_fourteen_substitutions_and_nothing_else(folder):
    compare = read_json(folder / f"results/compare/{PATIENT}.json")
    states = {v["id"]: v["state"] for v in compare["variants"] if v["reported"]}
    acquired = {name for name, state in states.items() if state == "acquired"}
    assert C121S in acquired
    assert {v["protein"] for v in compare["variants"] if v["id"] in acquired} == {"C121S", "K710N"}
    # The two substitutions of TERT are one event.
    assert len(states) == 13
    assert sorted(states.values()) == ["acquired"] * 2 + ["stable"] * 11


def test_the_report_holds_what_every_stage_handed_on(folder):
    report = read_json(folder / f"results/report/{PATIENT}.json")
    assert len(report["table1"]) == 14
    for stage in ("sheet", "qc", "copynumber", "compare", "resist"):
        written = read_json(folder / f"results/{stage}/{PATIENT}.json")
        from_builtins(written, RECORDS[stage], stage)
        if stage == "sheet":  # a report names no folders
            for sample in written["samples"]:
                sample["bam"] = Path(sample["bam"]).name
        assert report[stage] == written


def test_a_second_run_does_nothing(folder):
    done = snakemake(folder, "--cores", "2")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


@pytest.mark.slow
def test_a_step_that_is_made_again_gives_the_same_bytes(folder):
    path = folder / f"results/compare/{PATIENT}.json"
    before = path.read_bytes()
    path.unlink()
    done = snakemake(folder, "--cores", "2", str(path.relative_to(folder)))
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before
    assert snakemake(folder, "--cores", "2", "--touch").returncode == 0


def test_a_sheet_of_ones_own_and_a_sheet_that_grows(folder, tmp_path):
    """The simulated files as a user's: BAMs are checked at once, old patients stay as they are."""
    made = folder / "results/simulate" / PATIENT
    for path in made.glob("genome.fa.gz*"):
        shutil.copy(path, tmp_path)
    lines = (made / "samples.tsv").read_text().splitlines()
    bam = lines[0].split("\t").index("bam")
    rows = [line.split("\t") for line in lines]
    for row in rows[1:]:
        row[bam] = str(made / row[bam])
    sheet = tmp_path / "samples.tsv"
    sheet.write_text("".join("\t".join(row) + "\n" for row in rows[:3]))
    (tmp_path / "config.yaml").write_text(
        f"samples: samples.tsv\nreference: genome.fa.gz\ntargets: {made}/targets.bed\n"
    )
    done = snakemake(tmp_path, "--cores", "1", "--until", "sheet")
    assert done.returncode == 0, done.stderr
    written = tmp_path / f"results/sheet/{PATIENT}.json"
    assert [sample["role"] for sample in read_json(written)["samples"]] == ["normal", "tumor"]
    time = written.stat().st_mtime_ns
    # The relapse becomes a patient of its own.
    rows[3][rows[0].index("patient")] = "other"
    sheet.write_text("".join("\t".join(row) + "\n" for row in rows))
    done = snakemake(tmp_path, "--cores", "1", "--until", "sheet")
    assert done.returncode == 0, done.stderr
    assert read_json(tmp_path / "results/sheet/other.json")["tumor_only"]
    assert written.stat().st_mtime_ns == time


@pytest.mark.slow
def test_pool_of_normals_and_limits(folder, tmp_path):
    """The other patients' normals, or those of earlier runs, reach the copy number."""
    made = folder / "results/simulate" / PATIENT
    lines = [line.split("\t") for line in (made / "samples.tsv").read_text().splitlines()]
    bam = lines[0].index("bam")
    for row in lines[1:]:
        row[bam] = str(made / row[bam])
    lines[3][0] = "other"
    (tmp_path / "samples.tsv").write_text("".join("\t".join(row) + "\n" for row in lines))
    (tmp_path / "config.yaml").write_text(
        f"samples: samples.tsv\nreference: {made}/genome.fa.gz\ntargets: {made}/targets.bed\n"
        "pool: cohort\ncopynumber: {contamination: 0.02, tumor_in_normal: null}\n"
        "identity: {least_sites: 9}\n"
    )
    done = snakemake(tmp_path, "-n", "--printshellcmds", "--until", "identity")
    assert done.returncode == 0, done.stderr
    commands = [line for line in done.stdout.splitlines() if "resistpanel copynumber" in line]
    own, other = sorted(commands, key=lambda line: "other" in line.split("--output")[1])
    assert "--gate contamination=0.02 --gate tumor_in_normal=off" in own
    assert "--pool" not in own
    assert f"--pool results/qc/{PATIENT}.json {lines[1][1]}" in other
    assert "--least-sites 9" in done.stdout
    # And for real, in the folder of the run that has been.
    pool = [{"qc": f"results/qc/{PATIENT}.json", "sample": lines[1][1]}]
    pooled = tmp_path / "pool.yaml"
    pooled.write_text(json.dumps({"pool": pool, "outdir": str(tmp_path / "results")}))
    for stage in ("panel", "sheet", "qc", "call", "annotate", "catalog"):
        shutil.copytree(folder / "results" / stage, tmp_path / "results" / stage)
    target = tmp_path / "results" / "copynumber" / f"{PATIENT}.json"
    (tmp_path / "config.yaml").write_text(
        f"samples: {made}/samples.tsv\nreference: {made}/genome.fa.gz\n"
        f"targets: {made}/targets.bed\npool: {json.dumps(pool)}\n"
    )
    done = snakemake(
        tmp_path, "--cores", "1", "--rerun-triggers", "mtime", "--allowed-rules", "copynumber",
        "--", str(target.relative_to(tmp_path)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reference = read_json(target)["reference"]
    assert reference == f"matched normal {lines[1][1]} and pool of 1 normal"


def test_dry_run_is_quick_and_lint_is_clean(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG + "  seed: 5\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = snakemake(tmp_path, "-n", "--printshellcmds")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    # Seed and depth are the configuration's.
    assert "--seed 5 --depth 300" in done.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
    done = snakemake(tmp_path, "--lint")
    assert done.returncode == 0, done.stderr
    assert "Congratulations" in done.stderr


def test_report_of_snakemake(folder):
    """Pages, tables and VCFs with caption, category and labels; in one file."""
    # Another test may have made some steps anew and not the pages.
    done = snakemake(folder, "--cores", "1")
    assert done.returncode == 0, done.stderr
    done = snakemake(folder, "--report", "report.html")
    assert done.returncode == 0, done.stderr
    html = (folder / "report.html").read_text()

    def of(name: str) -> dict:
        script = html.index(f'<script id="{name}">')
        start = html.index("= ", script) + 2
        return json.JSONDecoder().raw_decode(html, start)[0]

    assert set(of("categories")) == {"Patients", "Cohort"}
    results = {
        tuple(sorted(one["labels"].values())): one["caption"] for one in of("results").values()
    }
    assert set(results) == {
        ("report", PATIENT), ("calls (TSV)", PATIENT), ("calls (VCF)", PATIENT),
        ("all patients",), ("all patients (TSV)",),
    }  # fmt: skip
    assert results["report", PATIENT].startswith(f"<p>Report of patient {PATIENT}: ")
    assert all(len(caption) > 40 for caption in results.values())
    assert "Which mutation makes each tumour resist the drug" in html


#: What `snakedeploy deploy-workflow` 0.17.1 writes to workflow/Snakefile.
DEPLOYED = """\
from snakemake.utils import min_version


min_version("6.10.0")


configfile: "config/config.yaml"


module resistpanel:
    snakefile:
        {snakefile}
    config:
        config


use rule * from resistpanel
"""


def deploy(folder: Path, snakefile: str) -> None:
    """Write what snakedeploy writes: configuration, profiles and a Snakefile with a module."""
    for name in ("config", "profiles"):
        shutil.copytree(HOME / name, folder / name)
    (folder / "workflow").mkdir()
    (folder / "workflow/Snakefile").write_text(DEPLOYED.format(snakefile=snakefile))


def test_deployed_by_snakedeploy(tmp_path):
    """From a folder, whose path the user gives: all is the target."""
    deploy(tmp_path, f'"{HOME}/workflow/Snakefile"')
    done = snakemake(tmp_path, "-n", "--snakefile", "workflow/Snakefile")
    assert done.returncode == 0, done.stderr
    assert "profile profiles/default" in done.stderr
    assert "report/wagle2011.html" in done.stdout and "cohort.html" in done.stdout
    assert (HOME / "config.yaml").read_bytes() == (HOME / "config/config.yaml").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("git"), reason="no git")
@pytest.mark.skipif(not (HOME / "pyproject.toml").is_file(), reason="not a checkout")
def test_deployed_from_a_hosted_repository(tmp_path):
    """Rules, captions and schemas come from a tag of the repository, not from a folder."""
    source, hosted = tmp_path / "source", tmp_path / "host/lab/resistpanel.git"
    source.mkdir()
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    for name in ("Snakefile", "config.yaml", "config", "profiles", "workflow"):
        if (HOME / name).is_dir():
            left_out = shutil.ignore_patterns("*.so", "*.c", "__pycache__", ".snakemake")
            shutil.copytree(HOME / name, source / name, symlinks=True, ignore=left_out)
        else:
            shutil.copy2(HOME / name, source / name, follow_symlinks=False)
    for command in (
        [*git, "init", "--quiet"],
        [*git, "add", "."],
        [*git, "commit", "--quiet", "--message", "all"],
        [*git, "tag", "v1"],
        [*git, "clone", "--quiet", "--bare", str(source), str(hosted)],
    ):
        subprocess.run(command, cwd=source, check=True)
    study = tmp_path / "study"
    study.mkdir()
    snakedeploy = shutil.which("snakedeploy")
    # snakedeploy takes an address with "github" in it for one of GitHub.
    address = "https://github.com/lab/resistpanel"
    redirect = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{tmp_path.as_uri()}/host/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }
    declaration = 'github("lab/resistpanel", path="workflow/Snakefile", tag="v1")'
    if snakedeploy:
        command = [snakedeploy, "deploy-workflow", address, str(study), "--tag", "v1"]
        subprocess.run(command, check=True, env=os.environ | redirect)
        assert declaration in (study / "workflow/Snakefile").read_text()
    else:
        deploy(study, declaration)
    done = snakemake(study, "-n", "--snakefile", "workflow/Snakefile", **redirect)
    assert done.returncode == 0, done.stderr
    assert "report/wagle2011.html" in done.stdout and "cohort.html" in done.stdout
    assert not list(study.glob("results/report/*"))


@pytest.mark.slow
def test_as_a_module(tmp_path):
    (tmp_path / "Snakefile").write_text(
        f"configfile: 'config.json'\n"
        f"module resistpanel:\n    snakefile: '{HOME}/Snakefile'\n    config: config['panel']\n"
        "use rule * from resistpanel as resistpanel_*\n"
        "rule all:\n    default_target: True\n    input: rules.resistpanel_all.input\n"
    )
    settings = {"panel": {"simulate": f"{HOME}/resources/demo/patient.yaml"}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    done = snakemake(tmp_path, "-n", "--snakefile", "Snakefile")
    assert done.returncode == 0, done.stderr
    assert "resistpanel_call" in done.stdout
