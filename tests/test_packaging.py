"""Pins, versions and tracked files agree with each other; nothing names one machine."""

import ast
import re
import subprocess
import tomllib

import pytest
import yaml

import resistpanel
from resistpanel.core.files import HOME

PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text())
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([0-9][A-Za-z0-9.]*)$")


def pins(requirements) -> dict[str, str]:
    """Return the version of each requirement, every one of which must be an exact pin."""
    found = {}
    for requirement in requirements:
        match = PIN.match(requirement)
        assert match, f"{requirement} is not an exact pin"
        found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found


RUNTIME = pins(PROJECT["project"]["dependencies"])
DEV = pins(PROJECT["project"]["optional-dependencies"]["dev"])
BUILD = pins(PROJECT["build-system"]["requires"])


LOCKS = ["requirements.lock", "requirements.slurm.lock"]


def locked(name: str = LOCKS[0]) -> dict[str, set[str]]:
    """Return the versions of each package in a lock (several where markers tell them apart)."""
    found: dict[str, set[str]] = {}
    for line in (HOME / name).read_text().splitlines():
        if line.startswith(" "):
            continue  # a hash
        requirement, _, _marker = line.removesuffix("\\").partition(" ; ")
        for package, version in pins([requirement.strip()]).items():
            found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", ["pysam", "numpy"])
def test_compiled_against_what_is_installed(name):
    """The kernels link pysam's own htslib: another version would load and be silently wrong."""
    assert BUILD[name] == RUNTIME[name]


def test_lock_holds_every_pin():
    lock = locked()
    for name, version in (RUNTIME | DEV | BUILD).items():
        assert lock.get(name) == {version}, f"{name}: run `make lock`"
    slurm = pins(PROJECT["project"]["optional-dependencies"]["slurm"])
    for name, version in (RUNTIME | slurm).items():
        assert locked(LOCKS[1]).get(name) == {version}, f"{name}: run `make lock`"
    both = lock.keys() & locked(LOCKS[1]).keys()
    assert all(lock[name] == locked(LOCKS[1])[name] for name in both)


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name):
    """Of every file of its release: without one, pip would install what an index serves."""
    text = (HOME / name).read_text()
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]
    assert len(packages) > 60
    for package in packages:
        assert re.fullmatch(r"\S+==\S+( ; [^\n]*)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+",
                            package), package[:80]  # fmt: skip
    makefile = (HOME / "Makefile").read_text()
    assert "--require-hashes --requirement requirements.lock" in makefile
    assert "--no-build-isolation" in makefile


def test_sdist_holds_what_a_wheel_carries():
    """A wheel that is built from an sdist, as pip does, needs all of it."""
    tree = ast.parse((HOME / "setup.py").read_text())
    (home,) = (
        {node.value for node in ast.walk(one.value) if isinstance(node, ast.Constant)}
        for one in tree.body
        if isinstance(one, ast.Assign) and ast.unparse(one.targets) == "HOME"
    )
    assert {"Snakefile", "panels", "workflow/rules"} <= home
    lines = [line.split() for line in (HOME / "MANIFEST.in").read_text().splitlines()]
    files = {name for words in lines if words[0] == "include" for name in words[1:]}
    trees = {words[1] for words in lines if words[0] == "graft"}
    assert [
        name for name in sorted(home)
        if name not in files and not {name, name.split("/")[0]} & trees
    ] == []  # fmt: skip
    assert all((HOME / name).exists() for name in files | trees)


def test_images_are_named_by_digest():
    """A tag can be made to mean another image."""
    docker = re.findall(r"^FROM (\S+)", (HOME / "Dockerfile").read_text(), re.M)
    apptainer = re.findall(r"^From: (\S+)", (HOME / "apptainer.def").read_text(), re.M)
    digests = {re.fullmatch(r"debian(?::[\w.-]+)?@(sha256:[0-9a-f]{64})", name)[1]
               for name in docker + apptainer}  # fmt: skip
    assert len(docker) == len(apptainer) == len(digests) == 1


def test_no_install_by_a_name_that_is_not_published():
    """Whoever registers that name would be installed."""
    found = []
    for name in tracked():
        path = HOME / name
        if path.is_file() and name != "tests/test_packaging.py" and path.suffix in TEXTS:
            text = path.read_text(errors="replace")
            found += [name] if re.search(r"pip install ['\"]?resistpanel\b", text) else []
    assert found == []


TEXTS = {".md", ".py", ".yaml", ".yml", ".toml", ".sh", ".smk", ".def", ".cff", ".j2", ""}


def test_conda_environment_holds_the_same_pins():
    environment = yaml.safe_load((HOME / "workflow/envs/resistpanel.yaml").read_text())
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pins(pip) == {name: pin for name, pin in RUNTIME.items() if name != "snakemake"}


def test_version_is_the_same_everywhere():
    version = PROJECT["project"]["version"]
    citation = yaml.safe_load((HOME / "CITATION.cff").read_text())
    assert resistpanel.__version__ == version
    assert citation["version"] == version
    changes = (HOME / "CHANGELOG.md").read_text()
    assert f"## [{version}]" in changes or "## [Unreleased]" in changes


def test_python_versions_agree():
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= sys.version_info < (3, 14)" in (HOME / ".ci/find-python").read_text()


def tracked() -> list[str]:
    """Return the tracked files."""
    if not (HOME / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=HOME, capture_output=True, text=True, check=True
    )
    return [name for name in done.stdout.split("\0") if name]


def test_tracked_files_name_no_machine_and_no_registry():
    # Written in parts, so that this file does not find itself.
    words = ["/ro" + "ot/", "/work/" + "main", "/work/" + "shared", "/opt/" + "wheels"]
    words += ["python" + "hosted.org", "pypi" + ".org/simple", "conda." + "anaconda.org"]
    words += ["/home/" + "[a-z]"]
    pattern = re.compile("|".join(words).encode())
    found = []
    for name in tracked():
        path = HOME / name
        if path.is_file() and not path.is_symlink():
            found += [
                f"{name}: {word.decode()}" for word in set(pattern.findall(path.read_bytes()))
            ]
    assert found == []


def test_no_generated_file_is_tracked():
    generated = re.compile(
        r"\.(so|pyc|bam|bai|cram|fastq|gz\.tbi)$|^results/|egg-info|\.snakemake/"
    )
    kernels = {name.removesuffix("pyx") + "c" for name in tracked() if name.endswith(".pyx")}
    assert [name for name in tracked() if generated.search(name) or name in kernels] == []


def test_clear_message_without_a_python():
    done = subprocess.run(
        ["sh", str(HOME / ".ci/find-python")],
        env={"PATH": "/usr/bin:/bin", "PYTHON": "nosuchpython"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("resistpanel: error: no Python 3.11, 3.12 or 3.13 with venv found")
    assert "make PYTHON=" in line
