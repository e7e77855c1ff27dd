"""Tables of constants: the value, unit, meaning and origin of every threshold.

The constants of a stage are rows of one table in its module ``<stage>_constants.py``::

    TABLE = Table("compare")
    MOST_DEPTH = TABLE.add(
        "MOST_DEPTH", 100_000, unit="fragments", meaning="...", origin="judgement"
    )

Gates, filters and dataclasses of thresholds are tables already and are listed from their own
data. ``python -m resistpanel.core.parameters --write docs/parameters.md`` lists all of them.
"""

import argparse
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from resistpanel.core.files import write_text

Value = TypeVar("Value")

#: How an origin begins; all but a judgement go on with a colon and what they refer to.
ORIGINS = ("paper", "measured", "definition", "derived", "judgement")


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One row of a table.

    Attributes
    ----------
    name : str
    value : number, or str, tuple or dict of numbers
    unit : str
        "1" for fractions, ratios and other pure numbers.
    meaning : str
    origin : str
        ``paper: reference``, ``measured: command``, ``definition: whose`` (of a format or another
        tool's default), ``derived: from what``, or ``judgement``.

    Raises
    ------
    ValueError
        If unit or meaning are empty, or the origin is none of these.
    """

    name: str
    value: Any
    unit: str
    meaning: str
    origin: str

    def __post_init__(self) -> None:
        for field in ("unit", "meaning"):
            if not getattr(self, field).strip():
                raise ValueError(f"parameter {self.name} has no {field}")
        kind, colon, reference = self.origin.partition(":")
        if kind not in ORIGINS or ((kind != "judgement" or colon) and not reference.strip()):
            raise ValueError(
                f"origin of parameter {self.name} is {self.origin!r}: must be one of "
                f"{', '.join(ORIGINS)}, with a reference after a colon"
            )


class Table:
    """The constants of one stage, in the order in which they were added."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.rows: list[Parameter] = []

    def add(self, name: str, value: Value, *, unit: str, meaning: str, origin: str) -> Value:
        """Add a row and return its value.

        Raises
        ------
        ValueError
            If the table has the name already, or the row is incomplete.
        """
        if any(row.name == name for row in self.rows):
            raise ValueError(f"parameter {name} is twice in the table of {self.stage}")
        self.rows.append(Parameter(name, value, unit, meaning, origin))
        return value


def setting(default: Any, *, unit: str, origin: str) -> Any:
    """Return a dataclass field with unit and origin; its meaning is in the class's docstring."""
    return dataclasses.field(default=default, metadata={"unit": unit, "origin": origin})


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a stage keeps parameters.

    Attributes
    ----------
    stage, title : str
        Title of the list within the section of the stage; empty for the table of constants.
    module, attribute : str
        A `Table`, a dataclass of thresholds, or a sequence of conditions or filters.
    """

    stage: str
    title: str
    module: str
    attribute: str

    def load(self) -> Any:
        """Import the module, late: stages import this one."""
        return getattr(importlib.import_module(self.module), self.attribute)

    def rows(self) -> list[Parameter]:
        """Return the rows.

        Raises
        ------
        ValueError
            If a row has no unit, meaning or origin.
        """
        data = self.load()
        if isinstance(data, Table):
            return data.rows
        if isinstance(data, type):
            return list(_of_fields(data))
        return [_of_condition(row) for row in data]


def _of_fields(kind: type) -> Iterable[Parameter]:
    """Return a dataclass's fields as rows; a field without a default is no parameter."""
    meanings = described(kind)
    for field in dataclasses.fields(kind):
        if field.default is not dataclasses.MISSING:
            yield Parameter(
                field.name,
                field.default,
                field.metadata.get("unit", ""),
                meanings.get(field.name, ""),
                field.metadata.get("origin", ""),
            )


def _of_condition(row: Any) -> Parameter:
    """Return a row of a gate (must hold) or of the filters (must not) as a parameter."""
    if hasattr(row, "sign"):
        value, meaning = f"{row.metric} {row.sign} {row.threshold:g}", row.text
    else:
        value = f"{row.metric} {'<' if row.below else '>'} {row.threshold:g}"
        meaning = row.description.format(threshold=row.threshold)
    return Parameter(row.name, value, row.unit, meaning, row.origin)


def described(kind: type) -> dict[str, str]:
    """Return what a class's numpydoc docstring says of each attribute or parameter.

    Attributes of one line (``a, b : float``) have one text.
    """
    found: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.getdoc(kind).splitlines():
        entry = re.fullmatch(r"([a-z_0-9]+(?:, [a-z_0-9]+)*) : .+", line)
        if entry:
            names = entry[1].split(", ")
        elif line.startswith("    "):
            for name in names:
                found[name] = f"{found.get(name, '')} {line.strip()}".strip()
        else:
            names = []
    return {name: text.removesuffix(".") for name, text in found.items()}


#: In the order of the page.
SOURCES = (
    Source("core", "", "resistpanel.core.core_constants", "TABLE"),
    Source("inputs", "", "resistpanel.inputs.inputs_constants", "TABLE"),
    Source("panel", "", "resistpanel.panel.panel_constants", "TABLE"),
    Source("align", "", "resistpanel.align.align_constants", "TABLE"),
    Source("qc", "", "resistpanel.qc.qc_constants", "TABLE"),
    Source("qc", "Gate of a sample, conditions that must be met", "resistpanel.qc.gate", "GATE"),
    Source(
        "qc",
        "Limits of identity, within a patient and over the cohort",
        "resistpanel.qc.identity_limits",
        "Limits",
    ),
    Source("call", "", "resistpanel.call.call_constants", "TABLE"),
    Source(
        "call",
        "Filters, which apply if the condition is met",
        "resistpanel.call.filters",
        "FILTERS",
    ),
    Source(
        "call",
        "Prior probabilities, per allele and site",
        "resistpanel.call.model.posterior",
        "Priors",
    ),
    Source("annotate", "", "resistpanel.annotate.annotate_constants", "TABLE"),
    Source("copynumber", "", "resistpanel.copynumber.copynumber_constants", "TABLE"),
    Source(
        "copynumber",
        "Gate of a patient's samples, conditions that must be met",
        "resistpanel.copynumber.gate",
        "GATE",
    ),
    Source("copynumber", "What a call needs", "resistpanel.copynumber.calls", "Rules"),
    Source("compare", "", "resistpanel.compare.compare_constants", "TABLE"),
    Source("compare", "What a state needs", "resistpanel.compare.states", "Rules"),
    Source("resist", "", "resistpanel.resist.resist_constants", "TABLE"),
    Source("extras", "", "resistpanel.extras.extras_constants", "TABLE"),
    Source("report", "", "resistpanel.report.report_constants", "TABLE"),
    Source("testing", "", "resistpanel.testing.testing_constants", "TABLE"),
)


def value_text(value: Any) -> str:
    """Return a value as the page shows it."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {value_text(item)}" for key, item in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(value_text, value))
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def page(sources: Iterable[Source] = ()) -> str:
    """Return docs/parameters.md."""
    lines = [
        "# Parameters",
        "",
        "Thresholds and model constants by stage. This page is written from the code by",
        "`python -m resistpanel.core.parameters --write docs/parameters.md`.",
        "",
        "*Origin* is a paper, a measurement (with the command that repeats it), a definition (of a",
        "format, of a tool whose default it is), a derivation, or a judgement: a value that was",
        "chosen and neither derived nor measured by itself; what all of them together give is",
        "measured by the benchmarks (benchmarks/README.md). Unit 1 is a fraction, ratio or other",
        "pure number.",
    ]
    stage = None
    for source in sources or SOURCES:
        if source.stage != stage:
            stage = source.stage
            lines += ["", f"## {stage}"]
        lines += ["", f"{source.title}:" if source.title else "Constants:", ""]
        lines += ["| name | value | unit | meaning | origin |", "|---|---|---|---|---|"]
        for row in source.rows():
            cells = (f"`{row.name}`", value_text(row.value), row.unit, row.meaning, row.origin)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> None:
    """Print the page, or write it to a file."""
    parser = argparse.ArgumentParser(
        prog="python -m resistpanel.core.parameters",
        description="List thresholds and model constants with unit, meaning and origin.",
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page to FILE")
    args = parser.parse_args(argv)
    if args.write:
        write_text(args.write, page())
    else:
        print(page(), end="")


if __name__ == "__main__":
    # The module that the stages import, not its copy of the name __main__, holds their tables.
    from resistpanel.core import parameters

    parameters.main()
