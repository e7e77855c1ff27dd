"""Turn a comparison of calls and truth into tables, one row per thing that can be counted."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pysam

from benchmarks.evaluate import (
    Call,
    Fetch,
    Inherited,
    combined,
    fetcher,
    match,
    spans,
    tidy,
)
from benchmarks.variants import Variant, context

KEYS = ["chrom", "pos", "ref", "alt"]


@dataclass
class Rows:
    """What one run of a caller on one dataset gave.

    Attributes
    ----------
    variants : pandas.DataFrame
        One row per somatic truth variant: chrom pos ref alt kind size design context max_af
        max_alt (fragments drawn, in the tumour with most) called filters (of a record that is no
        somatic call).
    samples : pandas.DataFrame
        One row per truth variant and tumour: kind size true_af drawn_alt drawn_fragments called
        det af af_low af_high lod ub.
    false : pandas.DataFrame
        One row per call that is no truth: what (false, misdescribed: within 10 bases of a truth
        variant, or germline), with what helps to see why.
    megabases : float
        Target size.
    """

    variants: pd.DataFrame
    samples: pd.DataFrame
    false: pd.DataFrame
    megabases: float


def read_truth(path: Path) -> pd.DataFrame:
    """Read truth.tsv or germline.tsv."""
    return pd.read_csv(path, sep="\t", dtype={"chrom": str, "ref": str, "alt": str})


def _variant(row, fetch: Fetch) -> Variant:
    return tidy(Variant(row.chrom, int(row.pos) - 1, row.ref, row.alt), fetch)


def target_megabases(bed: Path) -> float:
    """Return the sum of a BED's interval lengths in Mb."""
    rows = [line.split("\t") for line in bed.read_text().splitlines() if line]
    return sum(int(r[2]) - int(r[1]) for r in rows) / 1e6


def compare(
    truth_path: Path,
    germline_path: Path,
    reference: Path,
    targets: Path,
    calls: list[Call],
    tumours: list[str],
) -> Rows:
    """Compare a caller's records with the truth files of a dataset."""
    with pysam.FastaFile(str(reference)) as fasta:
        fetch = fetcher(fasta)
        truth_rows = read_truth(truth_path)
        truth = [_variant(r, fetch) for r in truth_rows.itertuples()]
        germline_rows = read_truth(germline_path)
        inherited = [
            Inherited(_variant(r, fetch), r.haplotypes) for r in germline_rows.itertuples()
        ]
        passed = [c for c in calls if c.passed]
        rest: dict[Variant, Call] = {}
        for c in calls:
            if not c.passed:
                rest.setdefault(c.variant, c)
        found = match(
            truth, list(truth_rows.haplotype), inherited, [c.variant for c in passed], fetch
        )
        variants, samples = [], []
        for t, row in enumerate(truth_rows.to_dict("records")):
            records = [passed[i] for i in found.calls_of.get(t, ())]
            called = bool(records)
            if not records and truth[t] in rest:
                records = [rest[truth[t]]]
            common = {key: row[key] for key in [*KEYS, "kind", "size", "design", "context"]}
            variants.append(
                {
                    **common,
                    "max_af": max(row[f"af.{s}"] for s in tumours),
                    "max_alt": max(row[f"alt.{s}"] for s in tumours),
                    "called": int(called),
                    "records": len(records) if called else 0,
                    "filters": "" if called else (records[0].filters if records else "no record"),
                }
            )
            for s in tumours:
                numbers = combined(records, s) if records else {}
                samples.append(
                    {
                        **common,
                        "sample": s,
                        "true_af": row[f"af.{s}"],
                        "drawn_alt": row[f"alt.{s}"],
                        "drawn_fragments": row[f"fragments.{s}"],
                        "called": int(called),
                        **{
                            key: numbers.get(key)
                            for key in ("det", "af", "af_low", "af_high", "lod", "ub")
                        },
                    }
                )
        false = [_describe(passed[i], "germline", truth, inherited, fetch) for i in found.germline]
        false += [_describe(passed[i], "false", truth, inherited, fetch) for i in found.false]
    return Rows(
        pd.DataFrame(variants),
        pd.DataFrame(samples),
        pd.DataFrame(false, columns=list(_FALSE_COLUMNS)),
        target_megabases(targets),
    )


_FALSE_COLUMNS = (
    *("what", "chrom", "pos", "ref", "alt", "filters", "samples", "note"),
    *("truth_nearest", "truth_distance", "germline_nearest", "germline_distance"),
    *("homopolymer", "repeat", "sequence"),
)


def _nearest(variant: Variant, others: list[Variant], fetch: Fetch) -> tuple[str, int | None]:
    """Return the nearest of `others` and its distance in bases (0: they touch)."""
    near = [o for o in others if o.chrom == variant.chrom and abs(o.pos - variant.pos) < 2000]
    if not near:
        return "", None
    start, end = spans([variant], fetch)[0]
    best, distance = None, None
    for other, (low, high) in zip(near, spans(near, fetch), strict=True):
        gap = max(low - end, start - high, 0)
        if distance is None or gap < distance:
            best, distance = other, gap
    return str(best), distance


def _describe(call: Call, what: str, truth, inherited: list[Inherited], fetch: Fetch) -> dict:
    v = call.variant
    sequence, offset = fetch(v.chrom, v.pos - 300, v.end + 300)
    run, repeat = context(v, sequence, offset)
    nearest, distance = _nearest(v, truth, fetch)
    germline, germline_distance = _nearest(v, [g.variant for g in inherited], fetch)
    if what == "false" and distance is not None and distance <= 10:
        what = "misdescribed"
    at = v.pos - offset
    numbers = " ".join(
        f"{name}:{d.get('alt') or 0:.0f}/{d.get('depth') or 0:.0f}"
        for name, d in call.samples.items()
    )
    return {
        "what": what,
        "chrom": v.chrom,
        "pos": v.pos + 1,
        "ref": v.ref or "-",
        "alt": v.alt or "-",
        "filters": call.filters,
        "samples": numbers,
        "note": call.note,
        "truth_nearest": nearest,
        "truth_distance": distance,
        "germline_nearest": germline,
        "germline_distance": germline_distance,
        "homopolymer": run,
        "repeat": repeat,
        "sequence": f"{sequence[max(0, at - 20) : at]}[{v.ref}>{v.alt}]"
        f"{sequence[at + len(v.ref) : at + len(v.ref) + 20]}",
    }
