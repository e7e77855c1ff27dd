"""The same simulated depths through CNVkit.

    python -m benchmarks.copynumber_cnvkit export tumours.pkl     with this project's Python
    python benchmarks/copynumber_cnvkit.py cnvkit tumours.pkl     with one that has CNVkit 0.9.14
    python benchmarks/copynumber_cnvkit.py check tumours.pkl      the same, a few tumours
    python -m benchmarks.copynumber_cnvkit compare tumours.pkl

The depths depend on the seed alone. `export` and `cnvkit` add to their files: called again, also
with more tumours, they go on where they stopped.

CNVkit is used as its authors describe it. The reference is built by the code of `cnvkit.py
reference` from the normals' coverage and a FASTA file that has the simulated GC fractions: it
corrects the normals for GC and edge effects itself. `cnvkit.py fix` then corrects the tumour for
both, and each segmenter with its default settings follows (`cbs` where R has DNAcopy). A gene's
value is that of its segment (`none`: the weighted mean of its bins, as `genemetrics` without
segments); for resistpanel it is `log2_fitted`, to which segments contribute as well. Off-target
reads, which CNVkit also uses, are not simulated. The code of the commands is called in one process,
with some of its slower functions replaced by equivalent ones (`copynumber_cnvkit_speed`);
`check` runs the commands themselves on some tumours and prints the largest difference.

Sensitivity is compared at equal specificity: for each scenario and tool, the threshold of the score
is the one at which 0.5 unchanged genes per tumour are called. The score is the log2 ratio for
CNVkit, and the log-odds that the copies are not the baseline's for resistpanel, both with the sign
of the change. The interval of a difference between the tools is from a bootstrap over tumours, in
which both thresholds are set anew.
"""

import argparse
import logging
import pickle
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

METHODS = ("none", "hmm", "haar", "cbs")
FALSE_GENES = 0.5
#: Bases to which gaps between targets are shortened in the FASTA file, beyond the insert size.
GAP = 1000
REPEATS = 400


def stored(path: str | Path) -> Iterator[dict]:
    """Return the rows of a file, one by one; none where there is no file."""
    if not Path(path).exists():
        return
    with open(path, "rb") as handle:  # noqa: PTH123
        while True:
            try:
                yield pickle.load(handle)
            except EOFError:
                return


def export(path: str, tumors: int, seed: int, scenarios: list[str] | None) -> None:
    """Simulate tumours, analyse them, and add depths, truth and results to the file."""
    from benchmarks import copynumber_disturbances as disturbed
    from benchmarks.copynumber_patients import Panel
    from resistpanel.copynumber.analyse import analyse

    done = {(row["scenario"], row["number"]) for row in stored(path)}
    with open(path, "ab") as handle:  # noqa: PTH123
        for number in range(tumors):
            for name in scenarios or disturbed.SCENARIOS:
                if (name, number) in done:
                    continue
                scenario = disturbed.SCENARIOS[name]
                rng = disturbed.generator(name, seed, number)
                panel = Panel(rng, scenario.library)
                purity = disturbed.PURITIES[number % 3]
                tumor = disturbed.draw_genome(rng, panel, purity, focal=number % 2 == 0)
                made, normals = disturbed.draw_patient(scenario, rng, tumor, panel)
                started = time.process_time()
                found = analyse(made).samples["tumor"]
                row = {
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
                pickle.dump(row, handle)


def _result(gene) -> tuple[float, float, str, float]:
    """Return (expected log2, signed score, call, log2) of a gene of resistpanel.

    Ties of the score are broken by the ratio.
    """
    width = max((gene.log2_high - gene.log2_low) / 3.92, 1e-6)
    chance = min(max(gene.probability, 1e-6), 1 - 1e-6)
    score = 20 + np.log(chance / (1 - chance)) + 1e-3 * abs(gene.log2) / width
    score = float(np.sign(gene.log2) * score)
    return gene.log2_fitted, score, gene.call, gene.log2


def reference_files(row: dict, folder: Path) -> tuple[dict, list[str], str]:
    """Write a FASTA file and the normals' coverage; return (row, files, FASTA).

    The FASTA file has the targets alone: gaps between them are shortened, and the positions of the
    row that is returned are those in the file. They differ from the genome's in nothing that the
    reference depends on: edge effects reach as far as an insert.
    """
    start, end = np.array(row["start"]), np.array(row["end"])
    chrom = np.array(row["chrom"])
    rng = np.random.default_rng(1)
    new = np.zeros((2, len(start)), int)
    fasta = folder / "panel.fa"
    with fasta.open("wb") as handle:
        for name in dict.fromkeys(chrom):
            sequence, last, at = [], None, 0
            for i in np.flatnonzero(chrom == name):
                gap = GAP if last is None else min(max(int(start[i]) - last, 0), GAP)
                length = int(end[i] - start[i])
                sequence.append(b"N" * gap)
                target = np.full(length, b"A", "S1")
                target[rng.permutation(length)[: round(row["gc"][i] * length)]] = b"G"
                sequence.append(target.tobytes())
                new[:, i] = at + gap, at + gap + length
                at, last = at + gap + length, int(end[i])
            handle.write(b">%b\n%b\n" % (str(name).encode(), b"".join(sequence)))
    row = row | {"start": new[0], "end": new[1]}
    files = []
    for i, depth in enumerate(row["normals"]):
        file = folder / f"normal{i}.targetcoverage.cnn"
        coverage(row, depth, f"normal{i}").data.to_csv(file, sep="\t", index=False)
        files.append(str(file))
    return row, files, str(fasta)


def in_genome(made, row: dict, placed: dict):
    """Return a reference with the genome's positions in place of those of the FASTA file.

    Segmenters use the distances between targets.
    """
    place = {
        (chrom, int(start)): (int(first), int(last))
        for chrom, start, first, last in zip(
            row["chrom"], placed["start"], row["start"], row["end"], strict=True
        )
    }
    positions = [place[key] for key in zip(made["chromosome"], made["start"], strict=True)]
    found = made.copy()
    found["start"], found["end"] = np.array(positions).T
    return found


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
        placed, files, fasta = reference_files(row, Path(name))
        started = time.process_time()
        made = reference.do_reference(files, fa_fname=fasta, female_samples=True)
    made = in_genome(made, row, placed)
    tumor = coverage(row, row["tumor"], "tumor")
    nothing = CopyNumArray(tumor.data.iloc[:0].copy(), {"sample_id": "tumor"})
    ratios = fix.do_fix(tumor, nothing, made)
    before = time.process_time() - started
    found, bins = {}, ratios.data
    for method in methods:
        if method == "cbs" and not shutil.which("Rscript"):
            continue
        started = time.process_time()
        segments = None if method == "none" else segmentation.do_segmentation(ratios, method).data
        found[f"CNVkit {method}"] = (
            of_genes(bins, segments),
            before + time.process_time() - started,
        )
    return found


def of_genes(bins, segments=None) -> dict[str, float]:
    """Return the centred log2 ratio of each gene.

    That of the segment at the middle of the gene; without segments, the weighted mean of its bins.
    """
    if segments is None:
        values = {
            gene: float(np.average(here["log2"], weights=here["weight"]))
            for gene, here in bins.groupby("gene")
        }
    else:
        values = of_segments(bins, segments)
    centre = float(np.median(list(values.values())))
    return {gene: value - centre for gene, value in values.items()}


def of_segments(bins, segments) -> dict[str, float]:
    """Return the log2 ratio of the segment at the middle of each gene; 0 where there is none."""
    spans = bins.groupby("gene").agg(
        chrom=("chromosome", "first"), start=("start", "min"), end=("end", "max")
    )
    values = {}
    by_chrom = {
        chrom: (here["start"].to_numpy(), here["end"].to_numpy(), here["log2"].to_numpy())
        for chrom, here in segments.groupby("chromosome")
    }
    for gene, chrom, first, last in spans.itertuples():
        middle = (first + last) / 2
        start, end, log2 = by_chrom.get(chrom, ([], [], []))
        here = np.flatnonzero((np.array(start) <= middle) & (np.array(end) >= middle))
        values[gene] = float(log2[here[0]]) if len(here) else 0.0
    return values


def commands(row: dict, methods: tuple[str, ...]) -> dict:
    """Return {method: {gene: log2}} by CNVkit's commands, each in a process of its own."""
    import subprocess

    import pandas as pd

    tool, found = [str(Path(sys.executable).with_name("cnvkit.py"))], {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def run(*words: str | Path) -> None:
            subprocess.run([*tool, *map(str, words)], check=True, capture_output=True)

        placed, files, fasta = reference_files(row, folder)
        run("reference", *files, "-f", fasta, "--sample-sex", "female", "-o", folder / "ref.cnn")
        from cnvlib.cmdutil import read_cna

        made = in_genome(read_cna(str(folder / "ref.cnn")), row, placed)
        made.data.to_csv(folder / "ref.cnn", sep="\t", index=False)
        tumor = folder / "tumor.targetcoverage.cnn"
        coverage(row, row["tumor"], "tumor").data.to_csv(tumor, sep="\t", index=False)
        run("fix", tumor, "-r", folder / "ref.cnn", "-o", folder / "tumor.cnr")
        bins = pd.read_csv(folder / "tumor.cnr", sep="\t", dtype={"chromosome": str})
        for method in methods:
            segments = None
            if method != "none":
                run("segment", folder / "tumor.cnr", "-m", method, "-o", folder / "tumor.cns")
                segments = pd.read_csv(folder / "tumor.cns", sep="\t", dtype={"chromosome": str})
            found[f"CNVkit {method}"] = of_genes(bins, segments)
    return found


def check(path: str, methods: tuple[str, ...], tumors: int) -> None:
    """Print the largest difference between the commands and this module, per method."""
    for number, row in enumerate(stored(path)):
        if number >= tumors:
            break
        made, asked = with_cnvkit(row, methods), commands(row, methods)
        for method, (values, _) in made.items():
            away = max(abs(value - asked[method][gene]) for gene, value in values.items())
            print(row["scenario"], row["number"], method, f"{away:.2g}", flush=True)


def run_cnvkit(path: str, methods: tuple[str, ...]) -> None:
    """Add CNVkit's results for all tumours, in their order; repeated from where it stopped."""
    output = path + ".cnvkit"
    done = sum(1 for _ in stored(output))
    with open(output, "ab") as handle:  # noqa: PTH123
        for number, row in enumerate(stored(path)):
            if number >= done:
                pickle.dump(with_cnvkit(row, methods), handle)
                handle.flush()


def compare(path: str) -> None:
    """Print sensitivity at equal specificity, false genes, and the error of log2, per tool."""
    import pandas as pd

    found = []
    for row, cnvkit in zip(stored(path), stored(path + ".cnvkit"), strict=False):
        p = row["purity"]
        results = {
            tool: (
                {
                    gene: (v, v, call((2 * 2**v - 2 * (1 - p)) / p), v if "none" in tool else None)
                    for gene, v in values.items()
                },
                cpu,
            )
            for tool, (values, cpu) in cnvkit.items()
        }
        results["resistpanel"] = row["resistpanel"], row["cpu"]
        for tool, (genes, cpu) in results.items():
            for gene, (log2, score, called, alone) in genes.items():
                total, minor = row["copies"].get(gene, (2, 1))
                truth = np.log2(max((p * total + 2 * (1 - p)) / 2, 0.05))
                errors = [
                    np.nan if value is None else max(value, np.log2(0.05)) - truth
                    for value in (log2, alone)
                ]
                found.append(
                    (row["scenario"], tool, row["number"], p, total, minor, called, score, *errors,
                     cpu)
                )  # fmt: skip
    names = ["scenario", "tool", "tumour", "purity", "total", "minor", "call", "score"]
    frame = pd.DataFrame(found, columns=[*names, "error", "error alone", "cpu"])
    frame["scenario"] = pd.Categorical(frame["scenario"], frame["scenario"].unique())
    for table in (summary(frame), differences(frame)):
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
    for (scenario, tool), part in table.groupby(["scenario", "tool"], sort=False, observed=True):
        tumors = part["tumour"].nunique()
        changed = part["total"] != 2
        none = part[~changed]
        limit = threshold(none["score"].to_numpy(), tumors)
        row = {"scenario": scenario, "tool": tool, "tumours": tumors}
        for title, name in (("log2 error (rms)", "error"), ("of the gene alone", "error alone")):
            rms = np.sqrt((part[name].clip(-1, 1) ** 2).mean())
            row[title] = f"{rms:.3f}" if np.isfinite(rms) else "-"
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


def _figures(tumors: list[dict]) -> np.ndarray:
    """Return (loss, gain, rms) of a list of tumours, each as `_tumor` makes it."""
    limit = threshold(np.concatenate([one["none"] for one in tumors]), len(tumors))
    loss = np.concatenate([one["loss"] for one in tumors])
    gain = np.concatenate([one["gain"] for one in tumors])
    error = np.concatenate([one["error"] for one in tumors])
    return np.array([(loss < -limit).mean(), (gain > limit).mean(), np.sqrt((error**2).mean())])


def _tumor(part) -> dict[str, np.ndarray]:
    score, total = part["score"].to_numpy(), part["total"].to_numpy()
    found = {"loss": score[total == 1], "gain": score[total == 3], "none": score[total == 2]}
    return found | {"error": part["error"].clip(-1, 1).to_numpy()}


def differences(table):
    """Return resistpanel less each mode of CNVkit with 95 % intervals, one row per scenario."""
    import pandas as pd

    rows = []
    for scenario, here in table.groupby("scenario", sort=False, observed=True):
        tools = {
            tool: [_tumor(one) for _, one in part.groupby("tumour")]
            for tool, part in here.groupby("tool", sort=False)
        }
        mine = tools.pop("resistpanel")
        for tool, other in tools.items():
            rng, drawn = np.random.default_rng(1), []
            for _ in range(REPEATS):
                drawn_rows = rng.integers(len(mine), size=len(mine))
                drawn.append(
                    _figures([mine[i] for i in drawn_rows])
                    - _figures([other[i] for i in drawn_rows])
                )
            low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
            value = _figures(mine) - _figures(other)
            row = {"scenario": scenario, "against": tool, "tumours": len(mine)}
            for i, (name, digits) in enumerate((("loss", 2), ("gain", 2), ("rms", 3))):
                row[name] = (
                    f"{value[i]:+.{digits}f} ({low[i]:+.{digits}f} to {high[i]:+.{digits}f})"
                )
            own, others = (
                np.array([(one["error"] ** 2).mean() for one in tool]) for tool in (mine, other)
            )
            row["rms lower in"] = f"{(own < others).sum()} of {len(mine)}"
            rows.append(row)
    return pd.DataFrame(rows)


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["export", "cnvkit", "check", "compare"])
    parser.add_argument("path")
    parser.add_argument("--tumors", type=int, default=24, help="per scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--method", action="append", choices=METHODS, help="all if not given")
    parser.add_argument("--scenario", action="append", help="all if not given")
    args = parser.parse_args()
    if args.step == "export":
        export(args.path, args.tumors, args.seed, args.scenario)
    elif args.step in ("cnvkit", "check"):
        import copynumber_cnvkit_speed  # of this folder

        logging.disable(logging.CRITICAL)
        copynumber_cnvkit_speed.install()
        methods = tuple(args.method or METHODS)
        if args.step == "cnvkit":
            run_cnvkit(args.path, methods)
        else:
            check(args.path, methods, args.tumors)
    else:
        compare(args.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
