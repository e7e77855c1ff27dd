"""Tandem duplications of 30 to 1,000 bases: exact length and bases, allele frequency.

    python -m benchmarks.tandem_duplications --out DIR --seed 1 [--read 150] [--amplicon]

One haplotype of synthetic sequence has a duplication of each length, 2 kb apart, a third of them
with inserted bases between the copies. Reads with 0.1 % errors are drawn from it and from the
reference, aligned by bwa mem, and called against a normal. With ``--amplicon``, each place is an
amplicon whose ends all its fragments have, and the duplication begins 24 bases behind its first
one: forward reads hold the junction of those shorter than a read by 40 bases, no read that of
longer ones.
"""

import argparse
import contextlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

from resistpanel.call.caller import Caller
from resistpanel.call.settings import Settings
from resistpanel.core.vcf import CallVcf
from resistpanel.testing.genome import background, decode, encode

LENGTHS = (30, 45, 60, 80, 102, 150, 200, 300, 500, 1000)
AFS = (0.02, 0.05, 0.2)
APART, EDGE = 2500, 1500
BEFORE, BEHIND = 24, 120  # bases of an amplicon on either side of the duplicated segment
INSERT, SPREAD = 300, 50
ERROR = 0.001


@dataclass(frozen=True)
class Copy:
    """A duplication of [start, start + length), with bases between the copies."""

    start: int
    length: int
    inserted: str


def draw(rng: np.random.Generator, lengths: list[int]) -> tuple[np.ndarray, list[Copy]]:
    """Return the sequence and the duplications."""
    codes = background(2 * EDGE + APART * len(lengths), rng)
    found = []
    for n, length in enumerate(lengths):
        more = int(rng.integers(1, 13)) if rng.random() < 1 / 3 else 0
        inserted = decode(rng.integers(0, 4, more).astype(np.uint8))
        start = EDGE + n * APART + int(rng.integers(20, 60))
        found.append(Copy(start, length, inserted))
    return codes, found


def haplotype(codes: np.ndarray, copies: list[Copy]) -> np.ndarray:
    """Return the sequence with the duplications."""
    parts, done = [], 0
    for one in copies:
        end = one.start + one.length
        parts += [codes[done:end], encode(one.inserted) if one.inserted else codes[:0]]
        done = one.start
    return np.concatenate([*parts, codes[done:]])


def fragments(codes: np.ndarray, depth: float, read: int, rng: np.random.Generator) -> list:
    """Return random fragments of a sequence."""
    number = int(rng.poisson(depth * len(codes) / (2 * read)))
    start = rng.integers(0, len(codes) - 600, number)
    size = np.maximum(np.rint(rng.normal(INSERT, SPREAD, number)).astype(int), read)
    return [codes[a : a + n] for a, n in zip(start, size, strict=True)]


def amplicons(codes: np.ndarray, copies: list[Copy], af: float, depth: float, rng) -> list:
    """Return the fragments of an amplicon at each place, with the duplication in some."""
    found = []
    for one in copies:
        start, size = one.start - BEFORE, BEFORE + one.length + BEHIND
        plain = codes[start : start + size]
        other = haplotype(codes, [one])[start : start + size + one.length + len(one.inserted)]
        with_it = int(rng.binomial(int(depth), af))
        found += [other] * with_it + [plain] * (int(depth) - with_it)
    return found


def sequence(found: list[np.ndarray], read: int, stem: Path, rng: np.random.Generator) -> Path:
    """Write both ends of each fragment, interleaved."""
    path = stem.with_suffix(".fq")
    with path.open("w") as sink:
        for n, codes in enumerate(found):
            ends = [codes[:read], (3 - codes[::-1])[:read]]
            for mate, one in enumerate(ends if rng.random() < 0.5 else ends[::-1], 1):
                wrong = rng.random(len(one)) < ERROR
                one = np.where(wrong, (one + rng.integers(1, 4, len(one))) % 4, one)
                text = decode(one.astype(np.uint8))
                sink.write(f"@{stem.name}{n}/{mate}\n{text}\n+\n{'I' * len(text)}\n")
    return path


def align(fastq: Path, fasta: Path, bam: Path) -> None:
    """Align with bwa mem."""
    group = f"@RG\\tID:{bam.stem}\\tSM:{bam.stem}"
    sam = bam.with_suffix(".sam")
    with sam.open("w") as out:
        command = ["bwa", "mem", "-v", "1", "-p", "-R", group, str(fasta), str(fastq)]
        subprocess.run(command, check=True, stdout=out, stderr=subprocess.DEVNULL)
    pysam.samtools.sort("-o", str(bam), str(sam))
    pysam.index(str(bam))
    sam.unlink()
    fastq.unlink()


def run(args: argparse.Namespace) -> list[tuple]:
    """Make and call the samples; return a row for each duplication and AF."""
    rng = np.random.default_rng(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    codes, copies = draw(rng, args.lengths)
    fasta = args.out / "ref.fa"
    fasta.write_text(f">c\n{decode(codes)}\n")
    pysam.samtools.faidx(str(fasta))
    subprocess.run(["bwa", "index", str(fasta)], check=True, stderr=subprocess.DEVNULL)
    changed = haplotype(codes, copies)
    bed = args.out / "targets.bed"
    before, behind = (BEFORE, BEHIND) if args.amplicon else (400, 400)
    spans = [(c.start - before, c.start + c.length + behind) for c in copies]
    bed.write_text("".join(f"c\t{start}\t{end}\n" for start, end in spans))
    rows = []
    for name, af in (("normal", 0.0), *((f"tumor{af}", af) for af in args.af)):
        bam = args.out / f"{name}.bam"
        depth = args.depth if af else args.depth / 2
        if args.amplicon:
            made = amplicons(codes, copies, af, depth, rng)
        else:
            made = fragments(codes, depth * (1 - af), args.read, rng)
            made += fragments(changed, depth * af, args.read, rng) if af else []
        align(sequence(made, args.read, args.out / name, rng), fasta, bam)
        if af:
            out = args.out / f"{name}.vcf.gz"
            with contextlib.redirect_stdout(sys.stderr):
                normal = str(args.out / "normal.bam")
                Caller(Settings(str(fasta), str(bed), [str(bam)], normal)).run(str(out))
            vcf = CallVcf(out)
            calls = [*vcf, *vcf.junctions()]
            rows += [(af, c, *found(calls, c, bam.stem, codes)) for c in copies]
    return rows


def found(calls: list, one: Copy, sample: str, codes: np.ndarray) -> tuple:
    """Return (kind, whether length and bases are exact, AF, low, high, filters) of the call."""
    text = decode(codes)
    end = one.start + one.length
    wanted = text[:end] + one.inserted + text[one.start :]
    best = ("none", False, None, None, None, "")
    for call in calls:
        if abs(call.pos - one.start) > one.length + 100:
            continue
        if call.alt == "<DUP:TANDEM>":
            more = call.info.get("SVINSSEQ") or ""
            more = more[0] if isinstance(more, tuple) else more
            low, high = call.pos, call.info["END"]
            shown, kind = text[:high] + more + text[low:], "junction"
        elif set(call.alt) <= set("ACGTN") and len(call.alt) - len(call.ref) >= 20:
            low = call.pos - 1
            shown, kind = text[:low] + call.alt + text[low + len(call.ref) :], "sequence"
        else:
            continue
        genotype = call.genotypes[sample]
        exact = shown == wanted
        row = (kind, exact, genotype.af, *(genotype.low, genotype.high), ",".join(call.filters))
        if best[0] == "none" or (exact and call.passed) > (best[1] and best[5] in ("", "PASS")):
            best = row
    return best


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--read", type=int, default=100)
    parser.add_argument("--depth", type=float, default=1000)
    parser.add_argument("--af", type=float, nargs="+", default=AFS)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--amplicon", action="store_true")
    args = parser.parse_args(argv)
    rows = run(args)
    for af, one, *rest in rows:
        print(af, one.length, len(one.inserted), *rest, sep="\t")
    for af in args.af:
        mine = [r for r in rows if r[0] == af]
        exact = [r for r in mine if r[3] and r[7] in ("", "PASS")]
        bias = np.median([r[4] / af - 1 for r in exact]) if exact else float("nan")
        covers = sum(r[5] <= af <= r[6] for r in exact if r[5] is not None)
        text = f"{len(exact)} of {len(mine)} exact, bias {bias:+.1%}, in interval {covers}"
        print(f"AF {af:.0%}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
