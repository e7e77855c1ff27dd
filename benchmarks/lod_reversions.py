"""The stated LOD of reversions, tested on reads: is 95 % called at it?

    python -m benchmarks.lod_reversions --seed N --patients 100 --draws 5 --output rows.jsonl
    python -m benchmarks.lod_reversions --table rows.jsonl

A patient of `benchmarks.reversions` with an inherited truncating allele of BRCA1 or BRCA2 is made
without reversions (normal and tumour) and called with four possible reversions as ``--sites``,
which gives each its LOD. Fragments of the four reverted haplotypes are sequenced and aligned with
the tumour's, in a pool. For each draw, each reversion gets of its pool the fragments of a subclone
at AF = LOD, and as many fragments without it are dropped; a fragment of a pool is used in one draw
at most. The patient is called and annotated anew, with the sites asked for (what a LOD is stated
of) and, in the first draw, without. A reversion is called if its allele passes, is detected in the
tumour, and `REVERTS` names the truncating allele.

A cell fails if the 99 % interval of the fraction called is wholly outside 93 to 97 %. Two
thirds of the patients have a premature stop (a substitution and three deletions revert it), one
third a frameshift (two insertions and two deletions).
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from benchmarks import genome, summary
from benchmarks.calibration import write_sites
from benchmarks.fragments import Library, draw, touches
from benchmarks.lod_calibration import HIGHEST, LOWEST, wilson99
from benchmarks.reversions import READ_LENGTH, Case, bam_of, compared, make_case
from benchmarks.trio import align, sequence
from benchmarks.truth import Somatic
from resistpanel.annotate.vcf import annotate_vcf
from resistpanel.cli import main as resistpanel
from resistpanel.core.haplotypes import fetcher, tidy
from resistpanel.panel.write import gff3_text

#: AF of each reversion in the pool; the draws of a reversion share it.
POOL = 0.07
#: Kinds of the reversions of a premature stop and of a frameshift.
KINDS = {True: ("SNV", "DEL", "DEL", "DEL"), False: ("INS", "DEL", "INS", "DEL")}
#: Cells of the table: kind, shortest, longest.
CELLS = {
    "SNV": ("SNV", 1, 1),
    "deletion, 1 to 20 bases": ("DEL", 1, 20),
    "deletion, 21 to 200 bases": ("DEL", 21, 200),
    "insertion, 1 to 30 bases": ("INS", 1, 30),
}
RESAMPLED = 2000
FAST = [b"level=1"]  # the BAMs live for a second


@dataclass
class Reads:
    """The aligned reads of a tumour without reversions, and of the pools.

    Attributes
    ----------
    header : pysam.AlignmentHeader
    base : dict of str to list
        Reads by fragment; a fragment's duplicates are among its reads.
    span : dict of str to (int, int)
        Alignment of each fragment of `base` on the reference, 0-based half-open.
    pools : list of dict
        As `base`, for each reversion.
    """

    header: pysam.AlignmentHeader
    base: dict[str, list]
    span: dict[str, tuple[int, int]]
    pools: list[dict[str, list]]


def fragment_of(name: str) -> str:
    """Return the fragment that a read is of, without what marks a duplicate."""
    return name[1:].rsplit(".", 1)[0] if name.startswith("D") else name


def pooled_bam(case: Case, seed: int, folder: Path, depth: float) -> Path:
    """Draw, sequence and align a tumour without reversions, and the pools of reversions."""
    rng = np.random.default_rng([seed, 2])
    library = Library(depth=depth, read_length=READ_LENGTH)
    templates = folder / "pooled.fa"
    with templates.open("wb") as sink:
        for planted in ([], [(s, POOL) for s in case.planted]):
            for name, template in draw(
                rng, case.segment, "0", case.germline, [], planted, library, "post"
            ):
                if not planted or "v" in name:
                    sink.write(b">%s\n%s\n" % (name.encode(), template))
    art_seed = 1 + (seed * 103 + 7) % 2_000_000_000
    fastqs = sequence(templates, folder / "pooled", READ_LENGTH, art_seed)
    bam = folder / "pooled.bam"
    align(fastqs, genome.reference(), "post", bam, True, 1)
    return bam


def read_pools(bam: Path, number: int) -> Reads:
    """Read what `pooled_bam` wrote, of `number` reversions."""
    base: dict[str, list] = {}
    pools: list[dict[str, list]] = [{} for _ in range(number)]
    span: dict[str, tuple[int, int]] = {}
    with pysam.AlignmentFile(str(bam)) as handle:
        header = handle.header
        for read in handle.fetch(until_eof=True):
            name = fragment_of(read.query_name)
            kind = name.split(".")[1]
            of = pools[int(kind.split("v")[1])] if "v" in kind else base
            of.setdefault(name, []).append(read)
            if of is base and not read.flag & 0x904:
                low, high = span.get(name, (read.reference_start, read.reference_end))
                span[name] = min(low, read.reference_start), max(high, read.reference_end)
    return Reads(header, base, span, pools)


def base_bam(reads: Reads, path: Path) -> Path:
    """Write the tumour without reversions."""
    return _write(reads.header, reads.base.values(), path)


def _write(header: pysam.AlignmentHeader, fragments, path: Path) -> Path:
    chosen = [read for fragment in fragments for read in fragment]
    last = header.nreferences
    chosen.sort(key=lambda r: (r.reference_id if r.reference_id >= 0 else last, r.reference_start))
    with pysam.AlignmentFile(str(path), "wb", header=header, format_options=FAST) as sink:
        for read in chosen:
            sink.write(read)
    pysam.index(str(path))
    return path


def deal(
    rng: np.random.Generator, pool: dict[str, list], af: float, draws: int
) -> list[list[list]]:
    """Deal a pool out to draws: a fragment is in each with probability af / POOL, in one at most.

    Each draw has as many as a subclone at `af` has. Fewer draws come where the pool is too small.
    """
    draws = min(draws, int(POOL / af))
    dealt: list[list[list]] = [[] for _ in range(draws)]
    for reads, at in zip(pool.values(), rng.random(len(pool)) * POOL / af, strict=True):
        if at < draws:
            dealt[int(at)].append(reads)
    return dealt


def without(
    rng: np.random.Generator, reads: Reads, planted: list[tuple[Somatic, float]]
) -> list[list]:
    """Return the tumour's fragments less those whose places the reversions take."""
    names = list(reads.span)
    start, end = np.array([reads.span[name] for name in names]).T
    haplotype = np.array([name.split(".")[1] for name in names])
    lost = np.zeros(len(names))
    for s, af in planted:
        over = touches(start, end, s.variant.pos, s.variant.end)
        lost += (haplotype == s.haplotype) * over * (af / 0.5)
    drop = {name for name, gone in zip(names, rng.random(len(names)) < lost, strict=True) if gone}
    return [fragment for name, fragment in reads.base.items() if name not in drop]


def limits(case: Case, vcf: Path, reference: Path) -> list[float | None]:
    """Return the LOD that the sites' records state for the tumour, by reversion."""
    with pysam.FastaFile(str(reference)) as fasta, pysam.VariantFile(str(vcf)) as handle:
        fetch = fetcher(fasta)
        stated = {}
        for record in handle:
            key = tidy(type(case.broken)(record.chrom, record.start, record.ref, record.alts[0]),
                       fetch)  # fmt: skip
            lod = record.samples["post"].get("LOD")
            stated[key] = lod[0] if isinstance(lod, tuple) else lod
        missing = [s for s in case.planted if tidy(s.variant, fetch) not in stated]
        if missing:
            raise SystemExit(f"sites asked for are missing from {vcf}: {missing}")
        return [stated[tidy(s.variant, fetch)] for s in case.planted]


def run(case: Case, seed: int, depth: float, draws: int, folder: Path) -> list[dict]:
    """Make a patient and its draws; return a row for each reversion of each draw."""
    reference, rng = genome.reference(), np.random.default_rng([seed, 3])
    folder.mkdir(exist_ok=True, parents=True)
    normal = bam_of(replace(case, planted=[]), "normal", 0.0, seed, folder, depth)
    reads = read_pools(pooled_bam(case, seed, folder, depth), len(case.planted))
    genome.write_bed(folder / "targets.bed", case.targets)
    (folder / "genes.gff3").write_text(gff3_text([case.gene], "hg38"))
    sites = folder / "sites.vcf"
    write_sites(sites, [s.variant for s in case.planted], reference)

    def called(post: Path, name: str, extra: list[str]) -> Path:
        out = folder / f"{name}.vcf.gz"
        words = ["call", "--reference", str(reference), "--targets", str(folder / "targets.bed")]
        words += ["--normal", str(normal), "--tumor", str(post), *extra, "--output", str(out)]
        if resistpanel(words):
            raise SystemExit(f"call failed for seed {seed}")
        return out

    asked = ["--sites", str(sites)]
    first = called(base_bam(reads, folder / "post.bam"), "first", asked)
    stated = limits(case, first, reference)
    rows: list[dict] = []
    dealt = []
    for s, lod, pool in zip(case.planted, stated, reads.pools, strict=True):
        dealt.append(deal(rng, pool, lod, draws) if lod else [])
        if not dealt[-1]:  # no limit, or one above that of the pool
            rows.append({"seed": seed, "kind": s.kind, "size": s.size, "variant": str(s.variant),
                         "stated": lod, "draw": None})  # fmt: skip
    for number in range(draws):
        drawn = [i for i, of in enumerate(dealt) if number < len(of)]
        if not drawn:
            break
        kept = without(rng, reads, [(case.planted[i], stated[i]) for i in drawn])
        for i, s in enumerate(case.planted):
            s.alt_fragments["post"] = len(dealt[i][number]) if i in drawn else 0
            s.fragments["post"] = 0
            kept = [*kept, *(dealt[i][number] if i in drawn else [])]
        post = _write(reads.header, kept, folder / "post.bam")
        found = {}
        for name, extra in (("asked", asked), ("novo", []))[: 1 if number else 2]:
            out = folder / f"{name}.annotated.vcf.gz"
            annotate_vcf(called(post, name, extra), folder / "genes.gff3", reference, out)
            those = [r for r in compared(case, out, reference, seed, 0.0) if r["planted"]]
            found[name] = dict(zip(range(len(case.planted)), those, strict=True))
        for i in drawn:
            row = found["asked"][i]
            rows.append({
                **{k: row[k] for k in ("seed", "gene", "broken", "kind", "size", "variant")},
                "draw": number, "stated": stated[i], "lodn": row["lod"],
                "carriers": row["fragments"], "called": _called(row),
                "novo": _called(found["novo"][i]) if "novo" in found else None,
                "why": {name: {k: of[i][k] for k in ("filter", "named", "detected", "alt")}
                        for name, of in found.items() if not _called(of[i])},
            })  # fmt: skip
    return rows


def _called(row: dict) -> bool:
    return row["filter"] == "PASS" and row["named"] and row["detected"]


def resampled(rows: pd.DataFrame, column: str, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 99 % interval of a fraction over patients drawn with replacement."""
    each = rows.groupby("seed")[column].agg(["sum", "count"]).to_numpy(float)
    chosen = rng.integers(0, len(each), (RESAMPLED, len(each)))
    sums = each[chosen].sum(1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.005, 0.995])
    return float(low), float(high)


def cells(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each cell of the table."""
    found = {
        name: rows[(rows.kind == kind) & rows["size"].between(low, high)]
        for name, (kind, low, high) in CELLS.items()
    }
    return found | {"all": rows}


def table(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return how many are called in each cell; `column` is called or novo."""
    rng = np.random.default_rng(1)
    lines = []
    for name, every in cells(rows).items():
        part = every[every[column].notna()]
        if not len(part):
            continue
        n, hits = len(part), int(part[column].sum())
        low, high = wilson99(hits, n)
        by_patient = resampled(part.assign(**{column: part[column].astype(float)}), column, rng)
        lines.append(
            {"reversions": name, "patients": part.seed.nunique(), "draws": n,
             "median LOD": f"{part.stated.median():.2%}", "called": f"{hits / n:.1%}",
             "99 % interval": f"{low:.1%} to {high:.1%}",
             "by patients": f"{by_patient[0]:.1%} to {by_patient[1]:.1%}",
             "holds": "yes" if low <= HIGHEST and high >= LOWEST else "no",
             "no draw": int(every.draw.isna().sum())}
        )  # fmt: skip
    return pd.DataFrame(lines)


def report(rows: pd.DataFrame) -> str:
    """Return both tables, and why reversions were not called."""
    drawn = rows[rows.draw.notna()]
    parts = []
    for column, title in (("called", "The sites asked for"), ("novo", "Without sites")):
        name = "asked" if column == "called" else "novo"
        parts += [f"## {title}\n", summary.markdown(table(rows, column))]
        missed = [w[name] for w in drawn.why if name in w]
        why = pd.Series([_reason(w) for w in missed], dtype=object).value_counts()
        parts += [f"Not called, {len(missed)}:", *(f"- {n}: {key}" for key, n in why.items()), ""]
    parts.append(f"LODN, median {drawn.lodn.median():.2%}")
    return "\n".join(parts)


def _reason(why: dict) -> str:
    if why["filter"] != "PASS":
        words = why["filter"]
        return words if isinstance(words, str) else "+".join(sorted({f for r in words for f in r}))
    return "not detected" if not why["detected"] else "REVERTS lacks the truncating allele"


def read_rows(paths: list[Path]) -> pd.DataFrame:
    """Read rows that runs wrote."""
    return pd.DataFrame([json.loads(line) for path in paths for line in path.open()])


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first patient")
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--draws", type=int, default=5, help="of each reversion of a patient")
    parser.add_argument("--depth", type=float, default=1000.0)
    parser.add_argument("--keep", type=Path, help="keep the files of each patient here")
    parser.add_argument("--output", type=Path, help="rows as JSON lines, appended")
    parser.add_argument("--table", type=Path, nargs="+", help="print the tables of such rows")
    args = parser.parse_args(argv)
    if args.table:
        print(report(read_rows(args.table)))
        return 0
    every: list[dict] = []
    with pysam.FastaFile(str(genome.reference())) as fasta:
        for number in range(args.first, args.first + args.patients):
            seed, began = args.seed * 10_000 + number, time.time()
            stop = number % 3 != 0
            case = make_case(seed, False, fasta, stop, KINDS[stop])
            with tempfile.TemporaryDirectory() as scratch:
                folder = args.keep / str(seed) if args.keep else Path(scratch)
                rows = run(case, seed, args.depth, args.draws, folder)
            every += rows
            if args.output:
                with args.output.open("a") as sink:
                    sink.writelines(json.dumps(row) + "\n" for row in rows)
            drawn = [row for row in rows if row["draw"] is not None]
            called, novo = (sum(bool(r[k]) for r in drawn) for k in ("called", "novo"))
            print(
                f"{seed}: {called} with sites, {novo} in the first draw without, of "
                f"{len(drawn)}, {time.time() - began:.1f} s",
                file=sys.stderr, flush=True,
            )  # fmt: skip
    print(report(pd.DataFrame(every)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
