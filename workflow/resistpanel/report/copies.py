"""Copy number: the profile by gene, the paired ratio, purity, and the genes that changed.

Drawings: x is in per cent of the width (one step for each gene, in the order of the genome), y in
pixels, so that text keeps its size in any window.
"""

from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report.cells import sample_label
from resistpanel.report.numbers import NOTHING, in_copies, interval, percent, plain
from resistpanel.report.parts import tumors
from resistpanel.report.report_constants import NOT_ASSESSABLE

HEIGHT, ZERO, UNIT = 190, 92.0, 24.0  # px: of a profile, of log2 = 0 from the top, per unit
LIMIT = 3.0  # log2 beyond which a point is drawn at the edge
LABELS = 16  # genes named in a profile
CHARACTER = 0.9  # per cent of the width for one character of a label
NAME_GAP = 2.4  # per cent of the width between the names of two chromosomes in one row
NEAR = 2.5  # per cent of the width within which genes share a label
TONES = {
    "amplification": "up", "gain": "up", "loss": "down", "deletion": "down", "higher": "up",
    "lower": "down",
}  # fmt: skip
GRID = [("+2", 2), ("+1", 1), ("0", 0), ("\u22121", -1), ("\u22122", -2)]
#: Probability from which another purity is shown.
LEAST_SHOWN = 0.05
QUIET = ("neutral", "unchanged", None)


def y_of(log2: float) -> float:
    """Return the y of a log2 ratio."""
    return round(ZERO - UNIT * min(max(log2, -LIMIT), LIMIT), 1)


def signed(value: float | None) -> str:
    """Return a log2 ratio with its sign, two decimals."""
    return NOTHING if value is None else f"{value:+.2f}".replace("-", "\u2212")


def span(low: float | None, high: float | None) -> str:
    """Return the interval of a log2 ratio."""
    return "" if low is None or high is None else f"{signed(low)} to {signed(high)}"


def chromosomes(genes: list[dict]) -> list[dict]:
    """Return the chromosomes that genes in genomic order lie on, as bands of the drawing."""
    bands: list[dict] = []
    for i, gene in enumerate(genes):
        if not bands or bands[-1]["chrom"] != gene["chrom"]:
            bands.append({"chrom": gene["chrom"], "first": i})
        bands[-1]["last"] = i + 1
    n = max(len(genes), 1)
    # A name too near to the one before it is in a second row, so that every chromosome is named.
    low, upper = [], -NAME_GAP
    for band in bands:
        middle = 50 * (band["first"] + band["last"]) / n
        low.append(middle - upper < NAME_GAP)
        upper = upper if low[-1] else middle
    return [
        {
            "name": band["chrom"].removeprefix("chr"),
            "x": round(100 * band["first"] / n, 2),
            "w": round(100 * (band["last"] - band["first"]) / n, 2),
            "odd": k % 2 == 1,
            "low": low[k],
            "minor": (band["last"] - band["first"]) / n < 0.045,
        }
        for k, band in enumerate(bands)
    ]


def points(genes: list[dict], value: str, ends: tuple[str, str], keys: set[str]) -> list[dict]:
    """Return the points of a profile; the most telling genes carry their name."""
    drawn = []
    for i, g in enumerate(genes):
        if g[value] is None:
            continue
        low, high = (g[e] if g[e] is not None else g[value] for e in ends)
        drawn.append({
            "gene": g["gene"], "call": g["call"], "tone": TONES.get(g["call"], "same"),
            "x": round(100 * (i + 0.5) / len(genes), 2), "y": y_of(g[value]), "low": y_of(low),
            "high": y_of(high), "beyond": abs(g[value]) > LIMIT, "log2": g[value],
            "text": f"{signed(g[value])} ({span(low, high)})", "label": None,
            "expected": y_of(g["expected"]) if g.get("expected") is not None else None,
        })  # fmt: skip
    loud = [p for p in drawn if p["call"] not in QUIET or p["gene"] in keys]
    # A target outside of every gene is named by its place, as chrom:start-end: last.
    loud.sort(key=lambda p: (":" in p["gene"], p["gene"] not in keys,
                             p["call"] in ("gain", "loss"), -abs(p["log2"])))  # fmt: skip
    for rank, p in enumerate(loud):
        p["rank"] = rank
    name(sorted(loud[:LABELS], key=lambda p: p["x"]))
    return drawn


def name(loud: list[dict]) -> None:
    """Give points, ascending in x, their names; neighbours of the same tone share one label.

    Where there is no room for all, those of the first ranks have theirs.
    """
    groups: list[list[dict]] = []
    for p in loud:
        last = groups[-1][-1] if groups else None
        near = last and p["x"] - last["x"] < NEAR and abs(p["y"] - last["y"]) < 20
        if near and p["tone"] == last["tone"]:
            groups[-1].append(p)
        else:
            groups.append([p])
    taken: list[tuple[float, float, int]] = []
    for group in sorted(groups, key=lambda group: min(p["rank"] for p in group)):
        middle = group[len(group) // 2]
        # Above a gain, below a loss; moved away until it covers no other label.
        up = middle["log2"] >= 0
        y = min(p["high"] for p in group) - 7 if up else max(p["low"] for p in group) + 15
        names = [p["gene"] for p in group]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        middle["names"] = ", ".join(names[:3]) + more
        length = len(middle["names"])
        while any(
            abs(middle["x"] - x) < max(9, CHARACTER * (length + other) / 2) and abs(y - at) < 12
            for x, at, other in taken
        ):
            y += -12 if up else 12
        if not 10 <= y <= HEIGHT - 22 and taken:
            continue  # no room: the gene is in the table below
        y = min(max(y, 10), HEIGHT - 22)
        taken.append((middle["x"], y, length))
        middle["label"] = round(y, 1)
        x = middle["x"]
        middle["anchor"] = "start" if x < 12 else "end" if x > 88 else "middle"


def changed(copynumber: dict, names: list[str]) -> list[dict]:
    """Return the genes whose copies differ from the rest, in a tumour or between two."""
    by_sample = {
        n: {g["gene"]: g for g in copynumber["samples"][n]["genes"]}
        for n in names
        if n in copynumber["samples"]
    }
    by_pair = [{g["gene"]: g for g in pair["genes"]} for pair in copynumber["pairs"]]
    order = [g for genes in by_sample.values() for g in genes]
    order += [g["gene"] for pair in copynumber["pairs"] for g in pair["genes"]]
    rows = []
    for gene in dict.fromkeys(order):
        mine = [by_sample.get(n, {}).get(gene) for n in names]
        pairs = [genes.get(gene) for genes in by_pair]
        if all(g is None or g["call"] in QUIET for g in [*mine, *pairs]):
            continue
        ratios = [abs(g["log2"]) for g in mine if g and g["log2"] is not None]
        rows.append({
            "gene": gene, "chrom": next((g["chrom"] for g in mine + pairs if g), ""),
            "samples": [cell(g) for g in mine], "pairs": [paired(g) for g in pairs],
            "strength": max(ratios, default=0),
        })  # fmt: skip
    rows.sort(key=lambda r: (-r["strength"], r["gene"]))
    return rows


def assessable(gene: dict) -> bool:
    """Return whether a gene's copies are known: no interval from a loss to a gain, and no call."""
    low, high = gene.get("copies_low"), gene.get("copies_high")
    if gene["call"] not in QUIET or low is None or high is None:
        return True
    return low >= NOT_ASSESSABLE["low"] or high <= NOT_ASSESSABLE["high"]


def call_text(gene: dict, sample: dict) -> str:
    """Return a gene's call; ``not called`` where the copies differ from those of the genome."""
    low, high, genome = gene.get("copies_low"), gene.get("copies_high"), sample.get("baseline")
    if gene["call"] == "neutral" and None not in (low, high, genome) and not low <= genome <= high:
        return "not called"
    return gene["call"] or ""


def cell(gene: dict | None) -> dict:
    """Return a gene in one tumour: call, copies, log2 ratio."""
    if gene is None or gene["log2"] is None:
        return {
            "call": None,
            "tone": "unsure",
            "copies": "",
            "log2": "no usable target",
            "loh": False,
        }
    copies = ""
    known = assessable(gene)
    if not known:
        low, high = in_copies(gene["copies_low"]), in_copies(gene["copies_high"])
        copies = f"not assessable ({low}–{high} copies)"
    elif gene["copies"] is not None:
        copies = f"{in_copies(gene['copies'])} copies"
        if gene.get("copies_low") is not None:
            copies += f" ({in_copies(gene['copies_low'])}–{in_copies(gene['copies_high'])})"
    if gene.get("partial"):
        copies = part(gene["partial"], gene["targets"])
    return {
        "call": gene["call"] if known else None,
        "tone": TONES.get(gene["call"], "same") if known else "unsure", "copies": copies,
        "log2": f"log2 {signed(gene['log2'])} ({span(gene['log2_low'], gene['log2_high'])})",
        "loh": gene.get("loh") is True,
    }  # fmt: skip


def part(partial: dict, targets: int) -> str:
    """Return which targets of a gene have no copy, in words."""
    first, last = partial["first"], partial["last"]
    where = f"targets {first} to {last} of {targets}"
    if partial["probability"] is None:
        where = f"part of {where}"
    return f"no copy of {where}"


def paired(gene: dict | None) -> dict:
    """Return a gene's ratio of the later to the earlier tumour."""
    if gene is None or gene["log2_ratio"] is None:
        return {"call": None, "tone": "unsure", "log2": "no usable target", "q": ""}
    q = gene.get("q")
    return {
        "call": gene["call"], "tone": TONES.get(gene["call"], "same"),
        "log2": f"{signed(gene['log2_ratio'])} ({span(gene['low'], gene['high'])})",
        "q": "" if q is None else ("q < 0.001" if q < 0.001 else f"q {q:.3f}"),
    }  # fmt: skip


def copies(report: dict) -> dict | None:
    """Return the copy-number section, or None when copy number was not analysed."""
    copynumber = report["copynumber"]
    if copynumber is None:
        return None
    names = [s["sample"] for s in tumors(report)]
    labels = {s["sample"]: sample_label(s) for s in tumors(report)}
    keys = {t for d in report["resist"]["drugs"] for t in d["targets"]}
    keys |= {f["gene"] for f in report["resist"]["findings"] if f["effect"] == "known"}
    profiles = []
    for name in names:
        sample = copynumber["samples"].get(name)
        if sample and sample["genes"]:
            calls = [g["call"] for g in sample["genes"]]
            profiles.append({
                "title": labels[name], "kind": "sample", "bands": chromosomes(sample["genes"]),
                "points": points(sample["genes"], "log2", ("log2_low", "log2_high"), keys),
                "tally": [(c, calls.count(c)) for c in dict.fromkeys(calls) if c],
                "genes": len(calls), "called": any(calls),
            })  # fmt: skip
    for pair in copynumber["pairs"]:
        if pair["genes"]:
            title = {"name": f"{pair['post']} against {pair['pre']}", "note": "paired ratio"}
            calls = [g["call"] for g in pair["genes"]]
            profiles.append({
                "title": title, "kind": "pair", "bands": chromosomes(pair["genes"]),
                "points": points(pair["genes"], "log2_ratio", ("low", "high"), keys),
                "tally": [(c, calls.count(c)) for c in dict.fromkeys(calls) if c],
                "genes": len(calls), "called": any(calls),
            })  # fmt: skip
    purity = [
        {"sample": labels[n], "text": purity_text(copynumber["samples"][n].get("purity")),
         "genome": at_large(copynumber["samples"][n]),
         "source": (copynumber["samples"][n].get("purity") or {}).get("source") or ""}
        for n in names if n in copynumber["samples"]
    ]  # fmt: skip
    parts = [
        {"sample": labels[n], "text": parts_text(copynumber["samples"][n]["least_deleted"])}
        for n in names
        if "least_deleted" in copynumber["samples"].get(n, {})
    ]
    return {
        "reference": copynumber.get("reference"),
        "profiles": profiles,
        "height": HEIGHT,
        "zero": ZERO,
        "grid": [(text, y_of(v)) for text, v in GRID],
        "samples": [labels[n] for n in names],
        "pairs": [f"{p['post']} against {p['pre']}" for p in copynumber["pairs"]],
        "rows": changed(copynumber, names),
        "purity": purity,
        "parts": parts,
    }


def parts_text(least: int | None) -> str:
    """Return the size from which homozygous deletions within a gene are found."""
    if least is None:
        return "the whole gene only"
    return f"{least} neighbouring targets"


def at_large(sample: dict) -> str:
    """Return the copies of the genome at large in words, or nothing where they are the usual 2.

    Without it ``3.8 copies, neutral`` could not be understood.
    """
    baseline = sample.get("baseline")
    if baseline in (None, 2):
        return ""
    # Twice the copies at a lower purity give nearly the same depths and balances.
    first, *others = (sample.get("purity") or {}).get("alternatives") or [None]
    unsure = any(
        one["probability"] >= LEAST_SHOWN and one["baseline"] != baseline for one in others
    )
    chance = f" (probability {plain(first['probability'], 2)})" if first and unsure else ""
    return f"genome at {_copies(baseline)}{chance}"


def _copies(number: int) -> str:
    return f"{number} cop{'y' if number == 1 else 'ies'}"


def purity_text(purity: dict | None) -> str:
    """Return a purity with its interval, or that it cannot be told."""
    if not purity or purity["value"] is None:
        return "could not be estimated"
    text = percent(purity["value"])
    if purity["low"] is not None and purity["high"] is not None:
        text += f" ({interval(purity['low'], purity['high'])})"
    others = [
        f"{percent(one['value'])} with the genome at {_copies(one['baseline'])} "
        f"(probability {plain(one['probability'], 2)})"
        for one in purity.get("alternatives", ())[1:]
        if one["probability"] >= LEAST_SHOWN
    ]
    return text + (f", not unique: or {' or '.join(others)}" if others else "")


def identity(report: dict) -> list[dict]:
    """Return what was found on identity, sex, contamination and tumour in normal."""
    copynumber = report["copynumber"]
    if copynumber is None or "identity" not in copynumber:
        return []
    rows = []
    found = copynumber["identity"]
    sexes = {n: s["sex"] for n, s in found["sex"]["samples"].items()}
    for sample in report["compare"]["samples"]:
        name = sample["sample"]
        rows.append({
            "sample": sample_label(sample),
            "person": "not of this patient" if name in found["mismatched"] else
            "agrees with the others" if any(
                name in (a["first"], a["second"]) and a["same"] for a in found["agreement"]
            ) else "could not be determined",
            "bad": name in found["mismatched"],
            "sex": sexes.get(name) or "could not be determined",
            "contamination": foreign(copynumber["contamination"].get(name)),
            "leak": foreign(copynumber["tumor_in_normal"].get(name))
            if sample["role"] in TUMOR_ROLES else "",
        })  # fmt: skip
    return rows


def foreign(estimate: dict | None) -> str:
    """Return a contamination, or the bound below which it lies."""
    if estimate is None or estimate["found"] is None or estimate["high"] is None:
        return "could not be determined"
    if estimate["found"]:
        return f"{percent(estimate['value'])} ({interval(estimate['low'], estimate['high'])})"
    return f"none found, below {percent(estimate['high'])}"
