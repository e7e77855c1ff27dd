"""The rooms of the package: which there are, and that imports run one way."""

import ast
import collections
from pathlib import Path

import pytest

from resistpanel import cli
from resistpanel.core.files import HOME

PACKAGE = HOME / "workflow" / "resistpanel"
#: Rooms in the order of imports: each may import those before it. Stages in the order of the data.
ROOMS = [
    "core",
    "records",
    "panel",
    "catalog",
    "align",
    "qc",
    "call",
    "annotate",
    "copynumber",
    "compare",
    "resist",
    "extras",
    "inputs",
    "report",
    "run",
    "testing",
]
SUBPACKAGES = {f"call/{name}" for name in ("io", "candidates", "errors", "model", "events")}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py*") if path.suffix in (".py", ".pyx"))


def imported(path: Path) -> set[str]:
    """Return the modules of the package that a module imports, without the package's name."""
    if path.suffix == ".pyx":
        lines = [line.split() for line in path.read_text().splitlines()]
        return {w[1].removeprefix("resistpanel.") for w in lines
                if len(w) > 3 and w[0] == "from" and w[1].startswith("resistpanel.")}  # fmt: skip
    found = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        # What only type checkers import makes no circle at run time.
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body.clear()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                file = PACKAGE.parent / inner.replace(".", "/")
                is_module = file.is_dir() or any(
                    file.with_suffix(suffix).exists() for suffix in (".py", ".pyx")
                )
                found.add(inner if is_module else node.module)
    return {name.removeprefix("resistpanel.") for name in found if name.startswith("resistpanel.")}


def room(name: str) -> str:
    return name.split(".")[0]


def test_the_rooms_are_these():
    there = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert there == set(ROOMS)
    inside = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.glob("*/*/**/__init__.py")}
    assert inside == SUBPACKAGES


@pytest.mark.parametrize("name", ROOMS)
def test_imports_run_one_way(name):
    allowed = set(ROOMS[: ROOMS.index(name) + 1]) | {"__version__"}
    for path in modules():
        if path.relative_to(PACKAGE).parts[0] != name:
            continue
        for other in imported(path):
            assert room(other) in allowed, f"{path} imports {other}"


def test_no_import_circle():
    """Module by module, imports inside functions too."""
    graph = {}
    for path in modules():
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = imported(path) - {name}
    done, open_ = set(), []

    def visit(name):
        if name in done or name not in graph:
            return
        assert name not in open_, " -> ".join([*open_[open_.index(name) :], name])
        open_.append(name)
        for other in sorted(graph[name]):
            visit(other)
        open_.pop()
        done.add(name)

    for name in graph:
        visit(name)


def test_no_file_name_more_than_twice():
    names = collections.Counter(path.stem for path in modules())
    often = {name: n for name, n in names.items() if n > 2 and name not in ("__init__", "command")}
    assert often == {}


def test_every_step_has_its_command_and_page():
    for step in cli.STEPS:
        module = PACKAGE.parent / (cli.command_module(step).replace(".", "/") + ".py")
        assert module.exists(), step
        assert (HOME / "tests" / step).is_dir(), step
    for stage in cli.STAGES:
        assert (HOME / "workflow/rules" / f"{stage}.smk").exists(), stage
        assert (HOME / "docs" / f"{stage}.md").exists(), stage


def test_scipy_special_is_imported_in_one_place():
    """Elsewhere its import would load parts of numpy that nothing uses, see `core.special`."""
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in modules()
        if "from scipy.special import" in path.read_text() or "scipy.special." in path.read_text()
    }
    assert found == {"core/special.py"}
