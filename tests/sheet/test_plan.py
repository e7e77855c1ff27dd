"""What the workflow is told before it runs."""

import shlex
from pathlib import Path

import pytest

from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.inputs import resources
from resistpanel.inputs.plan import flags, make_plan, plan_or_exit
from resistpanel.inputs.simulated_patient import load_patient

DEMO = HOME / "resources" / "demo" / "patient.yaml"


def load(path):
    return load_patient(path)[0]


@pytest.fixture
def config(world):
    """The configuration of the small valid input."""
    world.write_sheet()
    return {
        "samples": str(world.sheet),
        "reference": str(world.reference),
        "targets": str(world.targets),
        "genes": str(world.genes),
    }


def test_plan_of_a_sheet(config, world):
    plan, notes = make_plan(config, load)
    assert plan.samples == ["skin", "before", "after"]
    assert plan.bams("P1") == [str(world.folder / f"{name}.bam") for name in plan.samples]
    assert plan.bams("P1", "normal") == [str(world.folder / "skin.bam")]
    assert len(notes) == 1
    assert plan.sources == []


def test_shards(config, world, monkeypatch):
    """By number, or by what the user gave: never by files that the workflow makes."""
    assert make_plan(config, load)[0].shards("P1") == 1
    assert make_plan(config | {"call": {"scatter": 5}}, load)[0].shards("P1") == 5
    auto = config | {"call": {"scatter": "auto"}}
    assert make_plan(auto, load)[0].shards("P1") == 1
    given = sum((world.folder / f"{name}.bam").stat().st_size for name in ("skin", "before"))
    given += (world.folder / "after.bam").stat().st_size
    monkeypatch.setattr(resources, "SHARD", given / 1e6 / 2.5)
    assert make_plan(auto, load)[0].shards("P1") == 3
    monkeypatch.setattr(resources, "SHARD", given / 1e6 / 1000)
    assert make_plan(auto, load)[0].shards("P1") == resources.MOST_SHARDS
    simulated = {"simulate": str(DEMO), "outdir": "out", "call": {"scatter": "auto"}}
    assert make_plan(simulated, load)[0].shards("wagle2011") == 1


def test_headers_are_read_by_the_main_process_alone(config, world):
    (world.folder / "after.bam").unlink()
    with pytest.raises(InputError, match="no such BAM"):
        make_plan(config, load)
    plan, notes = make_plan(config, load, headers=False)
    assert (plan.samples[2], notes) == ("after", [])


def test_plan_of_a_simulation_is_the_sheet_that_it_writes():
    plan, notes = make_plan({"simulate": str(DEMO), "outdir": "out"}, load)
    patient = load(DEMO)
    folder = Path("out/simulate") / patient["patient"]
    assert plan.samples == [sample["sample"] for sample in patient["samples"]]
    assert plan.settings.reference == folder / "genome.fa.gz"
    assert plan.settings.samples == folder / "samples.tsv"
    assert plan.bams(patient["patient"])[0] == str(folder / f"{plan.samples[0]}.bam")
    assert [path.name for path in plan.sources] == [
        "patient.yaml",
        "hg19.bed",
        "hg19.gff3",
        "codons.tsv",
    ]
    assert notes == []


def test_simulated_patient_of_another_build(tmp_path):
    path = tmp_path / "patient.yaml"
    path.write_text(DEMO.read_text())
    with pytest.raises(InputError) as caught:
        make_plan({"simulate": str(path), "build": "hg38"}, load, where="c.yaml")
    assert caught.value.lines() == [
        f"c.yaml (key 'build'): the simulated patient is of build hg19 ({path}), not hg38; set "
        "'build: hg19'"
    ]


def test_exit_status_and_lines(capsys):
    with pytest.raises(SystemExit) as caught:
        plan_or_exit({"biuld": "hg19", "samples": 3}, load)
    assert caught.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("resistpanel: error: config.yaml") for line in lines)


def test_flags_are_quoted():
    text = flags([("--tumor", "a b.bam"), ("--pon", None), ("--seed", 0), ("--x", "$(rm *)")])
    assert shlex.split(text) == ["--tumor", "a b.bam", "--seed", "0", "--x", "$(rm *)"]
