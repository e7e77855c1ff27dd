"""Pairs without a normal, small panels, and the sex of tumours, at the level of depths and counts.

python -m benchmarks.copynumber_edges --patients 24 --seed 1
"""

import argparse
import dataclasses
import sys

import msgspec
import numpy as np
import pandas as pd

from benchmarks import copynumber_disturbances as disturbed
from benchmarks import copynumber_patients as simulated
from benchmarks.copynumber_page import table
from benchmarks.copynumber_patients import MODERN, NORMAL, Panel, Tumor
from resistpanel.copynumber.analyse import Patient, analyse
from resistpanel.copynumber.bins import Bins
from resistpanel.copynumber.identity import infer_sex
from resistpanel.copynumber.ratios import gene_ratios, target_ratios

PAIRS = ((0.8, 0.2), (0.2, 0.8), (0.6, 0.6))


def pair(rng: np.random.Generator, purities: tuple[float, float], variants: int) -> dict:
    """Return the paired calls of two tumours without a normal; one gene is amplified later."""
    panel = Panel(rng, MODERN)
    before = disturbed.draw_genome(rng, panel, purities[0], focal=False)
    free = [gene for gene in panel.autosomal if gene not in before.copies]
    gained = str(rng.choice(free))
    after = Tumor(purities[1], before.copies | {gained: (20, 1)})
    tumors = {"before": before, "after": after}
    alleles = simulated.inherited(rng, panel, tumors)
    simulated.add_somatic(alleles, rng, panel, tumors, clonal=variants)
    sheet = simulated.sheet("P", list(tumors), "female")
    sheet = msgspec.structs.replace(
        sheet, samples=tuple(s for s in sheet.samples if s.tumor), tumor_only=True
    )
    made = Patient(
        sheet=sheet,
        bins=panel.bins,
        coverage={name: panel.coverage(rng, tumor) for name, tumor in tumors.items()},
        sites=alleles.counted(rng, panel, [NORMAL, *tumors], tumors),
    )
    (found,) = analyse(made).pairs
    calls = {gene.gene: gene.call for gene in found.genes}
    return {
        "purity before and after": f"{purities[0]:g}, {purities[1]:g}",
        "shared variants": variants,
        "false genes": sum(c in {"higher", "lower"} for g, c in calls.items() if g != gained),
        "acquired 20 copies": calls[gained] == "higher",
        "not called": calls[gained] is None,
    }


def small(rng: np.random.Generator, number: int) -> dict:
    """Return how many intervals of the log2 ratio cover the truth in a panel of few genes."""
    panel = Panel(rng, MODERN)
    chosen = np.isin(panel.bins.gene, rng.choice(panel.autosomal, number, replace=False))
    fields = {f.name: getattr(panel.bins, f.name)[chosen] for f in dataclasses.fields(Bins)}
    panel.bins, panel.efficiency = Bins(**fields), panel.efficiency[chosen]
    # Noise of genes beyond that of their targets.
    shift = dict(zip(panel.genes, rng.normal(0, 0.04, len(panel.genes)), strict=True))
    more = np.array([shift[gene] for gene in panel.bins.gene])
    normal, tumor = panel.coverage(rng), panel.coverage(rng, more=more)
    genes = gene_ratios(target_ratios(tumor, [normal], panel.bins), panel.bins)
    inside = (genes.low <= 0) & (genes.high >= 0)
    return {"genes": number, "intervals": len(inside), "cover 0": int(inside.sum())}


def sexes(rng: np.random.Generator, kind: str) -> dict:
    """Return the sex by the reads of a tumour alone."""
    panel = Panel(rng, MODERN)
    sex = "male" if kind == "man" else "female"
    on_x = [gene for gene in panel.genes if gene not in panel.autosomal]
    copies = dict.fromkeys(on_x, (1, 0)) if kind == "woman, one X lost" else {}
    tumor = Tumor(float(rng.uniform(0.3, 0.8)), copies)
    alleles = simulated.inherited(rng, panel, {"tumor": tumor}, sex)
    sites = alleles.counted(rng, panel, [NORMAL, "tumor"], {"tumor": tumor})
    found = infer_sex(panel.bins, panel.coverage(rng, tumor, sex), sites, "tumor", tumor=True).sex
    return {"tumour of": kind, "right": found == sex, "not stated": found is None,
            "wrong": found not in (sex, None)}  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=24, help="per row")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    for name, make, cells in (
        ("pairs", pair, [(p, n) for p in PAIRS for n in (0, 10)]),
        ("small panels", small, [(n,) for n in (5, 10, 15, 40)]),
        ("sex", sexes, [(k,) for k in ("man", "woman", "woman, one X lost")]),
    ):
        rows = [
            make(disturbed.generator(f"{name} {cell}", args.seed, i), *cell)
            for cell in cells
            for i in range(args.patients)
        ]
        frame = pd.DataFrame(rows)
        keys = {"pairs": ["purity before and after", "shared variants"], "small panels": ["genes"]}
        grouped = frame.groupby(keys.get(name, ["tumour of"]), sort=False)
        total = grouped.sum().astype(int)
        total.insert(0, "patients", grouped.size())
        print(table(total.reset_index()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
