"""Whose reads may be written beside the page: slices and the IGV page of the findings."""

import importlib.util
from collections.abc import Iterator

from resistpanel.core.errors import InputError
from resistpanel.core.vocabulary import GERMLINE_POLICIES
from resistpanel.inputs.config import Settings
from resistpanel.inputs.sheet import Row, patients


def outputs(made: Settings) -> dict[str, str]:
    """Return the outputs asked for that show reads: key of the configuration, name in words."""
    wanted = {}
    if made.slices:
        wanted["report.slices"] = "slices"
    if made.igv:
        wanted["report.igv"] = "IGV page"
    return wanted


def withheld(made: Settings, rows: list[Row]) -> list[str]:
    """Return the patients whose inherited variants are withheld: their reads are not shown."""
    keep = GERMLINE_POLICIES[0]
    return [
        name
        for name, members in patients(rows).items()
        if any((row.germline or made.germline_policy) != keep for row in members)
    ]


def check_reads_shown(made: Settings, rows: list[Row]) -> Iterator[InputError]:
    """Yield why no slices or no IGV page can be written."""
    if made.igv and importlib.util.find_spec("igv_reports") is None:
        yield InputError(
            "igv-reports is not installed",
            made.place("report.igv"),
            "in the checkout: pip install '.[igv]'",
        )
    if rows and len(withheld(made, rows)) == len(patients(rows)):
        for key in outputs(made):
            yield InputError(
                "reads show inherited variants, which are withheld of every patient",
                made.place(key),
                "leave it out, or set germline: report",
            )


def note_reads_shown(made: Settings, rows: list[Row]) -> list[str]:
    """Return notes on patients of whom no reads are written."""
    wanted = outputs(made)
    if not wanted:
        return []
    what = " and no ".join(wanted.values())
    return [
        f"patient '{name}': no {what}: reads show the inherited variants, which are withheld"
        for name in withheld(made, rows)
    ]
