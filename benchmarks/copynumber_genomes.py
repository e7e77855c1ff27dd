"""Purity, baseline and states of whole genomes, at the level of depths and counts.

    python -m benchmarks.copynumber_genomes --tumors 15 --seed 1
    python -m benchmarks.copynumber_genomes --tumors 220 --seed 1 --purity --rows purity.tsv

Genomes that one baseline and clonal changes do not describe: doubled, of ploidy 3, with most of the
genome lost, with subclonal changes, with several subclones of many variants, in FFPE, with
reference bias of each site, at 10,000x, and at a purity of 0.15. Reported are the purities given,
their coverage, and the calls that contradict the truth: of the genes that are called, and not
neutral or neutral wrongly, by absolute copies. With `--purity` no gene is called. Rows are added to
the file of `--rows` as they are made; called again, the benchmark goes on where it stopped.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import copynumber_disturbances as disturbed
from benchmarks.copynumber_page import table
from benchmarks.copynumber_patients import MODERN, Panel, Tumor
from resistpanel.copynumber.analyse import Patient, analyse, analyse_tumor
from resistpanel.core.special import betaincinv

DEEP = dataclasses.replace(MODERN, name="2x100, 10,000x", depth=10_000)
#: (most of the genome, states of changed chromosomes, changed chromosomes)
GENOMES = {
    "diploid": ((2, 1), ((1, 0), (3, 1), (2, 0), (4, 1)), 5),
    "doubled": ((4, 2), ((3, 1), (2, 0), (2, 1), (5, 2)), 8),
    "doubled, few losses": ((4, 2), ((3, 1), (2, 0)), 2),
    "ploidy 3": ((3, 1), ((2, 1), (2, 0), (4, 2), (1, 0)), 8),
    "60 % lost": ((1, 0), ((2, 1), (2, 0)), 8),
    "subclonal": ((2, 1), ((1, 0), (3, 1), (2, 0)), 4),
    "three subclones": ((2, 1), ((1, 0), (3, 1)), 2),
}
#: Clonal variants, subclonal ones, and those of each subclone, where they are not the usual ones.
VARIANTS = {"three subclones": (6, 0, (8, 6, 4))}
PURITIES = (0.3, 0.9)
#: Name, genome, library, disturbance of the tumour, standard deviation of site bias in logits,
#: purities.
CELLS = (
    *((name, name, MODERN, disturbed.CLEAN, 0.0, PURITIES) for name in GENOMES),
    ("FFPE", "diploid", disturbed.FIXED, disturbed.FFPE, 0.0, PURITIES),
    ("site bias 0.3", "diploid", MODERN, disturbed.CLEAN, 0.3, PURITIES),
    ("10,000x", "diploid", DEEP, disturbed.CLEAN, 0.1, PURITIES),
    ("purity 0.15", "diploid", MODERN, disturbed.CLEAN, 0.0, (0.15, 0.15)),
    ("purity 0.15, site bias 0.3", "diploid", MODERN, disturbed.CLEAN, 0.3, (0.15, 0.15)),
)
#: Fewest heterozygous sites of a chromosome whose LOH is counted as one with many.
MANY_SITES, HIGH_PURITY = 10, 0.4


def draw_tumor(
    rng: np.random.Generator, panel: Panel, genome: str, purities: tuple[float, float]
) -> tuple[Tumor, set[str]]:
    """Return a tumour and its subclonal genes, whose copies are means."""
    most, states, number = GENOMES[genome]
    names = sorted({str(c) for c in panel.bins.chrom[~panel.bins.sex_linked]})
    copies = dict.fromkeys(panel.autosomal, most)
    mixed: set[str] = set()
    for i, chrom in enumerate(rng.permutation(names)[:number]):
        genes = {str(g) for g in panel.bins.gene[panel.bins.chrom == chrom]}
        copies |= dict.fromkeys(genes, states[i % len(states)])
        if genome == "subclonal" and i % 2:
            f = rng.uniform(0.3, 0.8)
            total, minor = states[i % len(states)]
            copies |= dict.fromkeys(genes, (2 + f * (total - 2), 1 + f * (minor - 1)))
            mixed |= genes
    return Tumor(float(rng.uniform(*purities)), copies), mixed


def biased(made: Patient, rng: np.random.Generator, sd: float) -> Patient:
    """Return the patient with a reference bias of each site, the same in all samples."""
    sites = made.sites
    bias = rng.normal(0, sd, len(sites))[:, None]
    f = np.clip(np.nan_to_num(sites.frequency), 1e-6, 1 - 1e-6)
    shifted = 1 / (1 + (1 - f) / f * np.exp(bias))
    alt = np.where(sites.model[:, None] == "germline", np.round(shifted * sites.depth), 0)
    alt = np.where(sites.model[:, None] == "germline", alt, sites.alt_count).astype(int)
    given = dataclasses.replace(sites, alt_count=alt, ref_count=sites.depth - alt)
    return dataclasses.replace(made, sites=given)


def one(cell: tuple, rng: np.random.Generator, calls: bool = True) -> dict:
    """Return what was found of one tumour."""
    name, genome, library, size, bias, purities = cell
    panel = Panel(rng, library)
    tumor, mixed = draw_tumor(rng, panel, genome, purities)
    # The depth of a genome with more DNA is that of any other.
    mean = np.mean([tumor.amount(g) for g in panel.autosomal]) / 2
    more = disturbed.draw(rng, panel, size) - np.log(mean)
    made = disturbed.patient_of(rng, panel, tumor, more, disturbed.CLEAN, *VARIANTS.get(genome, ()))
    made = biased(made, rng, bias) if bias else made
    found = analyse(made).samples["tumor"] if calls else None
    given = found.purity if found else analyse_tumor(made, made.tumors[0]).purity
    row = {"cell": name, "truth": tumor.purity, "value": given.value}
    row |= {"low": given.low, "high": given.high, "source": given.source}
    row["listed"] = any(a.low <= tumor.purity <= a.high for a in given.alternatives)
    return row | (_calls(found.genes, tumor, mixed, genome) if found else {})


def _calls(genes, tumor: Tumor, mixed: set[str], genome: str) -> dict:
    """Return how many genes are called, and how many of them wrongly."""
    truths = [
        (gene, *tumor.copies[gene.gene])
        for gene in genes
        if gene.gene in tumor.copies and gene.gene not in mixed
    ]
    most = GENOMES[genome][0][0]
    wrong = {
        "deletion": lambda total: total > 0,
        "loss": lambda total: total != 1,
        "gain": lambda total: total <= max(2, most),
        "amplification": lambda total: total <= max(2, most),
        "neutral": lambda _: False,
    }
    called = [(gene.call, total) for gene, total, _ in truths if gene.call not in (None, "neutral")]
    row = {"called": len(called)}
    row["wrong"] = sum(wrong[call](total) for call, total in called)
    loh = [(gene.loh, minor == 0) for gene, _, minor in truths if gene.loh is not None]
    row["loh decided"], row["loh wrong"] = len(loh), sum(a != b for a, b in loh)
    lost = [gene.loh for gene, _, minor in truths if minor == 0 and gene.sites]
    row["lost"], row["lost found"] = len(lost), sum(x is True for x in lost)
    row["false loh"] = sum(gene.loh is True and minor > 0 for gene, _, minor in truths)
    sites: dict[str, int] = {}
    for gene in genes:
        sites[gene.chrom] = sites.get(gene.chrom, 0) + gene.sites
    many = [
        gene.loh
        for gene, _, minor in truths
        if minor == 0 and gene.sites and sites[gene.chrom] >= MANY_SITES
    ]
    many = many if tumor.purity >= HIGH_PURITY else []
    row["lost, many"], row["lost, many, found"] = len(many), sum(x is True for x in many)
    row["one copy"] = sum(total == 1 for _, total, _ in truths)
    row["one copy, loss"] = sum(total == 1 and g.call == "loss" for g, total, _ in truths)
    return row


def coverage(inside: int, number: int) -> str:
    """Return a coverage in percent with its 99 % interval (Clopper and Pearson)."""
    low = betaincinv(inside, number - inside + 1, 0.005) if inside else 0.0
    high = betaincinv(inside + 1, number - inside, 0.995) if inside < number else 1.0
    return f"{100 * inside / number:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def purities(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the coverage of the purities that are given, by genome and of all."""
    found = []
    for name, part in [*rows.groupby("cell", sort=False), ("all", rows)]:
        given = part[part["value"].notna()]
        inside = (given["low"] <= given["truth"]) & (given["truth"] <= given["high"])
        width = given["high"] - given["low"]
        found.append(
            {
                "genome": name,
                "tumours": len(part),
                "purity given": len(given),
                "inside": int(inside.sum()),
                "coverage, % (99 %)": coverage(int(inside.sum()), max(len(given), 1)),
                "below, above": f"{int((given['truth'] < given['low']).sum())}, "
                f"{int((given['truth'] > given['high']).sum())}",
                "or among the ranges listed": int((inside | given["listed"]).sum()),
                "median width": f"{width.median():.3f}",
            }
        )
    return pd.DataFrame(found)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per genome."""
    found = []
    for name, part in rows.groupby("cell", sort=False):
        given = part[part["value"].notna()]
        inside = (given["low"] <= given["truth"]) & (given["truth"] <= given["high"])
        found.append(
            {
                "genome": name,
                "tumours": len(part),
                "purity given": len(given),
                "inside the 95 % interval": int(inside.sum()),
                "or among the ranges listed": int((inside | given["listed"]).sum()),
                "genes called changed": int(part["called"].sum()),
                "of these wrong": int(part["wrong"].sum()),
                "one-copy genes called loss": f"{part['one copy, loss'].sum()}/"
                f"{part['one copy'].sum()}",
                "LOH, of genes with a site": f"{part['lost found'].sum()}/{part['lost'].sum()}",
                "LOH, 10 sites, purity 0.4": f"{part['lost, many, found'].sum()}/"
                f"{part['lost, many'].sum()}",
                "LOH decided, wrong": f"{part['loh decided'].sum()}, {part['loh wrong'].sum()}",
                "false LOH per tumour": f"{part['false loh'].mean():.2f}",
            }
        )
    return pd.DataFrame(found)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tumors", type=int, default=15, help="per genome")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cell", action="append", help="genome (default: all)")
    parser.add_argument("--purity", action="store_true", help="the purity alone")
    parser.add_argument("--rows", type=Path, help="file to which rows are added (.tsv)")
    args = parser.parse_args(argv)
    stored = args.rows is not None and args.rows.exists()
    rows = pd.read_csv(args.rows, sep="\t").to_dict("records") if stored else []
    done = {(row["cell"], row["number"]) for row in rows}
    for number in range(args.tumors):
        for cell in CELLS:
            if (cell[0], number) in done or cell[0] not in (args.cell or [cell[0]]):
                continue
            rng = disturbed.generator(cell[0], args.seed, number)
            rows.append({"number": number} | one(cell, rng, not args.purity))
            if args.rows is not None:
                frame = pd.DataFrame(rows[-1:])
                header = not args.rows.exists()
                frame.to_csv(args.rows, sep="\t", index=False, mode="a", header=header)
    frame = pd.DataFrame(rows)
    print(table(purities(frame) if args.purity else summary(frame)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
