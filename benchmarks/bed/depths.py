"""The bed at the level of depths and counts alone, so that thousands of patients cost seconds.

Three tables: whether interval and bound hold under overdispersion (`limits`), what the stage
`compare` says of changes that did and did not happen (`states`), and what the stage `copynumber`
makes of depths with an asymmetric GC curve, waves and noise between targets
(`depths_copynumber.measure`). The stages are run as their commands, on files written after the
formats in docs/architecture.md.
"""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pysam
from scipy import stats

from benchmarks.bed import depths_copynumber, genome, publish, report, statistics

FOLDER = genome.WORK / "depths"
RHOS = (0.0, 5e-4, 3e-3, 1e-2)
DRAWS = 20_000
LEAST_DETECTED = 5  # fragments with which the imitated caller detects an allele


def beta_binomial(n: int, f, rho: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw fragments with the allele out of n; rho 0 is the binomial."""
    if rho <= 0:
        return rng.binomial(n, f, size)
    m = (1 - rho) / rho
    return rng.binomial(n, rng.beta(f * m, (1 - f) * m, size))


def jeffreys(k: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval that docs/call.md states for AFCI."""
    low = np.where(k == 0, 0.0, stats.beta.ppf(0.025, k + 0.5, n - k + 0.5))
    high = np.where(k == n, 1.0, stats.beta.ppf(0.975, k + 0.5, n - k + 0.5))
    return low, high


def upper(k: np.ndarray, n: int) -> np.ndarray:
    """Return the bound that docs/call.md states for UB."""
    return np.where(k == n, 1.0, stats.beta.ppf(0.95, k + 1, np.maximum(n - k, 1e-9)))


def limits(
    rng: np.random.Generator, interval: Callable = jeffreys, bound: Callable = upper
) -> list:
    """Return rows (depth, AF, rho, coverage of the interval, of the bound, just above UB(k)).

    ``interval`` and ``bound`` take counts and a depth. With those of docs/call.md the table shows
    what the formulas do; hand over others to judge these.
    """
    rows = []
    for n in (300, 1000, 5000):
        table = np.arange(n + 1)
        lows, highs, bounds = *interval(table, n), bound(table, n)
        for rho in RHOS:
            for f in (0.005, 0.02, 0.1, 0.3):
                k = beta_binomial(n, f, rho, DRAWS, rng)
                inside = int(((lows[k] <= f) & (f <= highs[k])).sum())
                over = int((bounds[k] >= f).sum())
                rows.append((n, f, rho, statistics.coverage(inside, DRAWS),
                             statistics.coverage(over, DRAWS, "bound")))  # fmt: skip
            for k0 in range(6):
                f = float(bounds[k0]) * 1.0001
                k = beta_binomial(n, f, rho, DRAWS, rng)
                over = int((bounds[k] >= f).sum())
                rows.append((n, f, rho, None, statistics.coverage(over, DRAWS, "tight")))
    return rows


STATE_RHOS = (0.0, 3e-3, 1e-2)
CHANGES = ("same", "double", "new", "gone")


def _fractions(change: str, f: float) -> tuple[float, float]:
    return {"same": (f, f), "double": (f, 2 * f),
            "new": (0.0, f), "gone": (f, 0.0)}[change]  # fmt: skip


def _sample(k: int, n: int, low, high, ub, lod: float) -> str:
    det = int(k >= LEAST_DETECTED)
    half = (n - k) // 2
    genotype = "0/1" if det else "0/0"
    return (f"{genotype}:{n - k},{k}:{half},{k // 2}:{n - k - half},{k - k // 2}:{n}:"
            f"{k / n:.6g}:{low:.6g},{high:.6g}:{lod:.6g}:{ub:.6g}:{det}")  # fmt: skip


HEADER = """\
##fileformat=VCFv4.3
##FILTER=<ID=germline,Description="germline">
##FILTER=<ID=tested,Description="no shared variant of the patient">
##INFO=<ID=TYPE,Number=1,Type=String,Description="type">
##INFO=<ID=MODEL,Number=1,Type=String,Description="model">
##INFO=<ID=SOMATIC_PHRED,Number=1,Type=Float,Description="phred">
##INFO=<ID=BCSQ,Number=.,Type=String,Description="consequence">
##INFO=<ID=GENE,Number=1,Type=String,Description="gene">
##INFO=<ID=TRANSCRIPT,Number=1,Type=String,Description="transcript">
##INFO=<ID=CONSEQUENCE,Number=1,Type=String,Description="consequence">
##INFO=<ID=HGVSC,Number=1,Type=String,Description="coding change">
##INFO=<ID=HGVSP,Number=1,Type=String,Description="protein change">
##INFO=<ID=PROTEIN,Number=.,Type=String,Description="protein change">
##INFO=<ID=RESIDUES,Number=.,Type=Integer,Description="codons">
##INFO=<ID=SPLICE,Number=0,Type=Flag,Description="splice">
##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="fragments">
##FORMAT=<ID=ADF,Number=R,Type=Integer,Description="forward">
##FORMAT=<ID=ADR,Number=R,Type=Integer,Description="reverse">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="depth">
##FORMAT=<ID=AF,Number=1,Type=Float,Description="frequency">
##FORMAT=<ID=AFCI,Number=2,Type=Float,Description="interval">
##FORMAT=<ID=LOD,Number=1,Type=Float,Description="limit">
##FORMAT=<ID=UB,Number=1,Type=Float,Description="bound">
##FORMAT=<ID=DET,Number=1,Type=Integer,Description="detected">
"""
CONTIG = "##contig=<ID=chr1,length=250000000>\n"
FORMAT = "GT:AD:ADF:ADR:DP:AF:AFCI:LOD:UB:DET"


def sheet(path: Path, samples: dict[str, float | None]) -> Path:
    """Write the sheet of a patient: normal, then tumours before and after; values are purities."""
    rows, day = [], 0
    for sample, purity in samples.items():
        normal = sample == "normal"
        rows.append({"sample": sample, "role": "normal" if normal else "tumor",
                     "timepoint": None if normal else sample, "day": None if normal else day,
                     "lesion": None, "drugs": [], "bam": f"/bams/{sample}.bam",
                     "purity": purity})  # fmt: skip
        day += 0 if normal else 100
    tumours = [r["sample"] for r in rows if r["role"] == "tumor"]
    pairs = [{"pre": tumours[0], "post": t, "drugs": []} for t in tumours[1:]]
    path.write_text(json.dumps({
        "schema": "resistpanel/sheet/1", "patient": "BED", "sex": None, "disease": None,
        "samples": rows, "pairs": pairs, "drugs": [], "lines": [{
            "number": 1, "drugs": [], "start": None, "stop": None, "baseline": tumours[:1],
            "samples": tumours[1:],
        }] if pairs else [],
        "tumor_only": "normal" not in samples,
    }))  # fmt: skip
    return path


def command(*words) -> None:
    """Run a command of the caller's package in this process: thousands of them are needed."""
    from resistpanel.cli import main

    status = main([str(word) for word in words])
    if status:
        raise RuntimeError(f"resistpanel {words[0]} ended with {status}")


def _write_vcf(path: Path, samples: list[str], lines: list[str], contigs: str = CONTIG) -> Path:
    columns = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT",
                         *samples])  # fmt: skip
    plain = path.with_suffix("")
    plain.write_text(HEADER + contigs + columns + "\n" + "\n".join(lines) + "\n")
    pysam.tabix_compress(str(plain), str(path), force=True)
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


def states(rng: np.random.Generator, draws: int = statistics.LEAST_DRAWS) -> list[tuple]:
    """Return rows (depth, AF, rho, change, Counter of states) from the stage `compare`.

    Its answer depends on the counts alone, so that every pair of counts is put to it once.
    """
    cells, lines, position = [], [], {}
    for n in (500, 2000):
        table = np.arange(n + 1)
        low, high = jeffreys(table, n)
        ub = upper(table, n)
        grid = np.geomspace(1e-3, 0.5, 400)
        lod = float(grid[np.argmax(stats.binom.sf(LEAST_DETECTED - 1, n, grid) >= 0.95)])
        text = [_sample(k, n, low[k], high[k], ub[k], lod) for k in table]
        for f in (0.02, 0.1):
            for rho in STATE_RHOS:
                for change in CHANGES:
                    pairs = [beta_binomial(n, x, rho, draws, rng) if x else np.zeros(draws, int)
                             for x in _fractions(change, f)]  # fmt: skip
                    at = []
                    for x, y in zip(*pairs, strict=True):
                        if (n, x, y) not in position:
                            position[n, x, y] = 100 + 10 * len(position)
                            lines.append(
                                f"chr1\t{position[n, x, y]}\t.\tA\tG\t99\ttested\tTYPE=SNV;"
                                f"MODEL=somatic;SOMATIC_PHRED=99\t{FORMAT}\t{text[0]}\t{text[x]}"
                                f"\t{text[y]}"
                            )
                        at.append(position[n, x, y])
                    cells.append((n, f, rho, change, at))
    # What shows that both samples contain tumour of one purity.
    shared = [
        f"chr1\t{at}\t.\tA\tG\t99\tPASS\tTYPE=SNV;MODEL=somatic;SOMATIC_PHRED=99\t{FORMAT}\t"
        f"{text[0]}\t{text[700]}\t{text[700]}"
        for at in range(10, 100, 10)
    ]
    names = ["normal", "pre", "post"]
    vcf = _write_vcf(FOLDER / "states.vcf.gz", names, [*shared, *lines])
    table = sheet(FOLDER / "states.sheet.json", dict.fromkeys(names))
    out = FOLDER / "states.json"
    command("compare", "--vcf", vcf, "--sheet", table, "--output", out)
    found = {v["pos"]: v["state"] for v in json.loads(out.read_text())["variants"]}
    return [(*cell, Counter(found[p] for p in at)) for *cell, at in cells]


WRONG = {  # states that contradict what happened
    "same": ("rising", "falling", "acquired", "lost", "emergent"),
    "double": ("stable", "falling", "lost"),
    "new": ("stable", "falling", "lost", "absent", "rising"),
    "gone": ("stable", "rising", "acquired", "absent", "emergent"),
}
RIGHT = {"same": ("stable",), "double": ("rising",),
         "new": ("acquired",), "gone": ("lost",)}  # fmt: skip


def _limits_text(rows) -> str:
    lines = []
    for n, f, rho, inside, over in rows:
        shown = "" if inside is None else f"{inside.share:.2%} ({inside.verdict})"
        at = f"{f:.4g}" + (" (just above UB)" if inside is None else "")
        lines.append((n, at, rho, shown, f"{over.share:.2%} ({over.verdict})"))
    cells = [c for row in rows for c in row[3:] if c is not None]
    failed = sum(c.verdict == "fails" for c in cells)
    head = (f"{failed} of {len(cells)} cells fail; the rule allows {statistics.FAILED_CELLS:.0%}. "
            f"{DRAWS} draws each; a cell fails if its 99 % interval lies outside 93 to 97 % "
            "(bounds: below 93 %; just above UB(k), k = 0 to 5: outside).\n\n")  # fmt: skip
    return head + report.table(lines, ["depth", "AF", "rho", "interval (AFCI)", "bound (UB)"])


def _states_text(rows) -> str:
    lines = []
    for n, f, rho, change, found in rows:
        total = sum(found.values())
        wrong = sum(found[s] for s in WRONG[change])
        right = sum(found[s] for s in RIGHT[change])
        low, high = statistics.clopper_pearson(wrong, total)
        lines.append((n, f, rho, change, f"{right / total:.1%}",
                      f"{wrong / total:.2%} ({low:.2%} to {high:.2%})",
                      f"{found['undetermined'] / total:.1%}"))  # fmt: skip
    return report.table(lines, ["depth", "AF", "rho", "what happened", "said so",
                                "contradicted (99 % interval)", "undetermined"])  # fmt: skip


def run(seed: int) -> None:
    """Measure the three tables; prints them and keeps them for `publish`."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    began = time.process_time()
    rng = np.random.default_rng([seed, 5])
    commit = publish.commit_of(seed)
    which = f"fresh, of commit {commit}" if commit else "chosen"
    parts = [f"## Depths and counts alone\n\nSeed {seed} ({which}). Made by "
             f"`python -m benchmarks.bed depths --seed {seed}`.\n"]  # fmt: skip
    parts.append("### Interval and bound under overdispersion\n\nBeta-binomial counts; the "
                 "formulas of [call](../call.md). " + _limits_text(limits(rng)))  # fmt: skip
    parts.append("### States of changes\n\nOf 2,000 pairs of counts each, what `resistpanel "
                 "compare` says; contradicted: a state that what happened rules out.\n\n"
                 + _states_text(states(rng)))  # fmt: skip
    parts.append("### Copy number\n\n" + depths_copynumber.measure(rng, FOLDER, command, sheet))
    text = "\n".join(parts)
    kept = genome.WORK / "results" / "depths.md"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(text)
    print(text)
    print(f"CPU seconds: {time.process_time() - began:.0f}")
