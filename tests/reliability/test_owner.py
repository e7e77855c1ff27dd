"""An output folder belongs to one study."""

import shutil
from dataclasses import replace

import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.inputs.config import settings
from resistpanel.inputs.owner import check_owner, write_owner


@pytest.fixture
def owned(study, monkeypatch):
    """The settings of a study that has written its results."""
    monkeypatch.chdir(study.folder)
    made = settings(study.config)
    write_owner(made, ["config.yaml"])
    check_owner(made)
    return made


def second_study(study) -> None:
    """Another study beside the first: another drug for a patient of the same name."""
    other = study.folder / "second"
    other.mkdir(exist_ok=True)
    text = (study.folder / "samples.tsv").read_text()
    (other / "samples.tsv").write_text(text.replace("PLX4032", "imatinib"))


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_second_study_is_refused(study, owned, capsys, command):
    second_study(study)
    study.write(samples="second/samples.tsv")
    with pytest.raises(InputError, match="contains the results of another study, with the sheet"):
        check_owner(settings(study.config))
    for row in study.world.rows:  # as seen from the second sheet
        row["bam"] = f"../{row['bam']}"
    assert main([command]) == 2
    assert "outdir results: contains the results of another study" in capsys.readouterr().err


def test_a_study_may_be_moved_copied_and_respelt(study, owned, monkeypatch):
    check_owner(replace(owned, samples=study.folder / "samples.tsv"))
    check_owner(replace(owned, outdir=study.folder / "results"))
    copied = study.folder.with_name("copied")
    shutil.rmtree(copied, ignore_errors=True)
    shutil.copytree(study.folder, copied)
    monkeypatch.chdir(copied)
    check_owner(settings(study.config))
    shutil.rmtree(copied)


def test_a_sheet_that_is_gone_owns_nothing(study, owned):
    (study.folder / "samples.tsv").rename(study.folder / "renamed.tsv")
    study.write(samples="renamed.tsv")
    check_owner(settings(study.config))
