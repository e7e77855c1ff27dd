"""The tables of docs/call.md are those of the code.

``python tests/call/test_docs.py`` writes them anew.
"""

import dataclasses
import re

import pytest

from resistpanel.call.call_constants import (
    HAPLOTYPE_ODDS,
    INDEL_FLOOR,
    LOD_POWER,
    MIN_DEPTH,
    PHASED,
)
from resistpanel.call.filters import FILTERS
from resistpanel.call.io.regions import CHUNK_BASES
from resistpanel.call.model.posterior import Priors
from resistpanel.call.vcf_writer import FORMAT, INFO
from resistpanel.core.files import HOME
from resistpanel.core.parameters import described

PAGE = HOME / "docs" / "call.md"


def table(columns: str, rows) -> str:
    """Return rows as a table of Markdown."""
    names = columns.split()
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def expected() -> dict[str, str]:
    """Return the tables by the name of their markers."""
    filters = [
        (
            f"`{f.name}`",
            f"`{f.metric}` {'<' if f.below else '>'} {f.threshold:g}",
            f.description.format(threshold=f.threshold),
        )
        for f in FILTERS
    ]
    fields = {
        name: table("field number type meaning", [(f"`{key}`", *more) for key, *more in rows])
        for name, rows in (("info", INFO), ("format", FORMAT))
    }
    meanings = described(Priors)
    priors = [
        (f"`{f.name}`", f"{getattr(Priors(), f.name):g}", meanings[f.name])
        for f in dataclasses.fields(Priors)
    ]
    return {
        "filters": table("filter applies meaning", filters),
        "priors": table("prior value of", priors),
    } | fields


def between(text: str, name: str) -> re.Match:
    """Return the match of what stands between two markers."""
    found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", text, re.DOTALL)
    assert found, name
    return found


@pytest.mark.parametrize("name", ["filters", "info", "format", "priors"])
def test_table(name):
    assert between(PAGE.read_text(), name).group() == expected()[name], (
        "python tests/call/test_docs.py writes it anew"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("have a floor of {} per fragment", INDEL_FLOOR),
        ("that it fits {} times better", HAPLOTYPE_ODDS),
        ("carry both are {} %", round(100 * PHASED)),
        ("chunks of up to {} bases", f"{CHUNK_BASES:,}"),
        ("reached with\n  probability {},", LOD_POWER),
        ("`.` below {}\ninformative fragments", MIN_DEPTH),
    ],
)
def test_numbers(text, value):
    """What the page says of thresholds is what the code uses."""
    told = value if isinstance(value, str) else f"{value:g}".replace("e-0", "e-")
    assert text.format(told) in PAGE.read_text()


def test_every_option_is_told():
    import argparse

    from resistpanel.call.command import register

    parser = argparse.ArgumentParser()
    register(parser)
    text = PAGE.read_text()
    options = [o for a in parser._actions for o in a.option_strings if o.startswith("--")]
    assert [o for o in options if o not in text and o != "--help"] == []


if __name__ == "__main__":
    page = PAGE.read_text()
    for key, made in expected().items():
        found = between(page, key)
        page = page[: found.start()] + made + page[found.end() :]
    PAGE.write_text(page)
