"""The validation as a page, a table and a TSV."""

import math
from collections.abc import Callable, Sequence

import jinja2
import msgspec

from resistpanel.core.text import percent
from resistpanel.records.validation import RecallAtAf, RecallAtLod, SpikedVariant, Validate

#: Signs of the classes in the plots: colour goes with a shape, so that neither is needed alone.
SHAPES = {"all": "●", "SNV": "■", "MNV": "▲", "INS": "◆", "DEL": "▼", "DUP": "✚", "COMPLEX": "✖"}
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 300, 72, 44, 14, 14


def tsv(result: Validate) -> str:
    """Return one line for every variant and pass."""
    lines = ["\t".join(SpikedVariant.__struct_encode_fields__)]
    for row in result.rows:
        cells = msgspec.structs.astuple(row)
        lines.append("\t".join("" if c is None else cell(c) for c in cells))
    return "\n".join(lines) + "\n"


def cell(value: object) -> str:
    """Return a value as a cell of a TSV."""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def table(result: Validate) -> list[str]:
    """Return the figures as lines for a terminal."""
    afs = result.parameters.ladder
    lines = ["found of put in, by allele frequency:"]
    lines.append("class   " + "".join(f"{percent(af):>12}" for af in afs))
    for kind in dict.fromkeys(row.kind for row in result.recall):
        rows = [row for row in result.recall if row.kind == kind]
        cells = "".join(f"{str(row.found) + ' of ' + str(row.of):>12}" for row in rows)
        lines.append(f"{kind:8}{cells}")
    lines.append("at multiples of the stated LOD (target: 95 % at 1):")
    for row in result.lod_curve:
        if row.kind == "all" and row.of:
            lines.append(
                f"  {row.multiple:g} x LOD: {row.found} of {row.of}, "
                f"{percent(row.recall)} ({percent(row.low)} to {percent(row.high)})"
            )
    depth, lod, false = result.depth, result.lod, result.false_calls
    lines.append(
        f"depth: normal {depth.normal:.0f}, tumour {depth.tumor:.0f} fragments; median LOD "
        f"{percent(lod.median)}; at the normal's whole depth not "
        f"below {percent(lod.expected_of_whole)} (calculated, not measured)"
    )
    lines.append(
        f"false calls: {false.before} before anything was put in ({false.per_megabase:.1f} "
        f"per Mb), {false.number} different ones over all passes"
    )
    return lines


def _scale(low: float, high: float, begin: float, end: float) -> Callable[[float], float]:
    return lambda value: begin + (value - low) / (high - low) * (end - begin)


def plot(
    rows: Sequence[RecallAtAf | RecallAtLod],
    key: str,
    label: str,
    log: bool,
    ticks: list[float],
    mark: float | None,
) -> dict:
    """Return what a plot of recall draws: axes, and points with intervals by class.

    Parameters
    ----------
    rows : sequence of RecallAtAf or RecallAtLod
    key, label : str
        Field of the horizontal axis, and what to call it.
    log : bool
    ticks : list of float
        Of the horizontal axis.
    mark : float or None
        A value at which a line is drawn.
    """
    put = math.log10 if log else float
    margin = 0.12 if log else 0.1
    x = _scale(put(min(ticks)) - margin, put(max(ticks)) + margin, LEFT, WIDTH - RIGHT)
    y = _scale(0, 1, HEIGHT - BOTTOM, TOP)
    kinds = list(dict.fromkeys(row.kind for row in rows))
    series = []
    for number, kind in enumerate(kinds):
        shift = (number - (len(kinds) - 1) / 2) * 7
        points = [
            {
                "x": round(x(put(getattr(row, key))) + shift, 1),
                "y": round(y(row.recall), 1),
                "low": round(y(row.low), 1),
                "high": round(y(row.high), 1),
                "text": f"{kind}: {row.found} of {row.of}",
            }
            for row in rows
            if row.kind == kind and row.of
        ]
        series.append({"name": kind, "shape": SHAPES.get(kind, "●"), "points": points})
    return {
        "label": label,
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bottom": HEIGHT - BOTTOM,
        "x": [
            {"at": round(x(put(t)), 1), "text": f"{t:g} ×" if not log else percent(t)}
            for t in ticks
        ],
        "y": [{"at": round(y(t), 1), "text": f"{t:.0%}"} for t in (0, 0.25, 0.5, 0.75, 1)],
        "wanted": round(y(0.95), 1),
        "mark": round(x(put(mark)), 1) if mark is not None else None,
        "series": series,
    }


def environment() -> jinja2.Environment:
    """Return the environment of the templates of this folder."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("resistpanel.testing", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    found.filters["percent"] = percent
    return found


def page(result: Validate) -> str:
    """Return the validation as one HTML file that loads nothing."""
    afs = result.parameters.ladder
    multiples = sorted({row.multiple for row in result.lod_curve})
    return (
        environment()
        .get_template("validate.html.j2")
        .render(
            r=result,
            afs=afs,
            multiples=multiples,
            kinds=list(dict.fromkeys(row.kind for row in result.recall)),
            by_af=plot(result.recall, "af", "allele frequency put in", True, list(afs), None),
            by_lod=plot(
                result.lod_curve, "multiple", "multiple of the stated LOD", False, multiples, 1.0
            ),
            missed=[
                row for row in result.rows if not row.called and (row.multiple_of_lod or 0) >= 1
            ],
        )
    )
