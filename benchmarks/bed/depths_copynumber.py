"""Depths and counts of patients with copy-number changes, and what `copynumber` makes of them.

Targets are laid over real sequence, so that GC is real. A target's depth is the product of its
copies, an efficiency that normal and tumour share, an asymmetric curve of GC that differs between
libraries, a wave along the chromosome, noise of the library at that target, and counting.
"""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pysam

from benchmarks.bed import genome, report, statistics

GENES = 90
PATIENTS = 24
GAP = 1000  # N between two windows of one chromosome
DEPTH = 600
STATES = {"amplification": (7, 1), "gain": (2, 1), "loss": (1, 0), "copy-neutral LOH": (2, 0),
          "deletion": (0, 0)}  # fmt: skip
SNPS_PER_TARGET = 0.45  # heterozygous sites


def reference(folder: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """Write the windows as chromosomes (windows of one chromosome end to end)."""
    chromosomes: dict[str, list[np.ndarray]] = {}
    for name, codes in genome.reference().contigs.items():
        if name != "paralogue" and "hg19" not in name:
            chromosomes.setdefault(name.split("_")[0], []).append(codes)
    gap = np.full(GAP, 4, np.uint8)
    joined = {
        chrom: np.concatenate([x for part in parts for x in (part, gap)])
        for chrom, parts in chromosomes.items()
    }
    path = folder / "chromosomes.fa"
    with path.open("w") as file:
        for chrom, codes in joined.items():
            text = genome.decode(codes)
            file.write(f">{chrom}\n")
            file.writelines(text[i : i + 60] + "\n" for i in range(0, len(text), 60))
    pysam.faidx(str(path))
    return path, joined


def design(joined: dict[str, np.ndarray], rng: np.random.Generator) -> list[tuple]:
    """Lay genes of 3 to 25 targets over the chromosomes; returns (gene, chrom, start, end, gc)."""
    targets, chroms = [], list(joined)
    size = np.array([len(c) for c in joined.values()])
    counts = np.sort(rng.choice(len(chroms), GENES, p=size / size.sum()))
    number = 0
    for c, chrom in enumerate(chroms):
        starts = np.sort(rng.integers(2000, size[c] - 60_000, int((counts == c).sum())))
        for at in starts:
            if targets and targets[-1][1] == chrom and at < targets[-1][3] + 2000:
                continue
            number += 1
            for _ in range(int(rng.integers(3, 26))):
                width = int(rng.gamma(4, 45)) + 60
                codes = joined[chrom][at : at + width]
                if at + width < size[c] and (codes < 4).all():
                    gc = float(((codes == 1) | (codes == 2)).mean())
                    targets.append((f"G{number}", chrom, int(at), int(at + width), gc))
                at += width + int(rng.gamma(1.0, 1500)) + 50
    return sorted(targets, key=lambda t: (t[1], t[2]))


def _library(targets, shared, copies, purity, rng):
    """Return mean depths of targets; ``copies`` of tumour cells."""
    gc = np.array([t[4] for t in targets])
    slope, knee = rng.normal(0, 2.0), rng.normal(0.6, 0.03)
    curve = slope * np.minimum(gc - knee, 0) - np.maximum(gc - knee, 0) * rng.uniform(1, 6)
    wave = np.convolve(rng.normal(0, 0.12, len(targets)), np.ones(15) / 15, "same")
    noise = rng.normal(0, rng.uniform(0.05, 0.12), len(targets))
    mean = purity * copies / 2 + (1 - purity)
    depth = DEPTH * rng.uniform(0.6, 1.4) * mean * np.exp(shared + curve + wave + noise)
    width = np.array([t[3] - t[2] for t in targets])
    fragments = rng.poisson(depth * (width + 100) / 200)
    return fragments * 200 / (width + 100)


def _qc(path: Path, targets, depths: dict[str, np.ndarray]) -> Path:
    samples = []
    for sample, values in depths.items():
        rows = [
            {"name": gene, "chrom": chrom, "start": start, "end": end,
             "mean_depth": round(float(d), 2), "min_depth": int(d * 0.6),
             "quantiles": [int(d * x) for x in (0.7, 0.9, 1, 1.1, 1.2)],
             "fraction_at": {"100": 1.0, "250": 1.0, "500": 1.0}}
            for (gene, chrom, start, end, _), d in zip(targets, values, strict=True)
        ]  # fmt: skip
        samples.append({
            "sample": sample, "reads_total": 10**6, "reads_on_target": 8 * 10**5,
            "on_target_fraction": 0.8, "duplicate_fraction": 0.1, "mapped_fraction": 0.99,
            "mean_depth": float(values.mean()), "median_depth": float(np.median(values)),
            "fraction_at": {"100": 1.0, "250": 1.0, "500": 1.0}, "insert_size_median": 200,
            "read_length": 100, "error_rate": 0.003, "unit": "fragments", "targets": rows,
            "gate": {"passed": True, "failures": []},
        })  # fmt: skip
    path.write_text(json.dumps({"schema": "resistpanel/qc/1", "patient": "BED", "samples": samples,
                                "excluded": [], "passed": True}))  # fmt: skip
    return path


def _alleles(targets, joined, states, purity, depths, tumours, rho, rng):
    """Return VCF lines of heterozygous sites and of clonal and subclonal somatic variants."""
    from benchmarks.bed import depths as level

    lines = []
    for i, (gene, chrom, start, end, _) in enumerate(targets):
        a, b = states[gene]
        a, b = (a, b) if rng.random() < 0.5 else (b, a)
        sites = [("het", p) for p in rng.integers(start, end, rng.poisson(SNPS_PER_TARGET))]
        if rng.random() < 0.06:
            sites.append(("somatic", int(rng.integers(start, end))))
        for kind, position in sorted(set(sites), key=lambda s: s[1]):
            base = int(joined[chrom][position])
            fractions = [0.5 if kind == "het" else 0.0]
            for t in tumours:
                total = purity[t] * (a + b) + 2 * (1 - purity[t])
                if kind == "het":
                    fractions.append((purity[t] * a + (1 - purity[t])) / total)
                else:
                    clonal = 1.0 if rng.random() < 0.7 else rng.uniform(0.1, 0.6)
                    fractions.append(clonal * purity[t] * min(1, a + b) / total)
            values = []
            for f, sample in zip(fractions, ("normal", *tumours), strict=True):
                n = max(5, int(depths[sample][i]))
                k = int(level.beta_binomial(n, f, rho, 1, rng)[0]) if 0 < f < 1 else int(f * n)
                low, high = level.jeffreys(np.array([k]), n)
                ub = level.upper(np.array([k]), n)
                values.append(level._sample(k, n, low[0], high[0], ub[0], 0.01))
            filters = "germline" if kind == "het" else "PASS"
            model = "germline" if kind == "het" else "somatic"
            ref, alt = "ACGT"[base], "ACGT"[(base + 2) % 4]
            lines.append(f"{chrom}\t{position + 1}\t.\t{ref}\t{alt}\t99\t{filters}\t"
                         f"TYPE=SNV;MODEL={model};SOMATIC_PHRED=60;GENE={gene}\t"
                         f"{level.FORMAT}\t" + "\t".join(values))  # fmt: skip
    return lines


# What the caller writes of contamination where no site shows it.
NOT_ESTIMATED = "value:.,low:.,high:.,found:.,evidence:.,sites:0"


def _changes(targets, rng) -> dict[str, tuple[int, int]]:
    """Return the copies of each gene's haplotypes: some neighbours change together, some alone."""
    genes = list(dict.fromkeys(t[0] for t in targets))
    states = dict.fromkeys(genes, (1, 1))
    names = list(STATES)
    at = 0
    while at < len(genes):
        length = int(rng.choice([1, 1, 3, 6]))
        if rng.random() < 0.28:
            kind = str(rng.choice(names, p=[0.25, 0.25, 0.25, 0.15, 0.10]))
            length = min(length, 2) if kind in ("amplification", "deletion") else length
            for gene in genes[at : at + length]:
                states[gene] = STATES[kind]
        at += length
    return states


def measure(
    rng: np.random.Generator, folder: Path, command, sheet, patients: int = PATIENTS
) -> str:
    """Simulate patients, run `copynumber` on each, and return the tables as text."""
    from benchmarks.bed import depths as level

    fasta, joined = reference(folder)
    calls: dict[tuple[str, str], Counter] = {}
    covered, purity_covered = Counter(), Counter()
    loh, failed = Counter(), 0
    for _ in range(patients):
        targets = design(joined, rng)
        states = _changes(targets, rng)
        purity = {"pre": float(rng.uniform(0.3, 0.9)), "post": float(rng.uniform(0.3, 0.9))}
        rho = float(rng.choice([0.0, 5e-4, 3e-3]))
        shared = rng.normal(0, 0.3, len(targets))
        copies = np.array([sum(states[t[0]]) for t in targets], float)
        depths = {"normal": _library(targets, shared, np.full(len(targets), 2.0), 0.0, rng)}
        for t, p in purity.items():
            depths[t] = _library(targets, shared, copies, p, rng)
        lines = _alleles(targets, joined, states, purity, depths, list(purity), rho, rng)
        header = "".join(f"##contig=<ID={c},length={len(x)}>\n" for c, x in joined.items())
        known = [f"contamination_{s}" for s in depths] + [f"tumor_in_normal_{t}" for t in purity]
        header += "".join(f"##resistpanel_{name}={NOT_ESTIMATED}\n" for name in known)
        vcf = level._write_vcf(folder / "cn.vcf.gz", list(depths), lines, header)
        out = folder / "cn.json"
        try:
            command("copynumber", "--sheet", sheet(folder / "cn.sheet.json", dict.fromkeys(depths)),
                    "--qc", _qc(folder / "cn.qc.json", targets, depths), "--vcf", vcf,
                    "--reference", fasta, "--output", out)  # fmt: skip
        except RuntimeError:
            failed += 1
            continue
        found = json.loads(out.read_text())["samples"]
        for t, p in purity.items():
            given = found[t]["purity"]
            if given["value"] is None:
                purity_covered["not given"] += 1
            else:
                purity_covered[given["low"] <= p <= given["high"]] += 1
            for gene in found[t]["genes"]:
                _count(gene, states[gene["gene"]], p, calls, covered, loh)
    return _text(patients, failed, calls, covered, purity_covered, loh)


def _count(gene, state, purity, calls, covered, loh) -> None:
    kind = next((k for k, s in STATES.items() if s == tuple(state)), "neutral")
    half = "purity 30 to 60 %" if purity < 0.6 else "purity 60 to 90 %"
    calls.setdefault((kind, half), Counter())[str(gene["call"])] += 1
    if gene["copies"] is not None:
        inside = gene["copies_low"] <= sum(state) <= gene["copies_high"]
        covered["inside" if inside else "outside"] += 1
    if sum(state):
        loh["LOH" if min(state) == 0 else "no LOH", str(gene["loh"])] += 1


def _text(patients, failed, calls, covered, purity_covered, loh) -> str:
    names = ["amplification", "gain", "neutral", "loss", "deletion", "None"]
    rows = []
    for kind in ("neutral", *STATES):
        for half in ("purity 30 to 60 %", "purity 60 to 90 %"):
            found = calls.get((kind, half), Counter())
            rows.append([kind, half, sum(found.values()), *(found[n] for n in names)])
    text = (f"{patients} patients of {GENES} genes at most, two tumours each, purity 30 to 90 %; "
            f"{failed} ended with an error. Genes by what was simulated and what "
            "`resistpanel copynumber` calls (`None`: no usable target). Genes of one patient are "
            "no independent draws.\n\n")  # fmt: skip
    text += report.table(rows, ["simulated", "purity", "genes", *names])
    inside, outside = covered["inside"], covered["outside"]
    given = purity_covered[True] + purity_covered[False]
    cell = statistics.coverage(inside, inside + outside)
    tumour = statistics.coverage(purity_covered[True], given) if given else None
    rows = [
        ["copies of a gene in its interval", inside + outside, f"{cell.share:.1%}", cell.verdict]
    ]
    if tumour:
        rows.append(["purity in its interval", given, f"{tumour.share:.1%}", tumour.verdict])
    rows.append(["purity not given", purity_covered["not given"] + given,
                 f"{purity_covered['not given'] / max(1, given + purity_covered['not given']):.1%}",
                 ""])  # fmt: skip
    for truth in ("LOH", "no LOH"):
        total = sum(n for (t, _), n in loh.items() if t == truth)
        for said in ("True", "False", "None"):
            rows.append([f"{truth}: said {said}", total,
                         f"{loh[truth, said] / max(1, total):.1%}", ""])  # fmt: skip
    return text + "\n" + report.table(rows, ["figure", "of", "share", "rule of coverage"])
