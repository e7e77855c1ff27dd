"""Data flows one way: no module imports one of a later stage."""

import ast
from pathlib import Path

import pytest

from resistpanel.cli import COMMANDS, STEPS
from resistpanel.files import HOME

PACKAGE = HOME / "workflow" / "resistpanel"
STAGES = [
    "align",
    "sheet",
    "qc",
    "callers",
    "call",
    "annotate",
    "copynumber",
    "identity",
    "compare",
    "resist",
    "report",
    "multiqc",
]
#: May be imported by any stage, in this order by each other.
BESIDE = ["panel", "catalog"]


def imported(path: Path) -> set[str]:
    """Return the folders of the package that a module imports from."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("resistpanel.")}
    return found & {*STAGES, *BESIDE, "simulate", *COMMANDS}


def modules(folder: str) -> list[Path]:
    return sorted((PACKAGE / folder).rglob("*.py"))


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_a_later_one(stage):
    allowed = {*STAGES[: STAGES.index(stage) + 1], *BESIDE}
    for path in modules(stage):
        assert imported(path) <= allowed, f"{path} imports {imported(path) - allowed}"


@pytest.mark.parametrize("folder", BESIDE)
def test_what_stands_beside_imports_no_stage(folder):
    allowed = set(BESIDE[: BESIDE.index(folder) + 1])
    for path in modules(folder):
        assert imported(path) <= allowed, f"{path} imports {imported(path) - allowed}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_imports_what_stands_before_it(command):
    """Commands are the way in: they may import stages, stages never import them."""
    before = list(COMMANDS)[: list(COMMANDS).index(command) + 1]
    allowed = {*STAGES, *BESIDE, "simulate", *before}
    assert (PACKAGE / command / "command.py").exists()
    assert (HOME / "tests" / command).is_dir()
    for path in modules(command):
        assert imported(path) <= allowed, f"{path} imports {imported(path) - allowed}"


def test_the_shared_modules_import_no_stage():
    for path in PACKAGE.glob("*.py"):
        assert imported(path) == set(), path


def test_one_word_per_stage():
    """CLI command, folder, rule file and page carry the same name."""
    for stage in [stage for stage in STAGES if stage in STEPS] + BESIDE + ["simulate"]:
        assert (PACKAGE / stage / "command.py").exists(), stage
        assert (HOME / "workflow/rules" / f"{stage}.smk").exists(), stage
        assert (HOME / "tests" / stage).is_dir(), stage
        assert (HOME / "docs" / f"{stage}.md").exists(), stage
