"""Figures of README.md's sections on accuracy and limits are in docs/validation.

Each with the command that makes it, and the command exists.
"""

import re
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
SECTION, LIMITS = "## How far to trust it", "## Limits"
COUNTED = {"83", "138", "0.001"}  # genes of the panel, a setting: not measured


def numbers(text: str) -> set[str]:
    text = re.sub(r"\]\([^)]*\)", "]", text)  # targets of links
    text = re.sub(r"\b[A-Z]+\d+\w*\b", "", text)  # COLO829, NA12878, F1
    text = text.replace("1 000x", "1000x").replace("2x100", "2x 100")
    return {n.replace(",", "") for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


@pytest.fixture(scope="module")
def section():
    text = (HOME / "README.md").read_text()
    assert SECTION in text, "the section was renamed: name it here too"
    assert LIMITS in text, "the section was renamed: name it here too"
    return " ".join(text.split(name)[1].split("\n## ")[0] for name in (SECTION, LIMITS))


@pytest.fixture(scope="module")
def rows():
    text = (HOME / "docs/validation/README.md").read_text()
    table = text.split("## Figures of the README")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_number_of_the_section_is_in_the_table(section, rows):
    given = numbers(" ".join(f"{row[0]} {row[1]}" for row in rows))
    assert numbers(section) - given - COUNTED == set()


def test_every_row_has_a_page_and_a_command_that_exist(rows):
    command = ""
    for figure, _, page, how in rows:
        command = command if how == "the same" else how
        named = re.search(r"`python (?:-m benchmarks\.([\w.]+)|benchmarks/(\w+)\.py)", command)
        assert named, f"{figure}: no command"
        module = (named[1] or named[2]).replace(".", "/")
        path = HOME / "benchmarks" / module
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), command
        linked = re.search(r"\((\w+\.md)\)", page)
        if linked:
            assert (HOME / "docs/validation" / linked[1]).exists()


def test_a_number_that_is_not_in_the_table_is_noticed(section, rows):
    given = numbers(" ".join(f"{row[0]} {row[1]}" for row in rows))
    assert numbers(section + " 31.7 %") - given - COUNTED == {"31.7"}
