"""Calls against the truth, as haplotypes, and detection per sample.

A call set is a list of `Call`; `read_calls` makes them from any caller's VCF. Whether a call is
right is decided by the sequence that it spells: up to `MAX_CALLS` calls near a true variant are put
into the reference, and it is found if the result is the sequence of the true variant, alone or with
variants that lie on the same haplotype (inherited ones, other variants of its clone's lineage).
"""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from benchmarks.bed.genome import Reference, Variant, left_align
from benchmarks.bed.tumour import apply

REACH = 30  # bases round a true variant within which calls may describe it
MAX_CALLS = 5
MAX_BESIDE = 4  # variants beside a true one that are tried with it


@dataclass(frozen=True)
class Call:
    """One called allele. ``detected``: per sample, true, false or None (not assessable)."""

    variant: Variant
    passed: bool
    filters: str = ""
    detected: dict[str, bool | None] = field(default_factory=dict, hash=False, compare=False)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict, hash=False, compare=False)
    af: dict[str, float] = field(default_factory=dict, hash=False, compare=False)
    low: dict[str, float] = field(default_factory=dict, hash=False, compare=False)
    high: dict[str, float] = field(default_factory=dict, hash=False, compare=False)
    bound: dict[str, float] = field(default_factory=dict, hash=False, compare=False)
    limit: dict[str, float] = field(default_factory=dict, hash=False, compare=False)


@dataclass
class Truth:
    """What was simulated, as read from a patient's folder."""

    somatic: list[Variant]
    inherited: list[Variant]
    contaminant: list[Variant]
    hidden: list[Variant]
    table: pd.DataFrame
    samples: list[str]
    tumours: list[str]
    bases: int
    targets: list[tuple[str, int, int]]

    def af(self, index: int, sample: str, which: str = "af") -> float:
        """Return realised (``af``) or expected AF; NaN where no molecule covers the site."""
        value = self.table[f"{sample}:{which}"].iloc[index]
        return float(value) if value != "" else float("nan")


def _variants(path: Path) -> tuple[list[Variant], pd.DataFrame]:
    table = pd.read_csv(path, sep="\t", keep_default_na=False, dtype={"ref": str, "alt": str})
    out = []
    for row in table.itertuples():
        ref, alt = row.ref.replace("-", ""), row.alt.replace("-", "")
        out.append(Variant(row.contig, row.start, ref, alt, row.haplotype,
                           getattr(row, "clone", -1), getattr(row, "kind", "SNV"),
                           bool(getattr(row, "late", True))))  # fmt: skip
    return out, table


def read_truth(folder: Path, targets: Path | None = None) -> Truth:
    """Read a patient's folder; with ``targets``, the variants that lie in these alone."""
    info = json.loads((folder / "patient.json").read_text())
    spans = []
    for line in (targets or folder / "targets.bed").read_text().splitlines():
        contig, start, end = line.split("\t")[:3]
        spans.append((contig, int(start), int(end)))
    somatic, table = _variants(folder / "truth.tsv")
    inside = [within(v, spans) for v in somatic]
    somatic = [v for v, keep in zip(somatic, inside, strict=True) if keep]
    rest = [_variants(folder / f"{n}.tsv")[0] for n in ("inherited", "contaminant", "artefacts")]
    return Truth(somatic, *rest, table[inside].reset_index(drop=True), info["samples"],
                 [s for s, p in info["purity"].items() if p > 0],
                 sum(e - s for _, s, e in spans), spans)  # fmt: skip


def within(v: Variant, spans: list[tuple[str, int, int]]) -> bool:
    """Whether all of a variant's reference bases lie in one target."""
    return any(c == v.contig and s <= v.start and max(v.end, v.start + 1) <= e for c, s, e in spans)


def _number(value) -> float:
    value = value[0] if isinstance(value, tuple) else value
    return float("nan") if value is None else float(value)


def read_calls(
    path: Path, ref: Reference, wanted: Callable[[pysam.VariantRecord], bool] | None = None
) -> list[Call]:
    """Read a VCF, one call for each alternative allele. DET is used where a caller writes it.

    A record that is not ``wanted`` has not passed.
    """
    calls = []
    with pysam.VariantFile(str(path)) as file:
        for record in file:
            for k, alt in enumerate(record.alts or ()):
                if not alt or set(alt.upper()) - set("ACGT"):
                    continue
                sequence = ref.contigs[record.contig]
                variant = Variant(record.contig, *left_align(
                    sequence, record.start, record.ref.upper(), alt.upper()))  # fmt: skip
                names = list(record.filter)
                if wanted and not wanted(record):
                    names.append("not_wanted")
                call = Call(variant, names in ([], ["PASS"], ["."]), ",".join(names))
                for sample, values in record.samples.items():
                    _fill(call, sample, values, k)
                calls.append(call)
    return calls


def _fill(call: Call, sample: str, values, k: int) -> None:
    depth = values.get("AD")
    if depth and depth[0] is not None and len(depth) > k + 1 and depth[k + 1] is not None:
        total = sum(x for x in depth if x)
        call.counts[sample] = int(depth[k + 1]), int(total)
        call.af[sample] = depth[k + 1] / total if total else float("nan")
    if "DET" in values:
        det = values["DET"]
        call.detected[sample] = None if det is None else bool(det)
        call.af[sample] = _number(values.get("AF"))
        interval = values.get("AFCI") or (None, None)
        call.low[sample], call.high[sample] = (_number(x) for x in interval)
        call.bound[sample] = _number(values.get("UB"))
        call.limit[sample] = _number(values.get("LOD"))


class Speller:
    """Compares sets of variants by the sequence that they spell in a window."""

    def __init__(self, ref: Reference):
        self.ref = ref

    def spell(self, contig: str, low: int, high: int, variants) -> bytes | None:
        """Return the sequence of a window with variants in it, None if two of them overlap."""
        ordered = sorted(variants, key=lambda v: (v.start, v.end))
        for a, b in itertools.pairwise(ordered):
            if b.start < a.end or (a.start == b.start and not a.ref and not b.ref):
                return None
        if any(v.start < low or v.end > high for v in ordered):
            return None
        return apply(self.ref.contigs[contig][low:high], low, ordered)[0].tobytes()


def _subsets(items, most):
    for size in range(1, min(len(items), most) + 1):
        yield from itertools.combinations(items, size)


def _cis(a: Variant, b: Variant) -> bool:
    """Whether a true variant can lie on a molecule with ``a``."""
    if b.clone < 0:
        return b.haplotype in (2, a.haplotype)
    return b.haplotype == a.haplotype and (a.clone == b.clone or 0 in (a.clone, b.clone))


def _near(a: Variant, b: Variant, gap: int) -> bool:
    """Whether two variants are at most ``gap`` bases apart."""
    return a.contig == b.contig and a.start - gap <= b.end and b.start <= a.end + gap


def describe(ref: Reference, v: Variant, beside: list[Variant], calls: list[Call]) -> set[int]:
    """Return the calls (indices) of the smallest set that spells ``v``, empty if none does.

    ``beside``: other true variants; those in cis within the window may be part of the sequence.
    """
    near = [i for i, c in enumerate(calls) if _near(c.variant, v, REACH)]
    for i in near:
        if calls[i].variant.key == v.key:
            return {i}
    if not near:
        return set()
    span = [calls[i].variant for i in near] + [v]
    low, high = min(x.start for x in span) - REACH, max(x.end for x in span) + REACH
    low = max(0, low)
    speller = Speller(ref)
    with_ = [b for b in beside if b.contig == v.contig and low < b.start and b.end < high
             and b.key != v.key and _cis(v, b)]  # fmt: skip
    with_ = sorted(with_, key=lambda b: abs(b.start - v.start))[:MAX_BESIDE]
    wanted = set()
    for extra in itertools.chain([()], _subsets(with_, MAX_BESIDE)):
        sequence = speller.spell(v.contig, low, high, [v, *extra])
        without = speller.spell(v.contig, low, high, extra)
        if sequence is not None and sequence != without:
            wanted.add(sequence)
    nearest = sorted(near, key=lambda i: abs(calls[i].variant.start - v.start))[:10]
    for subset in _subsets(nearest, MAX_CALLS):
        if speller.spell(v.contig, low, high, [calls[i].variant for i in subset]) in wanted:
            return set(subset)
    return set()


@dataclass
class Score:
    """Tables of one patient and caller: ``variants`` one row a true variant, ``samples`` one row a
    true variant and tumour, ``false`` one row a call that no true variant explains."""

    variants: pd.DataFrame
    samples: pd.DataFrame
    false: pd.DataFrame
    bases: int


def _kind(v: Variant) -> str:
    if len(v.ref) == len(v.alt):
        return "SNV" if len(v.ref) == 1 else "MNV"
    return "INS" if not v.ref else "DEL" if not v.alt else "COMPLEX"


def score(ref: Reference, truth: Truth, calls: list[Call]) -> Score:
    """Compare calls with the truth of one patient."""
    beside = truth.somatic + truth.inherited
    passed = [c for c in calls if c.passed]
    others = [c for c in calls if not c.passed]
    used: set[int] = set()
    rows, per_sample = [], []
    for i, v in enumerate(truth.somatic):
        found = describe(ref, v, beside, passed)
        used |= found
        stopped = set() if found else describe(ref, v, beside, others)
        best = {s: truth.af(i, s) for s in truth.tumours}
        highest = np.nanmax([*best.values(), 0.0])
        row = {"contig": v.contig, "start": v.start, "ref": v.ref, "alt": v.alt, "kind": v.kind,
               "clone": v.clone, "max_af": highest, "found": bool(found),
               "stopped": ";".join(others[k].filters for k in sorted(stopped))
               or ("" if found else "no record")}  # fmt: skip
        rows.append(row)
        for sample in truth.tumours:
            record = {**row, "sample": sample, "af": best[sample],
                      "expected": truth.af(i, sample, "expected"),
                      "molecules": int(truth.table[f"{sample}:molecules"].iloc[i])}  # fmt: skip
            hits = [(passed[k], True) for k in found] or [(others[k], False) for k in stopped]
            record |= _record(hits, sample)
            per_sample.append(record)
    false = [
        _explain(ref, truth, c) for k, c in enumerate(passed)
        if k not in used and within(c.variant, truth.targets)
    ]  # fmt: skip
    columns = ["contig", "start", "ref", "alt", "kind", "cause", "counts", "filters"]
    return Score(pd.DataFrame(rows), pd.DataFrame(per_sample),
                 pd.DataFrame(false, columns=columns), truth.bases)  # fmt: skip


def _record(hits, sample) -> dict:
    """Return what the calls that describe a variant say of it in a sample."""
    if not hits:
        return {}
    # Several calls that describe one variant together: the one with the fewest molecules.
    call, passed = min(hits, key=lambda h: h[0].counts.get(sample, (0, 0))[0])
    k, n = call.counts.get(sample, (0, 0))
    return {"det": call.detected.get(sample), "called_af": call.af.get(sample, np.nan),
            "low": call.low.get(sample, np.nan), "high": call.high.get(sample, np.nan),
            "ub": call.bound.get(sample, np.nan), "lod": call.limit.get(sample, np.nan),
            "alt_count": k, "depth": n, "passed": passed}  # fmt: skip


def _explain(ref: Reference, truth: Truth, call: Call) -> dict:
    """Say what a call is that no true variant explains."""
    v = call.variant
    cause = "false"
    if describe(ref, v, [], [Call(w, True) for w in truth.inherited if _near(w, v, REACH)]):
        cause = "germline"
    elif any(w.key == v.key for w in truth.contaminant):
        cause = "contaminant"
    elif any(_near(w, v, 0) for w in truth.hidden):
        cause = "paralogue"
    elif any(_near(w, v, 10) for w in truth.somatic):
        cause = "misdescribed"
    elif any(_near(w, v, 10) for w in truth.inherited):
        cause = "near germline"
    return {"contig": v.contig, "start": v.start, "ref": v.ref, "alt": v.alt, "kind": _kind(v),
            "cause": cause, "counts": json.dumps(call.counts), "filters": call.filters}  # fmt: skip
