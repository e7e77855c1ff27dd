"""Writes docs/validation/assays.md from the scores that are kept."""

import json
import subprocess
from pathlib import Path

import pandas as pd

from benchmarks.bed import assay as assays
from benchmarks.bed import copies, genome, peers, report, statistics
from benchmarks.bed.molecules import Amplicons

# Amplicons are called twice.
WITH_PRIMERS, WITHOUT_PRIMERS = "primers given", "primers unknown"
EARLIER = "earlier"  # another version of the caller
PAGE = genome.ROOT / "docs" / "validation" / "assays.md"
HEAD = """\
# Assays: the second simulator

These results are from the second simulator, which has no code and few assumptions in common with
the caller or the first simulator ([description](../../benchmarks/README.md#the-second-simulator)).
Shortfalls are reported without correction. Recall is by the highest AF among the tumours, where AF
is that of the molecules drawn; fractions have 95 % intervals (Wilson). Calls are compared as
haplotypes. A call that is not a true variant is `false`, `misdescribed` (within 10 bases of a true
one), `germline`, `near germline`, `contaminant` or `paralogue` (in a region of which the genome has
a copy that is not in the reference). Values of AF, intervals and UB exclude such regions. Each row
has few variants and mostly one patient, so the intervals are important. The rows small-panel-alone,
duplex-material and duplex-hotspots were added to provoke failures, after easier data of their kind
had shown none: they are stress tests, not estimates of typical accuracy. Assays of one family
and seed have the same patient: `duplex`, `simplex`, `duplex-fgbio`; `ffpe`, `oxidation`,
`short-inserts`, `contaminated`, `replicates`.

## All assays
"""
COMPARED = ("assay", "variants (AF 1 % and above)", "n", "first", "second", "found by both",
            "by the first alone", "by the second alone", "difference (95 %)", "p")  # fmt: skip


def results(name: str, caller: str) -> tuple[dict, pd.DataFrame, pd.DataFrame, pd.DataFrame] | None:
    """Return facts and tables of an assay and caller, None if it was not run."""
    folder = genome.WORK / "results" / name / caller
    if not (folder / "facts.json").exists():
        return None
    facts = json.loads((folder / "facts.json").read_text())
    tables = [
        pd.read_csv(folder / f"{t}.tsv", sep="\t", keep_default_na=False, dtype={"cause": str},
                    na_values={c: [""] for c in ("det", "lod", "ub", "low", "high", "called_af",
                                                 "af", "max_af", "expected")})
        for t in ("variants", "samples", "false")
    ]  # fmt: skip
    tables[1]["det"] = (
        tables[1]
        .get("det", pd.Series(dtype=object))
        .map({"True": True, "False": False, True: True, False: False})
    )
    for table in tables[:2]:
        table["copied"] = _copied(name, table)
    return facts, *tables


def _copied(name: str, table: pd.DataFrame) -> list[bool]:
    """Return whether each variant lies where the genome has a copy that the reference lacks."""
    of = assays.ASSAYS[name].of or name
    places: dict[tuple, list[int]] = {}
    for seed in table.seed.unique():
        path = genome.WORK / f"{of}-{seed}" / "artefacts.tsv"
        for row in pd.read_csv(path, sep="\t").itertuples():
            places.setdefault((seed, row.contig), []).append(row.start)
    return [
        any(abs(start - at) <= NEAR_COPY for at in places.get((seed, contig), ()))
        for seed, contig, start in zip(table.seed, table.contig, table.start, strict=True)
    ]


def figures(name: str, caller: str, panel: str | None = None) -> dict[str, str]:
    """Return the main figures; ``panel`` is the start of the labels of small panels."""
    facts, variants, samples, false = results(name, caller)
    bases = facts["bases"]
    if panel is not None:
        variants, samples, false = (t[t.panel.astype(str).str.startswith(panel)]
                                    for t in (variants, samples, false))  # fmt: skip
        of = facts["bases by panel"]
        bases = sum(n for label, n in of.items() if label.startswith(panel))
    return report.main_figures(variants, samples, false, bases)


def panels_of(name: str, caller: str = "resistpanel") -> list:
    """Return the starts of the labels that an assay's runs have, ``[None]`` for a single run."""
    if name.startswith("small-panel"):
        return ["all targets", "300 ", "1000 ", "3000 "]
    if isinstance(assays.ASSAYS[name].sampling, Amplicons):
        return [WITH_PRIMERS, WITHOUT_PRIMERS] if caller == "resistpanel" else [WITHOUT_PRIMERS]
    return [None]


def why_missed(name: str, caller: str, panel: str | None = None) -> str:
    """Return which filters stopped variants; ``panel`` as of `figures`."""
    variants = results(name, caller)[1]
    return report.missed(
        variants if panel is None else variants[variants.panel.astype(str).str.startswith(panel)]
    )


def _keyed(variants: pd.DataFrame) -> pd.Series:
    at = variants[variants.max_af >= 0.01]
    key = at.seed.astype(str) + at.contig + at.start.astype(str) + at.ref + ">" + at.alt
    return pd.Series(at.found.astype(bool).to_numpy(), index=key)


def _compare(label, first, second, a: pd.Series, b: pd.Series) -> list:
    a, b = a[~a.index.duplicated()], b[~b.index.duplicated()]
    common = a.index.intersection(b.index)
    found = statistics.paired(a[common], b[common])
    return [label, "all kinds", len(common), first, second, found.both, found.first, found.second,
            f"{found.difference:+.1%} ({found.low:+.1%} to {found.high:+.1%})",
            f"{found.p:.2g}"]  # fmt: skip


def _meant(variants: pd.DataFrame, shortest: int) -> pd.DataFrame:
    """Return the variants that a program is made for: indels of so many bases, all for 0."""
    size = (variants.ref.str.len() - variants.alt.str.len()).abs()
    return variants[size >= shortest]


def comparisons(name: str) -> list[list]:
    """Compare resistpanel with every peer that was run, at the same variants."""
    rows, ours = [], results(name, "resistpanel")
    for peer, program in peers.PEERS.items():
        theirs = results(name, peer)
        if ours and theirs:
            both = (_keyed(_meant(t[1], program.shortest)) for t in (ours, theirs))
            row = _compare(name, "resistpanel", peer, *both)
            if program.shortest:
                row[1] = f"indels of {program.shortest} bases and above"
            rows.append(row)
    return rows


def settings() -> list[list]:
    """Compare the same data with and without what an assay leaves out."""
    rows = []
    for name, assay in assays.ASSAYS.items():
        mine, whole = results(name, "resistpanel"), results(assay.of, "resistpanel")
        if not assay.of or not mine:
            continue
        if name.startswith("small-panel"):
            full = _keyed(mine[1][mine[1].panel == "all targets"])
            for bases in (300, 1000, 3000):
                part = mine[1][mine[1].panel.str.startswith(f"{bases} ")]
                rows.append(_compare(name, f"{bases} bases", "all targets", _keyed(part), full))
        elif whole and mine[0]["seeds"] == whole[0]["seeds"]:
            rows.append(_compare(name, name, assay.of, _keyed(mine[1]), _keyed(whole[1])))
    return rows


NEAR_COPY = 200  # bases; the copy differs from the region in every 25th
FIRST = genome.ROOT / "docs" / "validation" / "accuracy_tables.tsv"
# What both simulators measure on capture with a normal: the first one's row, and kinds and AF here.
# Its AFs are 1, 2, 5 % and so on, these are whatever the molecules give: AF 1 % is 0.8 to 1.25 %.
BOTH = (
    ("SNV recall at AF 1 %", ("SNV",), 0.008, 0.0125),
    ("SNV recall at AF 2 %", ("SNV",), 0.016, 0.025),
    ("SNV recall at AF 5 %", ("SNV",), 0.04, 0.0625),
    ("SNV recall at AF 10 % and above", ("SNV",), 0.08, 2.0),
    ("MNV recall at AF 5 % and above", ("MNV",), 0.04, 2.0),
    ("COMPLEX recall at AF 5 % and above", ("COMPLEX",), 0.04, 2.0),
    ("indel and duplication (1-60) recall at AF 5 % and above", ("INS", "DEL", "DUP"), 0.04, 2.0),
)


BOTH_HEAD = """\
## Capture with a normal: both simulators

The first simulator's default run ([accuracy](accuracy.md)) and `capture` here; p by Fisher's exact
test, of rates by the conditional binomial test. Present or absent differs over all calls, for a
clone here can have any number of molecules in a sample, one or two of them too; the least AF there
is 0.5 %. The row after it excludes what is below the stated LOD. SNVs, MNVs and indels are of
`capture` and `capture-low`, the last three rows of `capture`. The first simulator has about the
same depth everywhere; here the first exons of high GC have some 50 to 100 molecules, of which 2 %
are one or two.
"""


def captured() -> pd.DataFrame:
    """Return the variants of capture with a normal, those of low AF among them."""
    kept = [results(name, "resistpanel") for name in ("capture", "capture-low")]
    return pd.concat([k[1] for k in kept if k], ignore_index=True)


LOST_HEAD = """\
SNVs at AF 1.6 to 2.5 % that were not called, one by one: molecules with the variant and in all, in
the sample where its AF is highest; the nearest other true or inherited variant, in bases.
"""


def lost_at_two_percent() -> str:
    """Return each SNV of about 2 % that was not called, as Markdown."""
    rows = []
    for name in ("capture", "capture-low"):
        kept = results(name, "resistpanel")
        if not kept:
            continue
        lost = kept[1]
        lost = lost[(lost.kind == "SNV") & lost.max_af.between(0.016, 0.025, "left")]
        for v in lost[~lost.found.astype(bool)].itertuples():
            folder = genome.WORK / f"{name}-{v.seed}"
            truth = pd.read_csv(folder / "truth.tsv", sep="\t", keep_default_na=False)
            known = pd.read_csv(folder / "inherited.tsv", sep="\t", keep_default_na=False)
            at = truth[(truth.contig == v.contig) & (truth.start == v.start)].iloc[0]
            sample = max(("pre", "post"), key=lambda s: float(at[f"{s}:af"] or 0))
            near = [abs(x - v.start) for t in (truth, known)
                    for x in t[t.contig == v.contig].start if x != v.start]  # fmt: skip
            place = f"{v.contig}:{v.start + 1} {v.ref}>{v.alt}"
            rows.append([name, v.seed, place, f"{v.max_af:.2%}",
                         f"{at[f'{sample}:molecules']} of {at[f'{sample}:depth']}", min(near),
                         "yes" if v.copied else "no", v.stopped or "no record"])  # fmt: skip
    head = ["assay", "seed", "SNV", "AF", "molecules", "nearest", "copy that the reference lacks",
            "filter"]  # fmt: skip
    return LOST_HEAD + "\n" + (report.table(rows, head) if rows else "None.\n")


def agreement() -> list[list]:
    """Compare the capture assay with the first simulator: shares, and Fisher's exact p."""
    facts, _, samples, false = results("capture", "resistpanel")
    variants = captured()
    first = pd.read_csv(FIRST, sep="\t")
    first = first[(first.run == "default") & (first.caller == "resistpanel")].set_index("figure")
    pairs = []
    for name, kinds, low, high in BOTH:
        row = first.loc[name]
        here = variants[variants.kind.isin(kinds) & variants.max_af.between(low, high, "left")]
        pairs.append((name, round(row.value * row.n), int(row.n), int(here.found.sum()), len(here)))
    det = samples[samples.det.notna() & samples.found.astype(bool)]
    right = int((det.det.astype(bool) == (det.molecules > 0)).sum())
    sure = det[(det.molecules == 0) | (det.af >= det.lod)]
    certain = int((sure.det.astype(bool) == (sure.molecules > 0)).sum())
    for name, k, n in (
        ("present/absent right, every call and tumour", right, len(det)),
        ("present/absent right, where absent or at the LOD and above", certain, len(sure)),
    ):
        row = first.loc[name]
        pairs.append((name, round(row.value * row.n), int(row.n), k, n))
    rows = []
    for name, k, n, a, b in pairs:
        p = statistics.fisher(k, n, a, b)
        rows.append([name, report.share(k, n), report.share(a, b), f"{p:.2g}"])
    wrong = int((false.cause != "germline").sum())
    k, mb, here = 1, 0.673, facts["bases"] / 1e6
    rows.append(["calls that are no true variant", f"{k} in {mb} Mb", f"{wrong} in {here:.3f} Mb",
                 f"{statistics.poisson_ratio(k, mb, wrong, here):.2g}"])  # fmt: skip
    return rows


def commit_of(seed: int) -> str | None:
    """Return the commit from whose hash a seed was drawn, None if there is none."""
    done = subprocess.run(["git", "rev-parse", "--verify", "--quiet", f"{seed:07x}^{{commit}}"],
                          cwd=genome.ROOT, capture_output=True, text=True)  # fmt: skip
    return f"{seed:07x}" if done.returncode == 0 else None


WANTED = {  # of the same figures as those of the first simulator
    "SNV found, AF 1 to 2 %": 0.90,
    "SNV found, AF 2 to 5 %": 0.97,
    "SNV found, AF 5 % and above": 0.99,
    "MNV, complex found, AF 5 % and above": 0.97,
    "indel found, AF 5 % and above": 0.95,
    "not detected where absent": 0.99,
    "detected at the LOD and above": 0.95,
    "records with a LOD": 0.99,
    "95 % interval holds the molecules' AF": 0.95,
    "95 % interval holds the tissue's AF": 0.95,
    "UB at or above the tissue's AF": 0.93,
}


SHORT_HEAD = """\
## Shortfalls

Metrics whose interval is below the target, and false calls. An assay may be missing from this list
because it has too few variants.
"""
# Four molecules without an error are no chance where a base errs once in a million.
RARE_FIGURE = f"all kinds below AF 1 %, {report.ENOUGH} molecules or more, found"
RARE = {RARE_FIGURE: 0.95}


def shortfalls(name: str, caller: str = "resistpanel", panel: str | None = None) -> list[str]:
    """Return figures whose 95 % interval lies below what is wanted, and false calls."""
    found = figures(name, caller, panel)
    out = []
    wanted_here = dict(WANTED)
    if assays.ASSAYS[name].chemistry.consensus:
        wanted_here |= RARE
    for figure, wanted in wanted_here.items():
        text = found.get(figure, "")
        if text:
            k, n = map(int, text.split(" = ")[0].split("/"))
            if statistics.wilson(k, n)[1] < wanted:
                out.append(f"{figure}: {text}, target {wanted:.0%}")
    if found["false calls by cause"] != "none":
        out.append(f"calls that are no true variant: {found['false calls by cause']}")
    return out


def _section(name: str, caller: str) -> str:
    facts, variants, *_ = results(name, caller)
    seeds = facts["seeds"]
    fresh = commit_of(seeds[0])
    which = f"fresh, of commit {fresh}" if fresh else "chosen"
    options = f" --seed {seeds[0]}" + (f" --patients {len(seeds)}" if len(seeds) > 1 else "")
    what = facts["what"][0].upper() + facts["what"][1:]
    lines = [f"## {name}\n", f"{what}. Seed {seeds[0]} ({which}), "
             f"{len(seeds)} patient{'s' * (len(seeds) > 1)}; "
             f"{facts['caller']}. Made by "
             f"`python -m benchmarks.bed {name}{options}`.\n"]  # fmt: skip
    parts = panels_of(name)
    if len(parts) > 1:
        columns = {p.strip() + (" bases" if p[0].isdigit() else ""): figures(name, caller, p)
                   for p in parts}  # fmt: skip
        rows = [[key, *(c.get(key, "") for c in columns.values())] for key in columns[parts[0]]]
        lines.append(report.table(rows, ["figure", *columns]))
    else:
        lines.append(report.table(figures(name, caller).items(), ["figure", "value"]))
        lines.append(report.table(report.recall(variants), ["variants", "AF in %", "found"]))
    lines.append(f"Not called at AF 1 % and above, by filter: {report.missed(variants)}.\n")
    return "\n".join(lines)


SUMMARY = {  # column: figure
    "SNV 1 to 2 %": "SNV found, AF 1 to 2 %",
    "SNV 2 to 5 %": "SNV found, AF 2 to 5 %",
    "SNV 5 % and above": "SNV found, AF 5 % and above",
    "indel 5 % and above": "indel found, AF 5 % and above",
    "calls that are no true variant": "false calls by cause",
    "not detected where absent": "not detected where absent",
    "interval holds AF": "95 % interval holds the molecules' AF",
}


def _label(name: str, panel: str | None) -> str:
    return name if panel is None else f"{name}, {panel.strip()}" + " bases" * panel[0].isdigit()


def _measured(caller: str = "resistpanel") -> list[str]:
    return [name for name in assays.ASSAYS if results(name, caller)]


def _summary(caller: str) -> str:
    rows = []
    for name in _measured(caller):
        for panel in panels_of(name, caller)[:2]:
            found = figures(name, caller, panel)
            rows.append([_label(name, panel), *(found.get(f, "") for f in SUMMARY.values())])
    return report.table(rows, ["assay", *SUMMARY])


def _source(caller: str) -> str:
    """Return the versions and seeds that a caller's results are of."""
    facts = [results(name, caller)[0] for name in _measured(caller)]
    versions = sorted({f["caller"] for f in facts})
    seeds = sorted({f["seeds"][0] for f in facts})
    return f"{' and '.join(versions)}; first seeds {', '.join(map(str, seeds))}"


FIRST_RUN = genome.ROOT / "docs" / "validation" / "assays_first_run.tsv"
FIRST_RUN_OF = "commit da2003f, seed 70486430"
# What the earlier caller failed at: the assay and the figure that shows it, and the panels.
FAILURES = (
    ("consensus reads, small panel", "duplex-hotspots", "SNV found, AF 2 to 5 %", None),
    ("consensus reads, small panel", "duplex-material", "SNV found, AF 2 to 5 %", None),
    ("consensus reads", "duplex", RARE_FIGURE, None),
    ("small panel, with a normal", "small-panel-dense", "SNV found, AF 2 to 5 %", "300 "),
    ("small panel, no normal", "small-panel-alone", "SNV found, AF 2 to 5 %", "300 "),
    ("amplicons, primers unknown", "amplicon", "SNV found, AF 5 % and above", WITHOUT_PRIMERS),
    ("amplicons, primers unknown", "amplicon", "95 % interval holds the tissue's AF",
     WITHOUT_PRIMERS),
    ("no normal", "tumour-only", "SNV found, AF 5 % and above", None),
    ("no normal, one tumour", "one-tumour", "SNV found, AF 5 % and above", None),
    ("overdispersed replicates", "replicates", "95 % interval holds the tissue's AF", None),
    ("families of reads", "umi", "95 % interval holds the tissue's AF", None),
)  # fmt: skip


FAILURES_HEAD = """\
## Failures of the earlier caller

The first run of the bed ({first}) and the same caller (commit da2003f) on the patients of the table
above, compared with the current one. `duplex-hotspots` shows why real reference material was called
worse than easier forms of it: below AF 5 % an allele was counted as an error, and a panel
of 2,300 bases has few other errors; from 5 % on it was found. `duplex-material` is at about 5 %,
and `duplex` and the small panels with a normal have few variants between 1 and 5 % on few bases.
Rows without a value were not run.
"""


def _failures() -> str:
    first = pd.read_csv(FIRST_RUN, sep="\t", keep_default_na=False)
    first = {(r.assay, r.panel, r.figure): r.value for r in first.itertuples()}
    rows = []
    for what, name, figure, panel in FAILURES:
        now = figures(name, "resistpanel", panel) if results(name, "resistpanel") else {}
        before = figures(name, EARLIER, panel) if results(name, EARLIER) else {}
        bases = f"{panel.strip()} bases" if panel and panel[0].isdigit() else ""
        rows.append([what, _label(name, panel), figure, first.get((name, bases, figure), ""),
                     before.get(figure, ""), now.get(figure, "")])  # fmt: skip
    head = ["failure", "assay", "figure", FIRST_RUN_OF, "commit da2003f, same patients", "present"]
    return FAILURES_HEAD.format(first=FIRST_RUN_OF) + "\n" + report.table(rows, head)


def _earlier() -> str:
    rows = [
        _compare(name, "resistpanel", EARLIER, *(_keyed(results(name, c)[1]) for c in pair))
        for pair in [("resistpanel", EARLIER)]
        for name in _measured(EARLIER)
        if results(name, "resistpanel")
    ]
    rows = [row for row in rows if row[2]]  # of other patients there are no pairs
    return "\n".join([
        "### The earlier caller on the same reads\n", f"{_source(EARLIER)}.\n", _summary(EARLIER),
        "Paired, at the same variants:\n", report.table(rows, COMPARED),
    ])  # fmt: skip


def _shortfalls() -> str:
    lines = []
    for name in _measured():
        for panel in panels_of(name):
            found = shortfalls(name, panel=panel)
            lines += [f"- {_label(name, panel)}: {line}" for line in found]
    return SHORT_HEAD + "\n" + "\n".join(lines) + "\n"


def _programs() -> str:
    parts = ["## Other programs\n\n" + peers.describe()]
    against = [row for name in _measured() for row in comparisons(name)]
    if against:
        parts.append(report.table(against, COMPARED))
    rows = []
    for name in _measured():
        for peer in peers.PEERS:
            kept = results(name, peer)
            if kept:
                f = figures(name, peer)
                cpu = kept[0].get("CPU to call and score", "")
                rows.append([name, kept[0]["caller"], f["SNV found, AF 1 to 2 %"],
                             f["SNV found, AF 5 % and above"], f["indel found, AF 5 % and above"],
                             f["false calls by cause"], cpu])  # fmt: skip
    if rows:
        parts.append(report.table(rows, ["assay", "program", "SNV 1 to 2 %", "SNV 5 % and above",
                                         "indel 5 % and above", "calls that are no true variant",
                                         "CPU s"]))  # fmt: skip
    return "\n".join([*parts, copies.page()])


COST_HEAD = """\
## CPU seconds

User and system time of all processes, for the patients named below: what `python -m benchmarks.bed
ASSAY` takes where nothing is kept from before, calls and scores included. No part waits for
anything but its own work, so an assay takes at most so many seconds, and fewer on two cores, of
which bwa uses both. The limit is 600.
"""


def _cost() -> str:
    rows = []
    for name in _measured():
        facts = results(name, "resistpanel")[0]
        if "CPU to simulate" not in facts:
            continue
        make, call = facts["CPU to simulate"], facts["CPU to call and score"]
        n = len(facts["seeds"])
        rows.append([name, assays.ASSAYS[name].of or name, n, f"{make / n:.0f}", f"{call / n:.0f}",
                     f"{(make + call) / n:.0f}"])  # fmt: skip
    head = ["assay", "reads of", "patients", "to make one", "to call and score it", "in all"]
    return COST_HEAD + "\n" + report.table(rows, head)


def write(path: Path = PAGE) -> Path:
    """Write the page from all results that are kept."""
    parts = [HEAD, f"{_source('resistpanel')}.\n", _summary("resistpanel")]
    if _measured(EARLIER):
        parts += [_failures(), _earlier()]
    parts.append(_shortfalls())
    if "capture" in _measured():
        parts.append(BOTH_HEAD)
        parts.append(report.table(agreement(), ["figure", "first simulator", "second", "p"]))
        parts.append(lost_at_two_percent())
    if settings():
        parts.append("## The same reads with fewer targets or without a normal\n\nCalls of the "
                     "same variants in the same reads.\n")  # fmt: skip
        parts.append(report.table(settings(), COMPARED))
    parts += [_programs(), _cost(), *(_section(name, "resistpanel") for name in _measured())]
    depth_page = genome.WORK / "results" / "depths.md"
    if depth_page.exists():
        parts.append(depth_page.read_text())
    path.write_text("\n".join(parts))
    return path
