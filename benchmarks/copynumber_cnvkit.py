"""The same simulated depths through CNVkit.

    python -m benchmarks.copynumber_cnvkit export tumours.pkl     with this project's Python
    python benchmarks/copynumber_cnvkit.py compare tumours.pkl    with one that has CNVkit 0.9.14

CNVkit gets the targets' depths as its coverage, the matched normal as its reference with its GC,
corrects for GC, and segments with each method that needs no R; a gene's value is that of its
segment (`none`: the weighted mean of its bins), centred on the median gene. Copies are then
computed with the true purity and rounded; `resistpanel` is not told the purity.
"""

import argparse
import logging
import pickle
import sys
import time

import numpy as np

METHODS = ("none", "hmm", "haar")


def export(path: str, seeds: int) -> None:
    """Simulate tumours, analyse them, and write depths, truth and results."""
    from benchmarks import copynumber_patients as simulated
    from benchmarks.copynumber import PURITIES, draw_changes
    from resistpanel.copynumber.analyse import analyse

    rows = []
    for library in (simulated.MODERN, simulated.NOISY):
        for purity in PURITIES:
            for seed in range(seeds):
                rng = np.random.default_rng([seed, round(100 * purity), library.read_length])
                panel = simulated.Panel(rng, library)
                changes = draw_changes(rng, panel.autosomal)
                tumor = simulated.Tumor(purity, {gene: c for gene, (_, c) in changes.items()})
                made = simulated.patient(rng, library, {"tumor": tumor}, panel=panel)
                started = time.process_time()
                found = analyse(made).samples["tumor"].genes
                rows.append(
                    {
                        "library": library.name,
                        "purity": purity,
                        "changes": changes,
                        "chrom": made.bins.chrom.tolist(),
                        "start": made.bins.start,
                        "end": made.bins.end,
                        "gene": made.bins.gene.tolist(),
                        "gc": made.bins.gc,
                        "normal": made.coverage[simulated.NORMAL].depth,
                        "tumor": made.coverage["tumor"].depth,
                        "resistpanel": {g.gene: (g.log2, g.call) for g in found},
                        "cpu": time.process_time() - started,
                    }
                )
    with open(path, "wb") as handle:  # noqa: PTH123
        pickle.dump(rows, handle)


def call(copies: float) -> str:
    """Return the call of a number of copies."""
    names = ((0.5, "deletion"), (1.5, "loss"), (2.5, "neutral"), (5, "gain"))
    return next((name for limit, name in names if copies < limit), "amplification")


def with_cnvkit(row: dict) -> dict:
    """Return {method: ({gene: log2}, CPU seconds)}."""
    import pandas as pd
    from cnvlib import fix, segmentation
    from cnvlib.cnary import CopyNumArray

    def array(depth: np.ndarray, **more: object) -> CopyNumArray:
        frame = pd.DataFrame(
            {
                "chromosome": row["chrom"],
                "start": row["start"],
                "end": row["end"],
                "gene": row["gene"],
                "depth": depth,
                "log2": np.log2(np.maximum(depth, 0.01) / np.median(depth)),
                **more,
            }
        )
        made = CopyNumArray(frame, {"sample_id": "s"})
        made.sort()
        return made

    found = {}
    for method in METHODS:
        started = time.process_time()
        tumor = array(row["tumor"])
        reference = array(row["normal"], gc=row["gc"], spread=0.0, rmask=0.0)
        nothing = CopyNumArray(tumor.data.iloc[:0].copy(), {"sample_id": "s"})
        ratios = fix.do_fix(tumor, nothing, reference, do_gc=True, do_edge=False, do_rmask=False)
        genes = list(ratios.data.groupby("gene"))
        if method == "none":
            values = {g: float(np.average(b["log2"], weights=b["weight"])) for g, b in genes}
        else:
            segments = segmentation.do_segmentation(ratios, method).data
            values = {}
            for gene, bins in genes:
                middle = (bins["start"].min() + bins["end"].max()) / 2
                here = segments[
                    (segments["chromosome"] == bins["chromosome"].iloc[0])
                    & (segments["start"] <= middle)
                    & (segments["end"] >= middle)
                ]
                values[gene] = float(here["log2"].iloc[0]) if len(here) else 0.0
        centre = float(np.median(list(values.values())))
        values = {gene: value - centre for gene, value in values.items()}
        found[f"CNVkit {method}"] = values, time.process_time() - started
    return found


def compare(path: str) -> None:
    """Print sensitivity, false genes and the error of log2 per tool."""
    import pandas as pd

    logging.disable(logging.CRITICAL)
    with open(path, "rb") as handle:  # noqa: PTH123
        rows = pickle.load(handle)
    found = []
    for number, row in enumerate(rows):
        p = row["purity"]
        results = {
            tool: ({g: (v, call((2 * 2**v - 2 * (1 - p)) / p)) for g, v in values.items()}, cpu)
            for tool, (values, cpu) in with_cnvkit(row).items()
        }
        results["resistpanel"] = row["resistpanel"], row["cpu"]
        for tool, (genes, cpu) in results.items():
            for gene, (log2, called) in genes.items():
                kind, (total, _) = row["changes"].get(gene, ("none", (2, 1)))
                truth = np.log2(max((p * total + 2 * (1 - p)) / 2, 0.01))
                found.append((row["library"], tool, number, kind, total, called, log2 - truth, cpu))
    names = ["library", "tool", "tumour", "kind", "total", "call", "error", "cpu"]
    table = pd.DataFrame(found, columns=names)
    table["right"] = table["call"] == table["total"].map(call)
    for (library, tool), part in table.groupby(["library", "tool"], sort=False):
        none = part[part["kind"] == "none"]
        kinds = part[part["kind"] != "none"].groupby("kind", sort=False)["right"].mean()
        false = (~none["right"]).sum() / part["tumour"].nunique()
        error = np.sqrt((part["error"].clip(-1, 1) ** 2).mean())
        print(library, tool, f"false genes {false:.1f}, log2 error {error:.3f}", sep=" | ")
        print("   ", ", ".join(f"{kind} {share:.2f}" for kind, share in kinds.items()))
        print(f"    CPU {part['cpu'].mean():.2f} s")


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["export", "compare"])
    parser.add_argument("path")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    if args.step == "export":
        export(args.path, args.seeds)
    else:
        compare(args.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
