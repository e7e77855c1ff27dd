"""The screen's results: a table, catalogue rows, a plot along the coding sequence."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from resistpanel.catalog.drugs import Drug
from resistpanel.catalog.pathway import Pathway
from resistpanel.catalog.table import COLUMNS
from resistpanel.core.files import replacing, write_text
from resistpanel.extras.recurrence import Substitution

#: Colours of the plot by label.
_COLOURS = {
    ("below",): "0.7",
    ("chance", "clone", "linked"): "#2166ac",
    ("recurrent",): "#b2182b",
}

TABLE_COLUMNS = (
    "substitution",
    "residue",
    "codons",
    "count",
    "depth",
    "frequency",
    "low",
    "high",
    "control_count",
    "control_depth",
    "background",
    "p",
    "expected_false",
    "label",
    "partner",
)


def write_table(path: Path, rows: Sequence[Substitution]) -> None:
    """Write every substitution seen, the most frequent first."""
    lines = ["\t".join(TABLE_COLUMNS)]
    for row in sorted(rows, key=lambda row: (-row.frequency, row.residue, row.alt)):
        cells = (
            row.short,
            row.residue,
            ";".join(row.codons),
            row.count,
            row.depth,
            f"{row.frequency:.6g}",
            f"{row.low:.6g}",
            f"{row.high:.6g}",
            "." if row.control_count is None else row.control_count,
            "." if row.control_depth is None else row.control_depth,
            f"{row.background:.3g}",
            f"{row.p:.3g}",
            f"{row.expected_false:.3g}",
            row.label,
            row.partner or ".",
        )
        lines.append("\t".join(map(str, cells)))
    write_text(path, "\n".join(lines) + "\n")


def write_catalog(
    path: Path,
    rows: Sequence[Substitution],
    gene: str,
    drug: Drug,
    disease: str,
    source: str,
    pathway: Pathway,
) -> int:
    """Write the recurrent substitutions as catalogue rows of evidence level ``screen``.

    Stops are left out: a truncated protein is not what a gain-of-function row speaks of.

    Returns
    -------
    int
        Rows written.
    """
    relation = pathway.relate(gene, drug.targets)
    mechanism = relation.mechanism_class if relation else "other"
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        if not row.recurrent or row.alt == "*":
            continue
        cells = {
            "id": f"screen-{gene}-{row.short}-{drug.name.replace(' ', '_')}",
            "gene": gene,
            "alteration_type": "substitution",
            "alteration": row.short,
            "match_level": "exact",
            "drugs": drug.name,
            "disease": disease,
            "mechanism_class": mechanism,
            "direction": "resistance",
            "evidence_level": "screen",
            "effect_size": f"{100 * row.frequency:.2g} % of the reads under drug",
            "source": source,
        }
        lines.append("\t".join(cells.get(column, "") for column in COLUMNS))
    write_text(path, "\n".join(lines) + "\n")
    return len(lines) - 1


def write_plot(
    path: Path, rows: Sequence[Substitution], gene: str, drug: str, codons: int, threshold: float
) -> None:
    """Draw the frequency of every substitution along the coding sequence (SVG, PDF or PNG).

    Recurrent ones are red; those above the threshold that something else may explain, blue.
    """
    # Fixed ids and no date: the same input gives the same bytes.
    matplotlib.rcParams["svg.hashsalt"] = "resistpanel"
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for labels, color in _COLOURS.items():
        chosen = [row for row in rows if row.label in labels]
        axes.vlines(
            [row.residue for row in chosen],
            0,
            [100 * row.frequency for row in chosen],
            color=color,
            linewidth=1.2,
        )
        for row in chosen if "below" not in labels else ():
            axes.annotate(
                row.short if row.recurrent else f"{row.short} ({row.label})",
                (row.residue, 100 * row.frequency),
                xytext=(0, 2),
                textcoords="offset points",
                rotation=90,
                ha="center",
                va="bottom",
                fontsize=7,
                color="black" if row.recurrent else color,
            )
    axes.axhline(100 * threshold, color="0.3", linewidth=0.8, linestyle="--")
    axes.set_xlim(0, codons + 1)
    # Room above the highest line for its name.
    highest = max([threshold, *(row.frequency for row in rows)])
    axes.set_ylim(0, 125 * highest)
    axes.set_xlabel(f"codon of {gene}")
    axes.set_ylabel("reads with the substitution (%)")
    axes.set_title(f"{gene} substitutions under {drug}; dashed: threshold", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    metadata = {"Date": None} if path.suffix == ".svg" else None
    with replacing(path) as temporary:
        figure.savefig(temporary, metadata=metadata)
