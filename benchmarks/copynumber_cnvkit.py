"""The same simulated depths through CNVkit.

    python -m benchmarks.copynumber_cnvkit export tumours.pkl     with this project's Python
    python benchmarks/copynumber_cnvkit.py cnvkit tumours.pkl     with one that has CNVkit 0.9.14
    python -m benchmarks.copynumber_cnvkit compare tumours.pkl

`export` may be repeated with a changed resistpanel; the depths depend on the seed alone.

CNVkit is used as its authors describe it. The reference is built by the code of `cnvkit.py
reference` from the normals' coverage and a FASTA file that has the simulated GC fractions: it
corrects the normals for GC and edge effects itself. `cnvkit.py fix` then corrects the tumour for
both, and each segmenter with its default settings follows (`cbs` where R has DNAcopy). A gene's
value is that of its segment (`none`: the weighted mean of its bins, as `genemetrics` without
segments). Off-target reads, which CNVkit also uses, are not simulated.

Sensitivity is compared at equal specificity: for each scenario and tool, the threshold of the score
is the one at which 0.5 unchanged genes per tumour are called. The score is the log2 ratio for
CNVkit, and the log-odds that the copies are not the baseline's for resistpanel, both with the sign
of the change.
"""

import argparse
import logging
import pickle
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

METHODS = ("none", "hmm", "haar", "cbs")
FALSE_GENES = 0.5
#: Bases to which gaps between targets are shortened in the FASTA file, beyond the insert size.
GAP = 1000


def export(path: str, tumors: int, seed: int, scenarios: list[str] | None) -> None:
    """Simulate tumours, analyse them, and write depths, truth and results."""
    from benchmarks import copynumber_disturbances as disturbed
    from benchmarks.copynumber_patients import Panel
    from resistpanel.copynumber.analyse import analyse

    rows = []
    for number in range(tumors):
        for name in scenarios or disturbed.SCENARIOS:
            scenario = disturbed.SCENARIOS[name]
            rng = disturbed.generator(name, seed, number)
            panel = Panel(rng, scenario.library)
            purity = disturbed.PURITIES[number % 3]
            tumor = disturbed.draw_genome(rng, panel, purity, focal=number % 2 == 0)
            made, normals = disturbed.draw_patient(scenario, rng, tumor, panel)
            started = time.process_time()
            found = analyse(made).samples["tumor"]
            rows.append(
                {
                    "scenario": name,
                    "number": number,
                    "purity": purity,
                    "copies": tumor.copies,
                    "chrom": made.bins.chrom.tolist(),
                    "start": made.bins.start,
                    "end": made.bins.end,
                    "gene": made.bins.gene.tolist(),
                    "gc": made.bins.gc,
                    "normals": [one.depth for one in normals],
                    "tumor": made.coverage["tumor"].depth,
                    "resistpanel": {g.gene: _result(g) for g in found.genes},
                    "purity found": found.purity.value,
                    "cpu": time.process_time() - started,
                }
            )
    with open(path, "wb") as handle:  # noqa: PTH123
        pickle.dump(rows, handle)


def _result(gene) -> tuple[float | None, float, str]:
    """Return (log2, signed score, call) of a gene of resistpanel; ties are broken by the ratio."""
    width = max((gene.log2_high - gene.log2_low) / 3.92, 1e-6)
    chance = min(max(gene.probability, 1e-6), 1 - 1e-6)
    score = 20 + np.log(chance / (1 - chance)) + 1e-3 * abs(gene.log2) / width
    return gene.log2, float(np.sign(gene.log2) * score), gene.call


def reference_files(row: dict, folder: Path) -> tuple[dict, list[str], str]:
    """Write a FASTA file and the normals' coverage; return (positions, files, FASTA).

    Gaps between targets are shortened: positions matter to CNVkit only within an insert size.
    """
    start, end = np.array(row["start"]), np.array(row["end"])
    chrom = np.array(row["chrom"])
    rng = np.random.default_rng(1)
    new = np.zeros((2, len(start)), int)
    fasta = folder / "panel.fa"
    with fasta.open("w") as handle:
        for name in dict.fromkeys(chrom):
            sequence, last, at = [], None, 0
            for i in np.flatnonzero(chrom == name):
                gap = GAP if last is None else min(max(int(start[i]) - last, 0), GAP)
                length = int(end[i] - start[i])
                sequence.append("N" * gap)
                target = np.full(length, "A")
                target[rng.permutation(length)[: round(row["gc"][i] * length)]] = "G"
                sequence.append("".join(target))
                new[:, i] = at + gap, at + gap + length
                at, last = at + gap + length, int(end[i])
            handle.write(f">{name}\n{''.join(sequence)}\n")
    row = row | {"start": new[0], "end": new[1]}
    files = []
    for i, depth in enumerate(row["normals"]):
        file = folder / f"normal{i}.targetcoverage.cnn"
        coverage(row, depth, f"normal{i}").data.to_csv(file, sep="\t", index=False)
        files.append(str(file))
    return row, files, str(fasta)


def coverage(row: dict, depth: np.ndarray, name: str):
    """Return what `cnvkit.py coverage` would have written."""
    import pandas as pd
    from cnvlib.cnary import CopyNumArray

    frame = pd.DataFrame(
        {
            "chromosome": row["chrom"],
            "start": row["start"],
            "end": row["end"],
            "gene": row["gene"],
            "depth": depth,
            "log2": np.where(depth > 0, np.log2(np.maximum(depth, 1e-6)), -20.0),
        }
    )
    made = CopyNumArray(frame, {"sample_id": name})
    made.sort()
    return made


def call(copies: float) -> str:
    """Return the call of a number of copies."""
    names = ((0.5, "deletion"), (1.5, "loss"), (2.5, "neutral"), (5, "gain"))
    return next((name for limit, name in names if copies < limit), "amplification")


def with_cnvkit(row: dict, methods: tuple[str, ...]) -> dict:
    """Return {method: ({gene: log2}, CPU seconds)}; the seconds without those of R."""
    from cnvlib import fix, reference, segmentation
    from cnvlib.cnary import CopyNumArray

    with tempfile.TemporaryDirectory() as name:
        row, files, fasta = reference_files(row, Path(name))
        started = time.process_time()
        made = reference.do_reference(files, fa_fname=fasta, female_samples=True)
    tumor = coverage(row, row["tumor"], "tumor")
    nothing = CopyNumArray(tumor.data.iloc[:0].copy(), {"sample_id": "tumor"})
    ratios = fix.do_fix(tumor, nothing, made)
    before = time.process_time() - started
    found, genes = {}, list(ratios.data.groupby("gene"))
    for method in methods:
        if method == "cbs" and not shutil.which("Rscript"):
            continue
        started = time.process_time()
        if method == "none":
            values = {g: float(np.average(b["log2"], weights=b["weight"])) for g, b in genes}
        else:
            values = of_segments(genes, segmentation.do_segmentation(ratios, method).data)
        centre = float(np.median(list(values.values())))
        values = {gene: value - centre for gene, value in values.items()}
        found[f"CNVkit {method}"] = values, before + time.process_time() - started
    return found


def of_segments(genes: list, segments) -> dict[str, float]:
    """Return the log2 ratio of the segment at the middle of each gene."""
    values = {}
    for gene, bins in genes:
        middle = (bins["start"].min() + bins["end"].max()) / 2
        here = segments[
            (segments["chromosome"] == bins["chromosome"].iloc[0])
            & (segments["start"] <= middle)
            & (segments["end"] >= middle)
        ]
        values[gene] = float(here["log2"].iloc[0]) if len(here) else 0.0
    return values


def run_cnvkit(path: str, methods: tuple[str, ...]) -> None:
    """Write CNVkit's results for all tumours, in their order; repeated from where it stopped."""
    logging.disable(logging.CRITICAL)
    with open(path, "rb") as handle:  # noqa: PTH123
        rows = pickle.load(handle)
    output = Path(path + ".cnvkit")
    done = pickle.loads(output.read_bytes()) if output.exists() else []
    for row in rows[len(done) :]:
        done.append(with_cnvkit(row, methods))
        output.write_bytes(pickle.dumps(done))


def compare(path: str) -> None:
    """Print sensitivity at equal specificity, false genes, and the error of log2, per tool."""
    import pandas as pd

    with open(path, "rb") as handle:  # noqa: PTH123
        rows = pickle.load(handle)
    done = pickle.loads(Path(path + ".cnvkit").read_bytes())
    found = []
    for number, (row, cnvkit) in enumerate(zip(rows, done, strict=False)):
        p = row["purity"]
        results = {
            tool: ({g: (v, v, call((2 * 2**v - 2 * (1 - p)) / p)) for g, v in values.items()}, cpu)
            for tool, (values, cpu) in cnvkit.items()
        }
        results["resistpanel"] = row["resistpanel"], row["cpu"]
        for tool, (genes, cpu) in results.items():
            for gene, (log2, score, called) in genes.items():
                total, minor = row["copies"].get(gene, (2, 1))
                truth = np.log2(max((p * total + 2 * (1 - p)) / 2, 0.05))
                error = max(log2, np.log2(0.05)) - truth
                found.append(
                    (row["scenario"], tool, number, p, total, minor, called, score, error, cpu)
                )
    names = ["scenario", "tool", "tumour", "purity", "total", "minor", "call", "score"]
    table = summary(pd.DataFrame(found, columns=[*names, "error", "cpu"]))
    print(f"| {' | '.join(table.columns)} |", "| --- " * len(table.columns) + "|", sep="\n")
    for row in table.itertuples(index=False):
        print(f"| {' | '.join(map(str, row))} |")


def threshold(scores: np.ndarray, tumors: int) -> float:
    """Return the absolute score that `FALSE_GENES` unchanged genes per tumour exceed."""
    ordered = np.sort(np.abs(scores))[::-1]
    return float(ordered[min(int(FALSE_GENES * tumors), len(ordered) - 1)])


def summary(table):
    """Return one row per scenario and tool."""
    import pandas as pd

    rows = []
    for (scenario, tool), part in table.groupby(["scenario", "tool"], sort=False):
        tumors = part["tumour"].nunique()
        changed = part["total"] != 2
        none = part[~changed]
        limit = threshold(none["score"].to_numpy(), tumors)
        row = {"scenario": scenario, "tool": tool, "tumours": tumors}
        error = part["error"].clip(-1, 1)
        row["log2 error (rms)"] = f"{np.sqrt((error**2).mean()):.3f}"
        row["false genes"] = f"{(none['call'] != 'neutral').sum() / tumors:.1f}"
        for kind, total, sign in (("loss", 1, -1), ("gain", 3, 1)):
            here = part[part["total"] == total]
            row[kind] = f"{(here['score'] * sign > limit).mean():.2f}"
        for kind, lowest, highest in (("amplification", 6, 99), ("deletion", 0, 0)):
            here = part[part["total"].between(lowest, highest)]
            row[kind] = f"{(here['call'] == kind).mean():.2f}"
        row["CPU s"] = f"{part['cpu'].mean():.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["export", "cnvkit", "compare"])
    parser.add_argument("path")
    parser.add_argument("--tumors", type=int, default=24, help="per scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--method", action="append", choices=METHODS, help="all if not given")
    parser.add_argument("--scenario", action="append", help="all if not given")
    args = parser.parse_args()
    if args.step == "export":
        export(args.path, args.tumors, args.seed, args.scenario)
    elif args.step == "cnvkit":
        run_cnvkit(args.path, tuple(args.method or METHODS))
    else:
        compare(args.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
