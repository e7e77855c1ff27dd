"""The demo runs anywhere, in a folder of its own."""

import yaml

from resistpanel.cli import main
from resistpanel.inputs.config import settings
from resistpanel.run.demo_command import PATIENTS, config_text


def test_configurations_are_valid_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in PATIENTS:
        made = settings(yaml.safe_load(config_text(name)))
        assert made.simulate.patient.is_file()


def test_it_hands_over_to_run(tmp_path, monkeypatch, capsys):
    given = []
    monkeypatch.setattr("resistpanel.run.command.run", lambda args: given.append(args) or 0)
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "there", "--cores", "1"]) == 0
    (args,) = given
    assert (str(args.folder), str(args.config), args.cores) == ("there", "melanoma.yaml", "1")
    assert (tmp_path / "there/melanoma.yaml").read_text() == config_text("melanoma")
    assert "open the page above" in capsys.readouterr().out


def test_a_folder_with_a_run_of_its_own_is_left_alone(tmp_path, monkeypatch, capsys):
    (tmp_path / "config.yaml").write_text("samples: mine.tsv\n")
    assert main(["demo", str(tmp_path)]) == 2
    assert "already contains a run" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml"]


def test_a_file_in_its_place(tmp_path, capsys):
    (tmp_path / "x").write_text("")
    assert main(["demo", str(tmp_path / "x")]) == 2
    assert "is a file" in capsys.readouterr().err
