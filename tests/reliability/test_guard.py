"""Code and configuration of a study's folder under plain ``snakemake``."""

import os
import subprocess
import sys
import types

import pytest

from resistpanel.core.files import HOME
from resistpanel.inputs.guard import evaluated, repeated, shadowing


def test_modules_of_the_folder_are_named(tmp_path, monkeypatch):
    for name, path in (("random", "random.py"), ("scipy", "scipy/__init__.py")):
        module = types.ModuleType(name)
        module.__file__ = str(tmp_path / path)
        monkeypatch.setitem(sys.modules, name, module)
    inner = types.ModuleType("other.deep")
    inner.__file__ = str(tmp_path / "deep.py")
    monkeypatch.setitem(sys.modules, "other.deep", inner)
    lines = [error.line() for error in shadowing([tmp_path])]
    assert [line.split(";")[0] for line in lines] == [
        f"{tmp_path}/random.py: is imported in place of the module 'random'",
        f"{tmp_path}/scipy: is imported in place of the module 'scipy'",
    ]
    assert list(shadowing([tmp_path / "elsewhere"])) == []


@pytest.mark.parametrize(
    "text, bad",
    [
        ("__use_yte__: true\nx: ?1+1\n", True),
        ('"__use_yt\\x65__": true\n', True),
        ('{"__use_yte__": true}', True),
        ("x: __use_yte__\n", False),
        ("call: {__use_yte__: true}\n", False),  # Snakemake looks at the top alone
        ("a: [\n", False),
        ("\0", False),
    ],
)
def test_configurations_that_would_be_evaluated(tmp_path, text, bad):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    lines = [error.line() for error in evaluated([path, path, tmp_path / "none.yaml"])]
    assert bool(lines) == bad
    assert all("config.yaml: has the key '__use_yte__'" in line for line in lines)


def test_keys_given_twice(tmp_path):
    path, other = tmp_path / "config.yaml", tmp_path / "mine.yaml"
    path.write_text("vrs: auto\nvrs: all\n")
    other.symlink_to(path)
    (line,) = (error.line() for error in repeated([path, other, tmp_path / "none.yaml"]))
    assert line == f"{other}:2: key 'vrs' is given twice, first at line 1; remove one"


def plain(folder, *arguments, **more):
    """Run `python -m snakemake` as typed in a folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(HOME / "Snakefile")]
    return subprocess.run(
        [*command, "--configfile", "mine.yaml", "--cores", "1", "-n", *arguments],
        capture_output=True, text=True, check=False, cwd=folder,
        env=os.environ | {"PWD": str(folder)} | more,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.yaml").write_text("samples: samples.tsv\nreference: g.fa\n")
    return tmp_path


MARK = "import pathlib; pathlib.Path({!r}).write_text('run')\n"


def test_no_module_of_the_folder_is_imported(folder):
    """Those that Snakemake itself has not imported by then."""
    (folder / "pysam.py").write_text(MARK.format(str(folder / "mark")))
    done = plain(folder)
    assert (done.returncode, (folder / "mark").exists()) == (2, False)
    assert "no such sample sheet" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_module_that_snakemake_has_imported_is_named(folder):
    (folder / "numpy.py").write_text("__version__ = '2'\n")
    done = plain(folder)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if "error: " in line]
    assert "numpy.py: is imported in place of the module 'numpy'" in line


@pytest.mark.parametrize("name", ["config.yaml", pytest.param("mine.yaml", marks=pytest.mark.slow)])
def test_an_evaluated_configuration_under_plain_snakemake(folder, name):
    text = f"__use_yte__: true\n\"?open('{folder}/mark', 'w').close()\": x\n"
    (folder / name).write_text(text)
    done = plain(folder)
    assert done.returncode == 2
    assert f"{name}: has the key '__use_yte__'" in done.stderr
    # Of --configfile, Snakemake has evaluated it before it reads the Snakefile.
    assert (folder / "mark").exists() == (name == "mine.yaml")
