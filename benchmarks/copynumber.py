"""Copy number, purity, identity and contamination on simulated patients.

    python -m benchmarks.copynumber --publish

Patients are simulated at the level of depths and counts on the whole panel
(`copynumber_patients.py`); the second demo patient (resources/demo/amplification.yaml) goes
through BAMs, caller and all. About ten minutes on one core.
"""

import argparse
import functools
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import copynumber_disturbances as disturbed
from benchmarks import copynumber_patients as simulated
from benchmarks.copynumber_page import page
from benchmarks.copynumber_patients import GAIIX, MODERN, NOISY, NORMAL, Tumor, patient
from benchmarks.copynumber_states import state_table, summarise_states
from resistpanel.copynumber.analyse import analyse

DOCS = Path(__file__).resolve().parents[1] / "docs" / "validation" / "copynumber.md"
PURITIES = (0.3, 0.5, 0.8)
#: Kinds of change: (name, copies, of the rarer haplotype), the call, how many genes have it.
KINDS = (
    ("amplification, 6 copies", (6, 1), "amplification", 3),
    ("amplification, 8 to 20 copies", None, "amplification", 5),
    ("gain of one copy", (3, 1), "gain", 6),
    ("loss of one copy", (1, 0), "loss", 6),
    ("homozygous deletion", (0, 0), "deletion", 4),
    ("LOH without copy change", (2, 0), "neutral", 6),
)


def draw_changes(rng: np.random.Generator, genes: list[str]) -> dict[str, tuple]:
    """Return {gene: (kind, copies)} of a tumour's changed genes."""
    chosen = iter(rng.choice(genes, sum(number for *_, number in KINDS), replace=False))
    found = {}
    for kind, copies, _, number in KINDS:
        for _ in range(number):
            found[str(next(chosen))] = (kind, copies or (int(rng.integers(8, 21)), 1))
    return found


def call_table(seeds: int) -> pd.DataFrame:
    """Return one row per gene of every simulated tumour."""
    rows = []
    calls = {kind: call for kind, _, call, _ in KINDS}
    for library in (MODERN, GAIIX, NOISY):
        for purity in PURITIES:
            for seed in range(seeds):
                rng = np.random.default_rng([seed, round(100 * purity), library.read_length])
                panel = simulated.Panel(rng, library)
                changes = draw_changes(rng, panel.autosomal)
                tumor = Tumor(purity, {gene: copies for gene, (_, copies) in changes.items()})
                found = analyse(patient(rng, library, {"tumor": tumor}, panel=panel))
                sample = found.samples["tumor"]
                for gene in sample.genes:
                    kind = changes.get(gene.gene, ("none", (2, 1)))[0]
                    rows.append(
                        {
                            "library": library.name,
                            "purity": purity,
                            "seed": seed,
                            "gene": gene.gene,
                            "kind": kind,
                            "expected": calls.get(kind, "neutral"),
                            "call": gene.call,
                            "loh": gene.loh,
                            "sites": gene.sites,
                            "targets": gene.targets,
                            "purity_found": sample.purity.value,
                        }
                    )
    return pd.DataFrame(rows)


def summarise_calls(table: pd.DataFrame) -> pd.DataFrame:
    """Return sensitivity per kind, and false genes per tumour, by library and purity."""
    rows = []
    for (library, purity), part in table.groupby(["library", "purity"], sort=False):
        row = {"library": library, "purity": purity}
        for kind, *_ in KINDS:
            here = part[part["kind"] == kind]
            if kind.startswith("LOH"):
                told = here[here["sites"] > 0]
                row[kind] = f"{int((told['loh'] == True).sum())}/{len(told)}"  # noqa: E712
            else:
                right = int((here["call"] == here["expected"]).sum())
                row[kind] = f"{right}/{len(here)}"
        none = part[part["kind"] == "none"]
        tumors = part["seed"].nunique()
        row["false genes per tumour"] = f"{(none['call'] != 'neutral').sum() / tumors:.1f}"
        row["false LOH per tumour"] = f"{(none['loh'] == True).sum() / tumors:.1f}"  # noqa: E712
        rows.append(row)
    return pd.DataFrame(rows)


def purity_table(runs: int) -> pd.DataFrame:
    """Return one row per tumour of random purity with random evidence."""
    rows = []
    for seed in range(runs):
        rng = np.random.default_rng([seed, 77])
        purity = float(rng.uniform(0.25, 0.9))
        evidence = ("both", "copy number", "variants", "neither")[seed % 4]
        panel = simulated.Panel(rng, MODERN)
        copies = {}
        if evidence in {"both", "copy number"}:
            # A few chromosomes with one copy more or less, or LOH: what tumours have.
            chroms = rng.choice([f"chr{i}" for i in range(1, 23)], 5, replace=False)
            states = [(1, 0), (3, 1), (2, 0), (4, 1), (1, 0)]
            for chrom, state in zip(chroms, states, strict=True):
                members = panel.bins.gene[panel.bins.chrom == chrom]
                copies |= {str(gene): state for gene in members}
        clonal = int(rng.integers(6, 16)) if evidence in {"both", "variants"} else 0
        tumors = {"tumor": Tumor(purity, copies)}
        made = patient(rng, MODERN, tumors, clonal=clonal, subclonal=clonal // 3, panel=panel)
        found = analyse(made).samples["tumor"].purity
        rows.append(
            {
                "evidence": evidence,
                "truth": purity,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "source": found.source,
            }
        )
    return pd.DataFrame(rows)


def summarise_purity(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many are estimated, within 0.07, and inside their interval."""
    rows = []
    for evidence, part in table.groupby("evidence", sort=False):
        given = part[part["value"].notna()]
        error = (given["value"] - given["truth"]).abs()
        inside = (given["low"] <= given["truth"]) & (given["truth"] <= given["high"])
        rows.append(
            {
                "evidence": evidence,
                "tumours": len(part),
                "estimated": len(given),
                "within 0.07": int((error <= 0.07).sum()),
                "inside the 95 % interval": int(inside.sum()),
                "largest error": f"{error.max():.3f}" if len(given) else "-",
            }
        )
    return pd.DataFrame(rows)


#: Purity of tumours with deletions of exons.
EXON_PURITIES = (0.3, 0.5, 0.8)


def exon_table(tumors: int, seed: int = 33) -> pd.DataFrame:
    """Return one row per gene of which exons are deleted on both copies, and of false ones.

    In each tumour two genes lose two exons, two lose half, and two lose three to six; of other
    genes, 17 are changed as in `copynumber_disturbances`.
    """
    rows = []
    for number in range(tumors):
        for disturbance, size in (("clean", disturbed.CLEAN), ("FFPE", disturbed.FFPE)):
            rng = disturbed.generator(disturbance, seed, number)
            panel = simulated.Panel(rng, MODERN)
            purity = EXON_PURITIES[number % len(EXON_PURITIES)]
            tumor = disturbed.draw_genome(rng, panel, purity, focal=True)
            more = disturbed.draw(rng, panel, size)
            counts = {g: (panel.bins.gene == g).sum() for g in panel.autosomal}
            large = [g for g, n in counts.items() if n >= 6 and g not in tumor.copies]
            wanted, widths = {}, {}
            for i, gene in enumerate(rng.choice(large, 6, replace=False)):
                members = np.flatnonzero(panel.bins.gene == gene)
                some = min(int(rng.integers(3, 7)), len(members) - 1)
                width = (2, len(members) // 2, some)[i // 2]
                first = int(rng.integers(0, len(members) - width + 1))
                more[members[first : first + width]] += np.log(1 - purity)
                wanted[str(gene)] = ("two exons", "half of the exons", "three to six")[i // 2]
                widths[str(gene)] = width
            made = disturbed.patient_of(rng, panel, tumor, more, disturbed.LIGHT)
            sample = analyse(made).samples["tumor"]
            for gene in sample.genes:
                if tumor.copies.get(gene.gene) == (0, 0):
                    continue  # no part of it has a copy
                kind = wanted.get(gene.gene, "false")
                least = sample.least_deleted or 0
                if kind != "false" or gene.partial:
                    rows.append(
                        {
                            "library": disturbance,
                            "purity": purity,
                            "tumor": number,
                            "kind": kind,
                            "found": gene.partial is not None,
                            "least": least,
                            "large": 0 < least <= widths.get(gene.gene, 0),
                        }
                    )
    return pd.DataFrame(rows)


def summarise_exons(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many are found, and false ones."""
    rows = []
    for (library, purity), part in table.groupby(["library", "purity"], sort=False):
        row = {"library": library, "purity": purity, "tumours": part["tumor"].nunique()}
        for kind in ("two exons", "three to six", "half of the exons"):
            here = part[part["kind"] == kind]
            row[kind] = f"{here['found'].sum()}/{len(here)}"
        stated = part.groupby("tumor")["least"].first()
        row["stated size"] = f"{stated.min()} to {stated.max()}"
        row["of that size"] = f"{part['found'][part['large']].sum()}/{part['large'].sum()}"
        row["false genes"] = int((part["kind"] == "false").sum())
        rows.append(row)
    return pd.DataFrame(rows)


FAULTS = {
    "clean": {},
    "swapped tumour": {"swapped": ("after",)},
    "other sex in the sheet": {"stated": "male"},
    "30 % contamination of a tumour": {"contamination": {"after": 0.3}},
    "50 % contamination of a tumour": {"contamination": {"after": 0.5}},
}


def fault_table(patients: int) -> pd.DataFrame:
    """Return, per fault, how often each row of the gate was tripped, and the estimates."""
    rows = []
    for number, (fault, options) in enumerate(FAULTS.items()):
        for seed in range(patients):
            rng = np.random.default_rng([seed, 500 + number])
            panel = simulated.Panel(rng, MODERN)
            pair = [
                Tumor(purity, {g: c for g, (_, c) in draw_changes(rng, panel.autosomal).items()})
                for purity in rng.uniform(0.3, 0.8, 2)
            ]
            tumors = dict(zip(("before", "after"), pair, strict=True))
            found = analyse(patient(rng, MODERN, tumors, panel=panel, **options))
            tripped = {(f.sample, f.metric) for f in found.gate.failures}
            rows.append(
                {
                    "fault": fault,
                    "tripped": tripped,
                    "contamination": options.get("contamination")
                    and found.contamination[next(iter(options["contamination"]))].value,
                }
            )
    return pd.DataFrame(rows)


EXPECTED = {
    "clean": set(),
    "swapped tumour": {("after", "discordance")},
    "other sex in the sheet": {(NORMAL, "sex_mismatch")},
    "30 % contamination of a tumour": {("after", "contamination")},
    "50 % contamination of a tumour": {("after", "contamination")},
}


def summarise_faults(table: pd.DataFrame) -> pd.DataFrame:
    """Return how often each fault is found, and whether anything else is."""
    rows = []
    for fault, part in table.groupby("fault", sort=False):
        wanted = EXPECTED[fault]
        found = [wanted <= tripped for tripped in part["tripped"]]
        more = [bool(tripped - wanted) for tripped in part["tripped"]]
        values = part["contamination"].dropna() if "contam" in fault else []
        estimates = f"{min(values):.3f} to {max(values):.3f}" if len(values) else "-"
        rows.append(
            {
                "patients": f"{len(part)} {fault}",
                "found": f"{sum(found)}/{len(part)}" if wanted else "-",
                "other alarms": sum(more),
                "estimates": estimates,
            }
        )
    return pd.DataFrame(rows)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="tumours per library and purity")
    parser.add_argument("--exons", type=int, default=24, help="tumours with deleted exons")
    parser.add_argument("--exon-seed", type=int, default=33, help="of these tumours")
    parser.add_argument("--purities", type=int, default=80, help="tumours of random purity")
    parser.add_argument("--patients", type=int, default=20, help="patients per fault")
    parser.add_argument("--pairs", type=int, default=1000, help="variant pairs of known state")
    parser.add_argument("--publish", action="store_true", help=f"write {DOCS.name}")
    args = parser.parse_args(argv)
    parts = []
    for title, make, summarise, number in (
        ("Calls per gene", call_table, summarise_calls, args.seeds),
        (
            "Deletions of exons",
            functools.partial(exon_table, seed=args.exon_seed),
            summarise_exons,
            args.exons,
        ),
        ("Purity", purity_table, summarise_purity, args.purities),
        ("Identity and contamination", fault_table, summarise_faults, args.patients),
        ("Clonal states", state_table, summarise_states, args.pairs),
    ):
        if not number:
            continue
        started = time.time()
        table = summarise(make(number))
        print(title, f"({time.time() - started:.0f} s)", table.to_string(), sep="\n", flush=True)
        parts.append((title, table))
    if args.publish:
        DOCS.write_text(page(parts, DOCS.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
