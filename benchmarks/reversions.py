"""Reversions of truncating BRCA1 and BRCA2 alleles, planted in reads of real sequence.

    python -m benchmarks.reversions --seed 7 --patients 40 --af 0.02
    python -m benchmarks.reversions --seed 9 --patients 300 --carriers

A patient has an inherited truncating allele (frameshift, premature stop) and, in a tumour after
treatment, several subclones that each revert it once, at one AF: deletions of 1 to 200 bases,
insertions of 1 to 30, substitutions. Reads of both are drawn from hg38, sequenced by ART and
aligned by bwa, called against the normal and annotated. A reversion is found if its allele passes
and `REVERTS` names the truncating allele; the truth is decided by translation apart from the
package. ``--carriers`` plants none; whatever passes and reverts is false.
"""

import argparse
import itertools
import json
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pysam

from benchmarks import genome
from benchmarks.fragments import Library, build, draw
from benchmarks.genome import Segment
from benchmarks.trio import align, sequence
from benchmarks.truth import Germline, Somatic, draw_germline
from benchmarks.variants import Variant, left_align, overlap
from resistpanel.annotate.vcf import annotate_vcf
from resistpanel.cli import main as resistpanel
from resistpanel.core.haplotypes import fetcher, same_haplotype, tidy
from resistpanel.core.sequence import GENETIC_CODE, reverse_complement
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.panel.write import gff3_text

GENES = ("BRCA1", "BRCA2")
#: Bases on either side of the truncating allele that are targets, within coding exons.
REACH = 450
#: Distance of a reversion from the truncating allele, at most.
NEAR = 150
#: Deletions are drawn log-uniformly.
LONGEST = 200
PER_PATIENT = 4
#: Of the table of kinds.
SIZES = ((1, 3), (4, 20), (21, 60), (61, 200))
#: Bases between two of a patient of one length change, at least.
ALIKE = 40


@dataclass
class Case:
    """A patient: the gene on its contig, the truncating allele, the reversions."""

    gene: Gene
    segment: Segment
    targets: list[tuple]
    broken: Variant
    planted: list[Somatic] = field(default_factory=list)
    germline: list[Germline] = field(default_factory=list)


def on_window(name: str, contigs: list[str]) -> Gene:
    """Return a gene of the shipped panel in the coordinates of its window."""
    gene = load_genes(genome.ROOT / "panels" / "cancer138" / "hg38.gff3")[name]
    placed = [genome.to_contig(gene.chrom, start, end, contigs) for start, end in gene.cds]
    return replace(gene, chrom=placed[0][0], cds=[(start, end) for _, start, end in placed])


def intact(gene: Gene, segment: Segment, variants: list[Variant], fasta: pysam.FastaFile) -> bool:
    """Whether a molecule with these variants codes to the annotated stop, by its own sequence.

    The segment holds the variants and whole exons or parts of them; the coding bases outside are
    the reference's.
    """
    haplotype = build(segment, variants)
    coding = b""
    for start, end in gene.cds:
        low, high = max(start, segment.start), min(end, segment.end)
        if low >= high:
            coding += fasta.fetch(gene.chrom, start, end).upper().encode()
            continue
        coding += fasta.fetch(gene.chrom, start, low).upper().encode()
        first = int(haplotype.place[low - segment.start])
        last = int(haplotype.place[high - segment.start])
        coding += haplotype.sequence[first:last].tobytes()
        coding += fasta.fetch(gene.chrom, high, end).upper().encode()
    text = coding.decode()
    if gene.strand == "-":
        text = reverse_complement(text)
    if len(text) % 3:
        return False
    protein = [GENETIC_CODE.get(text[i : i + 3], "X") for i in range(0, len(text), 3)]
    return text[:3] == "ATG" and "*" not in protein[:-1] and protein[-1] == "*"


def _other(rng: np.random.Generator, base: str) -> str:
    return str(rng.choice([b for b in "ACGT" if b != base]))


def _log_uniform(rng: np.random.Generator, most: int) -> int:
    """Return a number from 1 to `most`, its logarithm uniform."""
    return round(float(np.exp(rng.uniform(0, np.log(most)))))


def _indel(rng: np.random.Generator, segment: Segment, at: int, size: int) -> Variant:
    """Return a deletion (`size` below 0) or an insertion at a position."""
    offset = at - segment.start
    if size < 0:
        return Variant(segment.chrom, at, segment.sequence[offset : offset - size], "")
    return Variant(segment.chrom, at, "", "".join(rng.choice(list("ACGT"), size)))


def draw_broken(
    rng: np.random.Generator, gene: Gene, fasta: pysam.FastaFile, stop: bool | None = None
) -> Variant:
    """Draw a truncating allele: two in three a frameshift of 1 to 5 bases, else a stop.

    `stop` chooses which.
    """
    sizes = [end - start for start, end in gene.cds]
    while True:
        start, end = gene.cds[int(rng.choice(len(sizes), p=np.array(sizes) / sum(sizes)))]
        at = int(rng.integers(start + 8, max(end - 12, start + 9)))
        segment = whole(gene, at - 30, at + 40, fasta)
        if rng.random() < 2 / 3 if stop is None else not stop:
            size = int(rng.choice([1, 1, 2, 4, 5])) * (1 if rng.random() < 0.35 else -1)
            variant = _indel(rng, segment, at, size)
        else:
            base = segment.sequence[at - segment.start]
            variant = Variant(
                gene.chrom, at, base, str(rng.choice([b for b in "ACGT" if b != base]))
            )
        variant = left_align(variant, segment.sequence, segment.start)
        inside = start + 4 < variant.pos and variant.end < end - 4
        if inside and not intact(gene, segment, [variant], fasta):
            return variant


def whole(gene: Gene, start: int, end: int, fasta: pysam.FastaFile) -> Segment:
    """Return a stretch of a gene's window."""
    text = fasta.fetch(gene.chrom, start, end).upper()
    return Segment(gene.chrom, start, start + len(text), text, np.zeros(len(text), dtype=bool))


def draw_reversion(
    rng: np.random.Generator, case: Case, fasta: pysam.FastaFile, kind: str | None = None
) -> Somatic | None:
    """Draw a reversion of the case's truncating allele by trial; None if none came.

    `kind` (SNV, DEL or INS) chooses which.
    """
    exon = next(e for e in case.gene.cds if e[0] <= case.broken.pos < e[1])
    substitution = len(case.broken.ref) == len(case.broken.alt)
    kinds = ["SNV", "DEL", "DEL"] if substitution else ["DEL", "DEL", "INS"]
    kind = kind or str(rng.choice(kinds))
    for _ in range(4000):
        size = _log_uniform(rng, LONGEST)
        at = case.broken.pos + int(rng.integers(-NEAR, NEAR))
        if kind == "SNV":
            at = case.broken.pos + int(rng.integers(-2, 3))
            base = case.segment.sequence[at - case.segment.start]
            variant = Variant(case.gene.chrom, at, base, _other(rng, base))
        elif kind == "DEL":
            if rng.random() < 0.5:  # so that long ones hold the truncating allele as well
                at = case.broken.pos - int(rng.integers(0, size + 1))
            variant = _indel(rng, case.segment, at, -size)
        else:
            variant = _indel(rng, case.segment, at, _log_uniform(rng, 30))
        variant = left_align(variant, case.segment.sequence, case.segment.start)
        if not (exon[0] + 2 <= variant.pos and variant.end <= exon[1] - 2):
            continue
        if not (case.targets[0][1] <= variant.pos and variant.end <= case.targets[0][2]):
            continue
        over = overlap(variant, case.broken) or variant.pos == case.broken.pos
        if over and kind != "SNV" and not _covers(variant, case.broken):
            continue
        if any(
            overlap(variant, g.variant) or _beside(variant, g.variant)
            for g in case.germline
            if g.variant != case.broken
        ):
            continue
        if not over and _beside(variant, case.broken):
            continue
        molecule = [variant] if over else [case.broken, variant]
        if not intact(case.gene, case.segment, molecule, fasta):
            continue
        if any(_alike(variant, s.variant) for s in case.planted):
            continue
        size = max(len(variant.ref), len(variant.alt))
        return Somatic(variant, "A", kind, size, (0.0,), "acquired")
    return None


def _covers(variant: Variant, broken: Variant) -> bool:
    if broken.pos == broken.end:  # an insertion lies between two bases of the deletion
        return variant.pos < broken.pos < variant.end
    return variant.pos <= broken.pos and broken.end <= variant.end


def _alike(one: Variant, two: Variant) -> bool:
    """Whether two reversions of a patient are too alike to be told apart by few reads."""
    near = abs(one.pos - two.pos) < ALIKE
    return near and len(one.alt) - len(one.ref) == len(two.alt) - len(two.ref)


def _beside(one: Variant, two: Variant) -> bool:
    """Whether two variants touch, so that they would be one."""
    return one.pos <= two.end and two.pos <= one.end


def make_case(
    seed: int,
    carrier: bool,
    fasta: pysam.FastaFile,
    stop: bool | None = None,
    kinds: tuple[str, ...] = (),
) -> Case:
    """Draw a patient; `stop` as for `draw_broken`, `kinds` of the reversions if not drawn."""
    rng = np.random.default_rng(seed)
    contigs = list(fasta.references)
    gene = on_window(GENES[int(rng.integers(2))], contigs)
    broken = draw_broken(rng, gene, fasta, stop)
    exon = next(e for e in gene.cds if e[0] <= broken.pos < e[1])
    low, high = max(exon[0], broken.pos - REACH), min(exon[1], broken.pos + REACH)
    targets = [(gene.chrom, low - genome.FLANK, high + genome.FLANK, f"{gene.symbol}|exon")]
    segment = whole(gene, low - genome.PAD - 100, high + genome.PAD + 100, fasta)
    segment.on_target[low - genome.FLANK - segment.start : high + genome.FLANK - segment.start] = 1
    inherited = [g for g in draw_germline(rng, segment) if abs(g.variant.pos - broken.pos) > 25]
    inherited = [g for g in inherited if len(g.variant.ref) == len(g.variant.alt)]
    inherited = [g for g in inherited if intact(gene, segment, [g.variant], fasta)]
    case = Case(gene, segment, targets, broken, [], [*inherited, Germline(broken, "A")])
    for kind in kinds:
        if (found := draw_reversion(rng, case, fasta, kind)) is not None:
            case.planted.append(found)
    while not (carrier or kinds) and len(case.planted) < PER_PATIENT:
        found = draw_reversion(rng, case, fasta)
        if found is None:
            break
        case.planted.append(found)
    return case


def bam_of(case: Case, sample: str, af: float, seed: int, folder: Path, depth: float) -> Path:
    """Draw, sequence and align the reads of a sample."""
    rng = np.random.default_rng([seed, len(sample)])
    library = Library(depth=depth, read_length=READ_LENGTH)
    templates = folder / f"{sample}.fa"
    with templates.open("wb") as sink:
        fractions = [(s, af) for s in case.planted]
        for name, template in draw(
            rng, case.segment, "0", case.germline, [], fractions, library, sample
        ):
            sink.write(b">%s\n%s\n" % (name.encode(), template))
    art_seed = 1 + (seed * 101 + len(sample)) % 2_000_000_000
    fastqs = sequence(templates, folder / sample, READ_LENGTH, art_seed)
    bam = folder / f"{sample}.bam"
    align(fastqs, genome.reference(), sample, bam, True, 1)
    return bam


READ_LENGTH = 100


def run(case: Case, af: float, seed: int, depth: float, keep: Path | None = None) -> list[dict]:
    """Call and annotate a patient; return a row for each planted reversion, and each false one."""
    reference = genome.reference()
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(exist_ok=True, parents=True)
        normal = bam_of(replace(case, planted=[]), "normal", 0.0, seed, folder, depth)
        post = bam_of(case, "post", af, seed, folder, depth)
        genome.write_bed(folder / "targets.bed", case.targets)
        (folder / "genes.gff3").write_text(gff3_text([case.gene], "hg38"))
        words = ["call", "--reference", str(reference), "--targets", str(folder / "targets.bed")]
        words += ["--normal", str(normal), "--tumor", str(post)]
        if resistpanel([*words, "--output", str(folder / "call.vcf.gz")]):
            raise SystemExit(f"call failed for seed {seed}")
        out = folder / "annotated.vcf.gz"
        annotate_vcf(folder / "call.vcf.gz", folder / "genes.gff3", reference, out)
        return compared(case, out, reference, seed, af)


def compared(case: Case, vcf: Path, reference: Path, seed: int, af: float) -> list[dict]:
    """Return the rows of a patient."""
    rows = []
    with pysam.FastaFile(str(reference)) as fasta, pysam.VariantFile(str(vcf)) as handle:
        fetch = fetcher(fasta)
        broken = tidy(case.broken, fetch)
        records = {}
        for record in handle:
            key = tidy(Variant(record.chrom, record.start, record.ref, record.alts[0]), fetch)
            records[key] = record
        known = records.get(broken)
        lod = known.samples["post"].get("LODN") if known else None
        found_broken = known is not None and known.info.get("MODEL") == "germline"
        ids = f"{known.pos}_{known.ref}_{known.alts[0]}_" if known else "?"
        base = {"seed": seed, "gene": case.gene.symbol, "af": af, "broken": str(case.broken),
                "broken_found": found_broken}  # fmt: skip
        used = set()
        for s in case.planted:
            keys = spelt(s.variant, broken, records, fetch)
            used.update(keys)
            those = [records[key] for key in keys]
            entries = [e for r in those for e in r.info.get("REVERTS", ())]
            passes = those and all(set(r.filter) == {"PASS"} for r in those)
            rows.append(base | {
                "kind": s.kind, "size": s.size, "fragments": s.alt_fragments["post"],
                "depth": s.fragments["post"],
                "detected": bool(those) and all(r.samples["post"]["DET"] == 1 for r in those),
                "alt": [r.samples["post"]["AD"][1] for r in those],
                "filter": "PASS" if passes else [list(r.filter) for r in those] or "no record",
                "named": any(e.startswith(ids) for e in entries),
                "phase": [e for r in those for e in r.info.get("PHASE", ()) if e.startswith(ids)],
                "variant": str(s.variant), "planted": True,
                "merged": keys != [tidy(s.variant, fetch)],
                "lod": lod[0] if isinstance(lod, tuple) else lod,
            })  # fmt: skip
        for key, record in records.items():
            if key not in used and record.info.get("REVERTS") and set(record.filter) == {"PASS"}:
                rows.append(base | {
                    "planted": False, "filter": "PASS", "variant": str(key),
                    "fragments": record.samples["post"]["AD"][1],
                    "reverts": list(record.info["REVERTS"]),
                })  # fmt: skip
    return rows or [base | {"planted": None}]


def spelt(planted: Variant, broken: Variant, records: dict, fetch) -> list[Variant]:
    """Return the records that are a planted reversion, none if none are.

    Where it lies close to the truncating allele, the caller reports how the molecule differs from
    the reference, as one allele or two.
    """
    sets = [[planted]] if overlap(planted, broken) else [[planted], [planted, broken]]
    near = [key for key in records if abs(key.pos - planted.pos) < 2 * NEAR]
    near.sort(key=lambda key: set(records[key].filter) != {"PASS"})
    for size in (1, 2):
        for chosen in itertools.combinations(near, size):
            if any(same_haplotype(list(chosen), wanted, fetch) for wanted in sets):
                return list(chosen)
    return []


def table(rows: list[dict]) -> list[str]:
    """Return the recall by AF, and what was missed, as lines of Markdown."""
    planted = [row for row in rows if row.get("planted")]
    lines = [
        "| AF | patients | planted | found | with 5 or more fragments | LOD, median |",
        "|---|---|---|---|---|---|",
    ]
    for af in sorted({row["af"] for row in planted}, reverse=True):
        mine = [row for row in planted if row["af"] == af]
        five = [row for row in mine if row["fragments"] >= 5]
        lods = sorted(row["lod"] for row in mine if row["lod"])
        lines.append(
            f"| {af:.0%} | {len({row['seed'] for row in mine})} | {len(mine)} | {_share(mine)} | "
            f"{_share(five)} | {lods[len(lods) // 2]:.2%} |"
        )
    lines += ["", "| kind | " + " | ".join(f"{a} to {b} bases" for a, b in SIZES) + " |",
              "|---|" + "---|" * len(SIZES)]  # fmt: skip
    for kind in ("SNV", "DEL", "INS"):
        cells = [
            [r for r in planted if r["kind"] == kind and a <= r["size"] <= b] for a, b in SIZES
        ]
        lines.append(f"| {kind} | " + " | ".join(map(_share, cells)) + " |")
    near = [row for row in planted if _found(row) and not row["merged"] and row["phase"]]
    cis = [row for row in near if _cis(row["phase"][0])]
    lines += ["", f"Of {len(near)} found beside the truncating allele with phased fragments, "
              f"{len(cis)} are in cis by them."]  # fmt: skip
    missed = [row for row in planted if not _found(row)]
    lines += ["", "Missed:", "", "| AF | truncating allele | reversion | fragments | why |",
              "|---|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {row['af']:.0%} | {_brief(row['broken'])} | {_brief(row['variant'])} | "
        f"{row['fragments']} | {row['filter']} |"
        for row in missed
    ]
    return lines


def _found(row: dict) -> bool:
    return row["filter"] == "PASS" and row["named"]


def _share(rows: list[dict]) -> str:
    return f"{sum(map(_found, rows))} of {len(rows)}" if rows else ""


def _cis(entry: str) -> bool:
    cis, trans = map(int, entry.rsplit("_", 2)[1:])
    return cis > trans


def _brief(variant: str) -> str:
    chrom, _, pos, ref, alt = variant.split(":")
    parts = [x if len(x) < 14 else f"{x[:6]}..({len(x)})" for x in (ref, alt)]
    return f"{chrom} {pos} {'>'.join(parts)}"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--af", type=float, default=0.02)
    parser.add_argument("--depth", type=float, default=1000.0)
    parser.add_argument("--carriers", action="store_true", help="plant no reversion")
    parser.add_argument("--keep", type=Path, help="keep the files of each patient here")
    parser.add_argument("--output", type=Path, help="rows as JSON lines, appended")
    parser.add_argument("--table", type=Path, nargs="+", help="print the tables of such rows")
    args = parser.parse_args(argv)
    if args.table:
        rows = [json.loads(line) for path in args.table for line in path.open()]
        print("\n".join(table(rows)))
        return 0
    with pysam.FastaFile(str(genome.reference())) as fasta:
        for number in range(args.patients):
            seed = args.seed * 100_000 + number
            case = make_case(seed, args.carriers, fasta)
            keep = args.keep / str(seed) if args.keep else None
            rows = run(case, args.af, seed, args.depth, keep)
            if args.output:
                with args.output.open("a") as sink:
                    sink.writelines(json.dumps(row) + "\n" for row in rows)
            for row in rows:
                print(row, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
