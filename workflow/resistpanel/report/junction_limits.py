"""From which allele frequency on a junction of a gene would have been called, and where not."""

import itertools
import math
from collections.abc import Mapping, Sequence

from resistpanel.annotate.junctions import exon_number, known
from resistpanel.call.call_constants import JUNCTION_ANCHOR
from resistpanel.core.text import join, percent_up
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.panel.genes import Gene
from resistpanel.report.report_constants import COVERED_INTRON

PARAMETER = "junction_lod_"


def grid(text: str) -> list[tuple[float, float]]:
    """Return (depth, AF) of a header's ``50:0.1,100:0.05``, without depths that have no limit."""
    pairs = (entry.split(":") for entry in text.split(",") if entry)
    return [(float(depth), float(lod)) for depth, lod in pairs if lod != "."]


def limit_at(depth: float, points: Sequence[tuple[float, float]]) -> float | None:
    """Return the limit at a depth, interpolated between logarithms; None below the least one."""
    if not points or depth < points[0][0]:
        return None
    for (low, first), (high, second) in itertools.pairwise(points):
        if depth <= high:
            part = math.log(depth / low) / math.log(high / low)
            return math.exp((1 - part) * math.log(first) + part * math.log(second))
    return points[-1][1]


def _overlap(target: dict, start: int, end: int) -> int:
    """Return the bases of a target in an interval, 0-based half-open."""
    return max(min(target["end"], end) - max(target["start"], start), 0)


def _depth(target: dict) -> float:
    quantiles = target.get("quantiles")
    return float(quantiles[2] if quantiles else target["mean_depth"])


def introns(gene: Gene) -> list[tuple[int, int, int]]:
    """Return (number, start, end) of the introns between coding exons, 5' to 3', 0-based."""
    order = gene.coding_order
    return [
        (exon_number(gene, n), min(a[1], b[1]), max(a[0], b[0]))
        for n, (a, b) in enumerate(itertools.pairwise(order), 1)
    ]


def junction_limits(report: Mapping, genes: Mapping[str, Gene]) -> list[dict]:
    """Return what of each gene with a known kinase domain could be seen, by panel order.

    Parameters
    ----------
    report : mapping
        With ``qc``, ``sheet`` and ``provenance``.
    genes : mapping of str to Gene
        Of the panel.
    """
    parameters = report["provenance"]["parameters"]
    roles = {s["sample"]: s["role"] for s in report["sheet"]["samples"]}
    samples = [s for s in report["qc"]["samples"] if roles[s["sample"]] in TUMOR_ROLES]
    points = {s["sample"]: grid(parameters.get(PARAMETER + s["sample"], "")) for s in samples}
    if not any(points.values()):
        return []
    domains = {*known()["kinase_domains"], *known()["internal_tandem_duplications"]}
    found = (_of_gene(gene, samples, points) for gene in genes.values() if gene.symbol in domains)
    return [one for one in found if one]


def _of_gene(gene: Gene, samples: Sequence[dict], points: Mapping) -> dict | None:
    """Return the limits of a gene, None where none of its exons is a target."""
    mine = [t for t in samples[0]["targets"] if t["chrom"] == gene.chrom]
    parts = introns(gene)
    covered = [
        (number, start, end)
        for number, start, end in parts
        if sum(_overlap(t, start, end) for t in mine) >= COVERED_INTRON * (end - start)
    ]
    if not any(_overlap(t, *exon) for t in mine for exon in gene.cds):
        return None
    rows = []
    for sample in samples:
        there = [t for t in sample["targets"] if t["chrom"] == gene.chrom]
        rows.append(
            {
                "sample": sample["sample"],
                "exons": _limit(sample, there, gene.cds, points[sample["sample"]]),
                "introns": _limit(
                    sample, there, [(s, e) for _, s, e in covered], points[sample["sample"]]
                ),
            }
        )
    one = {
        "gene": gene.symbol,
        "introns_covered": [number for number, _, _ in covered],
        "introns_not_covered": len(parts) - len(covered),
        "limits": rows,
    }
    return one | {"text": text(one)}


def _limit(
    sample: dict, targets: Sequence[dict], spans: Sequence, points: Sequence
) -> float | None:
    """Return the highest limit over some spans, by the targets in them; None where none is."""
    length = sample.get("read_length") or 0
    # Of the fragments over a base, those with a read that goes on for the anchor on either side.
    part = max(length - 2 * JUNCTION_ANCHOR + 1, 0) / length if length else 0.0
    depths = [_depth(t) for t in targets if any(_overlap(t, *span) for span in spans)]
    return limit_at(min(depths) * part, points) if depths else None


def text(one: Mapping) -> str:
    """Return a gene's limits in a sentence."""
    gene, covered = one["gene"], one["introns_covered"]

    def stated(field: str) -> str:
        known_ = [
            f"{percent_up(row[field])} of the fragments in {row['sample']}"
            for row in one["limits"]
            if row[field] is not None
        ]
        return join(known_)

    parts = []
    if covered and stated("introns"):
        word = "introns" if len(covered) > 1 else "intron"
        parts.append(
            f"{gene}: no other fusion, deletion or duplication with a breakpoint in {word} "
            f"{join(map(str, covered))} above {stated('introns')}"
        )
    if stated("exons"):
        lead = "" if parts else f"{gene}: "
        parts.append(
            f"{lead}no other deletion or duplication with both ends in exons above "
            f"{stated('exons')}"
        )
    if one["introns_not_covered"]:
        lead = "" if parts else f"{gene}: "
        number = one["introns_not_covered"]
        named = f"{number} {'other ' if covered else ''}intron{'s' if number > 1 else ''}"
        verb = "is" if number == 1 else "are"
        parts.append(
            f"{lead}{named} {verb} not covered: junctions with breakpoints there are not excluded"
        )
    return "; ".join(parts)
