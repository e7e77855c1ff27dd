"""Somatic or germline without a normal: alleles of simulated patients with copy-number changes.

    python -m benchmarks.allele_origin --seed N --patients 60 --publish

Depths and counts are drawn on all targets of panels/cancer138 (`copynumber_patients.py`), with one
tumour or two, purity 0.2 to 0.9. What the model does not have is drawn too: reference bias of each
site (sd 0.1 logit, mean 0.05), 0.3 % of the heterozygous sites with a bias of 1 logit (mapping),
overdispersion from 0.0003 to 0.003, subclonal copy-number changes, a second clone, doubled genomes,
short arms. Every patient is judged with a germline resource and without, with a pool of normals for
depth and without. Counted are somatic alleles with 5 fragments and an AF of 2 % in a sample.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.copynumber_page import table
from benchmarks.copynumber_patients import ERROR, MODERN, Panel, Tumor
from resistpanel.copynumber.allele_counts import Sites
from resistpanel.copynumber.bins import gene_spans
from resistpanel.copynumber.origin import Known, find_origins, value_of, without_depth
from resistpanel.copynumber.ratios import gene_ratios, target_ratios

PAGE = Path(__file__).resolve().parents[1] / "docs" / "validation" / "origin.md"
HET_PER_KB, HOM_PER_KB = 0.7, 0.4
#: Of inherited alleles: listed at a common frequency, at a rare one, not listed by the resource.
LISTED = (0.75, 0.245, 0.005)
#: Of somatic alleles: those that the resource lists, at up to 1e-4.
SOMATIC_LISTED = 0.03
PURITY = (0.2, 0.9)
POOL = 6
#: (copies, of the rarer haplotype) of changed arms, by the copies of most of the genome.
ARMS = {
    2: ((1, 0), (3, 1), (2, 0), (4, 1), (1, 0), (3, 1), (3, 0)),
    3: ((2, 1), (2, 0), (4, 2), (1, 0), (4, 1)),
    4: ((3, 1), (2, 0), (2, 1), (5, 2), (4, 0), (6, 2)),
}
USUAL = {2: (2, 1), 3: (3, 1), 4: (4, 2)}


@dataclasses.dataclass
class Drawn:
    """One patient: counts, what is known of the alleles, and which are somatic."""

    panel: Panel
    sites: Sites
    known: Known
    somatic: np.ndarray
    tumors: dict[str, Tumor]
    coverage: dict
    pool: list


def arms(panel: Panel) -> list[list[str]]:
    """Return the autosomal genes by arm: each chromosome's genes in two parts."""
    found: dict[str, list[str]] = {}
    for name, rows in gene_spans(panel.bins):
        if name in panel.autosomal:
            found.setdefault(str(panel.bins.chrom[rows[0]]), []).append(name)
    parts = []
    for members in found.values():
        cut = (len(members) + 1) // 3
        parts += [part for part in (members[:cut], members[cut:]) if part]
    return parts


def draw_copies(rng: np.random.Generator, panel: Panel, baseline: int) -> dict[str, tuple]:
    """Return the copies of all autosomal genes in a founder clone."""
    copies = dict.fromkeys(panel.autosomal, USUAL[baseline])
    parts = arms(panel)
    for i in rng.permutation(len(parts))[: int(rng.integers(3, len(parts) // 2))]:
        state = ARMS[baseline][int(rng.integers(len(ARMS[baseline])))]
        copies |= dict.fromkeys(parts[i], state)
    for gene in rng.choice(panel.autosomal, 4, replace=False):
        copies[str(gene)] = ((int(rng.integers(6, 20)), 1), (0, 0))[int(rng.random() < 0.4)]
    return copies


def later_copies(rng: np.random.Generator, panel: Panel, copies: dict, baseline: int) -> dict:
    """Return the copies of a second tumour: two arms have changed further."""
    found, parts = dict(copies), arms(panel)
    for i in rng.permutation(len(parts))[:2]:
        total, minor = ARMS[baseline][int(rng.integers(len(ARMS[baseline])))]
        for gene in parts[i]:
            if found[gene][1] >= minor and found[gene][0] <= 8:
                found[gene] = (total, minor)
    return found


def subclonal(rng: np.random.Generator, panel: Panel, copies: dict) -> dict[str, tuple]:
    """Return mean copies where one arm is changed in part of the cells."""
    found, parts = dict(copies), arms(panel)
    part, cells = parts[int(rng.integers(len(parts)))], rng.uniform(0.3, 0.7)
    for gene in part:
        total, minor = copies[gene]
        if total <= 4 and minor >= 1:
            found[gene] = (total - cells, minor - cells)
    return found


def _inherited(rng: np.random.Generator, panel: Panel) -> list[dict]:
    """Draw inherited alleles: gene, copies, haplotype, population frequency, bias."""
    rows = []
    for gene, members in gene_spans(panel.bins):
        if gene not in panel.autosomal:
            continue
        kb = panel.bins.length[members].sum() / 1000
        for rate, copies in ((HET_PER_KB, 1), (HOM_PER_KB, 2)):
            for _ in range(rng.poisson(rate * kb)):
                kind = rng.choice(3, p=LISTED)
                q = (rng.uniform(0.01, 0.9), 10 ** rng.uniform(-5, -2), np.nan)[kind]
                bias = rng.normal(0.05, 0.1) + (1.0 if rng.random() < 0.003 else 0.0)
                rows.append({"gene": gene, "copies": copies, "side": rng.random() < 0.5, "q": q,
                             "bias": bias, "snv": rng.random() < 0.9})  # fmt: skip
    return rows


def _mutations(rng: np.random.Generator, panel: Panel, copies: dict, names: list[str]) -> list:
    """Draw somatic alleles: gene, mutated copies by tumour, population frequency, bias."""
    megabases = panel.bins.length.sum() / 1e6
    number = rng.poisson(np.exp(rng.uniform(np.log(5), np.log(60))) * megabases) + 2
    sizes = np.array([(panel.bins.gene == g).sum() for g in panel.autosomal])
    rows = []
    for _ in range(number):
        gene = str(rng.choice(panel.autosomal, p=sizes / sizes.sum()))
        total, minor = copies[gene]
        if not total:
            continue
        early, clone = rng.random() < 0.4, rng.random()
        copied = (total - minor if rng.random() < 0.8 else max(minor, 1)) if early else 1
        mean = {}
        for i, name in enumerate(names):
            cells = 1.0
            if clone > 0.6:
                cells = rng.uniform(0.1, 0.9) if rng.random() < 0.7 else 0.0
            if clone > 0.9:  # acquired, or lost
                cells = float(i == 0) if clone > 0.97 else float(i > 0)
            mean[name] = cells * (copied if clone <= 0.6 else 1)
        q = 10 ** rng.uniform(-5.3, -4) if rng.random() < SOMATIC_LISTED else np.nan
        rows.append({"gene": gene, "mutated": mean, "q": q, "bias": rng.normal(0.05, 0.1),
                     "snv": rng.random() < 0.9})  # fmt: skip
    return rows


def frequency(row: dict, tumor: Tumor, name: str) -> float:
    """Return the expected AF of an allele in a tumour."""
    if "mutated" in row:
        total, _ = tumor.copies[row["gene"]]
        f = tumor.purity * min(row["mutated"][name], total) / max(tumor.amount(row["gene"]), 1e-9)
    elif row["copies"] == 2:
        return 1.0
    else:
        rarer = tumor.rarer(row["gene"])
        f = rarer if row["side"] else 1 - rarer
    return f / (f + (1 - f) * np.exp(row["bias"])) if 0 < f < 1 else f


def draw(seed: Sequence[int], tumors: int, depth: float = 500) -> Drawn:
    """Draw a patient."""
    rng = np.random.default_rng(list(seed))
    panel = Panel(rng, dataclasses.replace(MODERN, depth=depth))
    baseline = int(rng.choice([2, 3, 4], p=[0.8, 0.1, 0.1]))
    first = draw_copies(rng, panel, baseline)
    founder = {"first": first}
    if tumors > 1:
        founder["second"] = later_copies(rng, panel, first, baseline)
    made = {n: Tumor(rng.uniform(*PURITY), subclonal(rng, panel, c)) for n, c in founder.items()}
    rows = _inherited(rng, panel) + _mutations(rng, panel, first, list(made))
    rho = float(np.exp(rng.uniform(np.log(3e-4), np.log(3e-3))))
    shape = (len(rows), tumors)
    alt, total = np.zeros(shape, int), np.zeros(shape, int)
    for i, row in enumerate(rows):
        for j, (name, tumor) in enumerate(made.items()):
            # Depth is relative to the genome at large, as a library has it.
            genome = tumor.purity * baseline + 2 * (1 - tumor.purity)
            total[i, j] = rng.poisson(depth * tumor.amount(row["gene"]) / genome)
            f = np.clip(frequency(row, tumor, name), 0, 1) * (1 - 2 * ERROR) + ERROR
            size = (1 - rho) / rho
            alt[i, j] = rng.binomial(total[i, j], rng.beta(f * size, (1 - f) * size))
    spans = dict(gene_spans(panel.bins))
    gene = np.array([row["gene"] for row in rows])
    somatic = np.array(["mutated" in row for row in rows])
    pos = np.array([int(rng.integers(panel.bins.start[spans[g]].min(),
                                     panel.bins.end[spans[g]].max())) for g in gene])  # fmt: skip
    order = np.lexsort((pos, [spans[g][0] for g in gene]))
    names = list(made)
    with np.errstate(invalid="ignore"):
        seen = ((alt >= 5) & (alt / np.maximum(total, 1) >= 0.02)).any(axis=1)
    order = order[seen[order]]
    sites = Sites(
        samples=names,
        chrom=np.array([str(panel.bins.chrom[spans[g][0]]) for g in gene]),
        pos=pos,
        ref=np.full(len(rows), "A"),
        alt=np.full(len(rows), "G"),
        gene=gene,
        model=np.where(somatic, "somatic", "germline"),
        passed=somatic,
        ref_count=total - alt,
        alt_count=alt,
        detected=alt >= 5,
        protein=[()] * len(rows),
        filters=[()] * len(rows),
        snv=np.array([row["snv"] for row in rows]),
    ).take(order)
    q = np.array([row["q"] for row in rows])[order]
    spread = {name: rho * np.exp(rng.normal(0, 0.3)) for name in names}
    known = Known(q, np.zeros(len(q), int), np.zeros(len(q), bool), True, spread)
    coverage = {n: panel.coverage(rng, t) for n, t in made.items()}
    pool = [panel.coverage(rng) for _ in range(POOL)]
    return Drawn(panel, sites, known, somatic[order], made, coverage, pool)


def judge(drawn: Drawn, resource: bool, pool: bool) -> list[dict]:
    """Return one row per allele."""
    known = drawn.known
    if not resource:
        known = dataclasses.replace(known, resource=False, population=known.population * np.nan)
    bins, genes = drawn.panel.bins, {}
    for name in drawn.tumors:
        genes[name] = without_depth(bins)
        if pool:
            targets = target_ratios(drawn.coverage[name], drawn.pool, bins)
            genes[name] = gene_ratios(targets, bins)
    began = time.process_time()
    rows, found = find_origins(drawn.sites, known, bins, genes)
    spent = time.process_time() - began
    af = drawn.sites.frequency
    return [
        {
            "somatic": bool(drawn.somatic[row]),
            "af": float(np.nanmax(af[row])),
            "value": value_of(float(found.somatic[i]), resource),
            "p": float(found.somatic[i]),
            "cpu": spent / len(rows),
        }
        for i, row in enumerate(rows)
    ]


def run(seed: int, patients: int, depth: float, pools: Sequence[bool]) -> pd.DataFrame:
    """Return one row per allele of all patients, in every setting."""
    rows = []
    for number in range(patients):
        for tumors in (1, 2):
            drawn = draw((seed, number, tumors), tumors, depth)
            size = drawn.panel.bins.length.sum() / 1e6
            purity = min(t.purity for t in drawn.tumors.values())
            for resource in (True, False):
                for pool in pools:
                    setting = {"patient": number, "tumors": tumors, "resource": resource,
                               "pool": pool, "megabases": size, "purity": purity}  # fmt: skip
                    rows += [setting | row for row in judge(drawn, resource, pool)]
    return pd.DataFrame(rows)


def open_of(part: pd.DataFrame) -> float:
    """Return the fraction of alleles whose origin is not determined."""
    return float((part["value"] == "not determined").mean())


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what the rule asks for, by setting."""
    found = []
    for (tumors, resource, pool), part in rows.groupby(["tumors", "resource", "pool"]):
        size = part.groupby("patient")["megabases"].first().sum()
        inherited, somatic = part[~part["somatic"]], part[part["somatic"]]
        low = somatic[somatic["af"] <= 0.4]
        wrong = int((inherited["value"] == "somatic").sum())
        lost = (low["value"] == "germline").mean()
        found.append(
            {
                "tumours": tumors,
                "resource": "yes" if resource else "no",
                "pool": "yes" if pool else "no",
                "Mb": f"{size:.0f}",
                "inherited": len(inherited),
                "called somatic": wrong,
                "per 3 Mb": f"{3 * wrong / size:.1f}",
                "inherited not determined": f"{open_of(inherited):.2%}",
                "somatic, AF <= 0.4": len(low),
                "called germline": f"{lost:.1%}",
                "not determined": f"{open_of(low):.1%}",
                "somatic, any AF: germline": f"{(somatic['value'] == 'germline').mean():.1%}",
            }
        )
    return pd.DataFrame(found)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--patients", type=int, default=60, help="with one tumour, and with two")
    parser.add_argument("--depth", type=float, default=500, help="fragments (500)")
    parser.add_argument("--pool", choices=("yes", "no", "both"), default="both")
    parser.add_argument("--rows", type=Path, help="also write one row per allele (.tsv)")
    args = parser.parse_args(argv)
    began = time.process_time()
    pools = {"yes": (True,), "no": (False,), "both": (True, False)}[args.pool]
    rows = run(args.seed, args.patients, args.depth, pools)
    if args.rows:
        rows.to_csv(args.rows, sep="\t", index=False)
    print(table(summarise(rows)))
    print(f"{time.process_time() - began:.0f} CPU s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
