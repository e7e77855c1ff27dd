"""BAMs that the sheet names by address."""

import importlib.util

import pytest
import yaml

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.inputs import object_storage
from resistpanel.inputs.binding import Steps
from resistpanel.inputs.plan import make_plan


@pytest.fixture
def plugins(monkeypatch):
    """The storage plugins as if installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        object_storage.importlib.util,
        "find_spec",
        lambda name: name if name.startswith("snakemake_storage") else find(name),
    )


def config(world, **more):
    world.write_sheet()
    return {
        "samples": str(world.sheet),
        "reference": str(world.reference),
        "targets": str(world.targets),
        "genes": str(world.genes),
        "outdir": str(world.folder / "results"),
    } | more


def test_a_bam_in_object_storage_is_fetched(world, plugins):
    world.rows[1]["bam"] = "s3://reads/run7/before.bam"
    (world.folder / "before.bam").unlink()
    plan, _ = make_plan(config(world, publish="s3://results/run7/"), None)
    copy = world.folder / "results/align/before.bam"
    assert plan.bams("P1")[1] == str(copy)
    assert list(plan.fetched) == ["before"] and not plan.aligned
    (step,) = (one for one in Steps(plan) if one.step == "fetch")
    assert step.outputs == ["align/before.bam", "align/before.bam.bai"]
    assert step.settings == {"address": "s3://reads/run7/before.bam"}
    assert plan.settings.publish == "s3://results/run7"
    assert "report/P1.html" in plan.published()


def test_the_number_of_shards_is_the_same_before_and_after(world, plugins, monkeypatch):
    world.rows[1]["bam"] = "s3://reads/run7/before.bam"
    monkeypatch.setattr("resistpanel.inputs.resources.SHARD", 1e-9)
    given = config(world, call={"scatter": "auto"})
    before, _ = make_plan(given, None)
    folder = world.folder / "results/align"
    folder.mkdir(parents=True)
    (folder / "before.bam").write_bytes(b"x" * 1000)
    after, _ = make_plan(given, None, headers=False)
    assert before.shards("P1") == after.shards("P1") > 1


def test_check_reads_the_other_bams(world, plugins, capsys):
    world.rows[1]["bam"] = "s3://reads/run7/before.bam"
    (world.folder / "config.yaml").write_text(yaml.safe_dump(config(world)))
    assert main(["check", str(world.folder)]) == 0, capsys.readouterr().err
    assert "fetched first and checked then: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bam", "publish", "said"),
    [
        ("s3://reads/before.cram", None, "'s3://reads/before.cram' is no BAM by its name"),
        ("ftp://reads/before.bam", None, "is an address of unknown type; known are s3://, gs://"),
        ("s3://", None, "'s3://' has no bucket or host"),
        ("before.bam", "https://host/results", "(key 'publish')"),
    ],
)
def test_addresses_that_cannot_be_used(world, plugins, bam, publish, said):
    world.rows[1]["bam"] = bam
    with pytest.raises(InputError) as error:
        make_plan(config(world, publish=publish), None)
    (line,) = error.value.lines()
    assert said in line
    assert "column 'bam'" in line or publish


def test_a_plugin_that_is_not_installed(world, monkeypatch):
    monkeypatch.setattr(object_storage.importlib.util, "find_spec", lambda name: None)
    world.rows[1]["bam"] = "gs://reads/before.bam"
    with pytest.raises(InputError) as error:
        make_plan(config(world), None, headers=False)
    assert "needs snakemake-storage-plugin-gcs, which is not installed" in str(error.value)
    assert "pip install snakemake-storage-plugin-gcs" in error.value.lines()[0]


def test_two_samples_have_one_address(world, plugins):
    world.rows[1]["bam"] = world.rows[2]["bam"] = "s3://reads/one.bam"
    with pytest.raises(InputError, match="is that of sample 'before' too"):
        make_plan(config(world), None)
