"""Planted junctions in reads of real sequence: recall, exact length, allele frequency, false calls.

    python -m benchmarks.junctions make --out DIR --seed 1 --events 24
    python -m benchmarks.junctions call --out DIR
    python -m benchmarks.junctions score --out DIR [DIR ...]
    python -m benchmarks.junctions normals --out DIR --seed 1 --number 20
    python -m benchmarks.junctions limit --out DIR --seed 1 --draws 4

Deletions, tandem duplications, inversions and translocations are planted into stretches of
``hg38_windows``; reads of the reference and of the haplotypes with the junctions are made by ART
(HiSeq 2500, its error profile) and aligned by bwa mem to all windows. A patient is a normal and
three tumours, in each of which every junction has one allele frequency; each is called by itself.
``limit`` thins the fragments with junctions of the tumour at 5 % to the limit stated for its
depth, as for an exon of a gene, and prints how many are called.
"""

import argparse
import gzip
import itertools
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from benchmarks.bed.genome import SHARED
from resistpanel.call.call_constants import JUNCTION_ANCHOR
from resistpanel.report.junction_limits import grid, limit_at

FLANK = 500  # bases of a target on either side of a breakend
READ, INSERT, SPREAD = 125, 300, 50
AFS = (0.02, 0.05, 0.2)
NORMAL_DEPTH = 0.4  # of that of the tumours
SHORTEST, LONGEST = 30, 5000
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


@dataclass(frozen=True)
class Event:
    """A planted junction: breakends as in `resistpanel.core.junction`, 0-based.

    ``kind`` is DEL, DUP, INV or TRA; ``inserted`` is between the breakends. An inversion has a
    second junction of the same two places.
    """

    kind: str
    contig: str
    pos: int
    side: int
    contig2: str
    pos2: int
    side2: int
    inserted: str

    @property
    def size(self) -> int:
        return abs(self.pos2 - self.pos) if self.contig == self.contig2 else 0


def reverse(sequence: str) -> str:
    return sequence.translate(COMPLEMENT)[::-1]


def reference(folder: Path) -> tuple[Path, dict[str, str]]:
    """Write the windows as FASTA with bwa's index, if they are not there; return the sequences."""
    path = folder / "windows.fa"
    contigs: dict[str, list[str]] = {}
    name = ""
    with gzip.open(SHARED / "real" / "hg38_windows" / "windows.fa.gz", "rt") as lines:
        for line in lines:
            if line.startswith(">"):
                name = line[1:].split()[0].replace(":", "_")
                contigs[name] = []
            else:
                contigs[name].append(line.strip().upper())
    whole = {name: "".join(parts) for name, parts in contigs.items()}
    if not (folder / "windows.fa.sa").exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f">{name}\n{text}\n" for name, text in whole.items()))
        pysam.samtools.faidx(str(path))
        subprocess.run(["bwa", "index", str(path)], check=True, stderr=subprocess.DEVNULL)
    return path, whole


class Places:
    """Draws stretches that do not overlap, without unknown bases and of unique sequence."""

    def __init__(self, contigs: dict[str, str], rng: np.random.Generator):
        self.contigs, self.rng = contigs, rng
        self.names = [name for name in contigs if "hg19" not in name]
        self.sizes = np.array([len(contigs[name]) for name in self.names], float)
        self.taken: list[tuple[str, int, int]] = []

    def draw(self, length: int) -> tuple[str, int]:
        while True:
            name = str(self.rng.choice(self.names, p=self.sizes / self.sizes.sum()))
            start = int(self.rng.integers(5000, len(self.contigs[name]) - length - 5000))
            end = start + length
            if "N" in self.contigs[name][start:end]:
                continue
            if any(c == name and s < end + 2000 and start < e + 2000 for c, s, e in self.taken):
                continue
            self.taken.append((name, start, end))
            return name, start


def draw(
    contigs: dict[str, str], number: int, rng: np.random.Generator
) -> tuple[list[Event], list[tuple[str, int, int]]]:
    """Return events, and the targets around them."""
    places = Places(contigs, rng)
    events = []
    for n in range(number):
        kind = ("DEL", "DUP", "INV", "TRA")[n % 4]
        low = 300 if kind == "INV" else SHORTEST
        size = int(np.exp(rng.uniform(np.log(low), np.log(LONGEST))))
        inserted = ""
        if rng.random() < 0.3:
            inserted = "".join(rng.choice(list("ACGT"), int(rng.integers(1, 11))))
        if kind == "TRA":
            (one, a), (two, b) = places.draw(2 * FLANK), places.draw(2 * FLANK)
            sides = int(rng.integers(2)), int(rng.integers(2))
            ends = sorted([(one, a + FLANK, sides[0]), (two, b + FLANK, sides[1])],
                          key=lambda e: (list(contigs).index(e[0]), e[1]))  # fmt: skip
            events.append(Event(kind, *ends[0], *ends[1], inserted))
            continue
        contig, start = places.draw(size + 2 * FLANK)
        a, b = start + FLANK, start + FLANK + size
        sides = {"DEL": (0, 1), "DUP": (1, 0), "INV": (0, 0)}[kind]
        events.append(Event(kind, contig, a, sides[0], contig, b, sides[1], inserted))
    return events, places.taken


def haplotypes(event: Event, contigs: dict[str, str]) -> list[str]:
    """Return the sequences with the event, over the targets of both breakends."""
    here = contigs[event.contig]
    a, b = event.pos, event.pos2
    if event.kind == "DEL":
        return [here[a - FLANK : a] + event.inserted + here[b : b + FLANK]]
    if event.kind == "DUP":
        return [here[a - FLANK : b] + event.inserted + here[a : b + FLANK]]
    if event.kind == "INV":
        return [here[a - FLANK : a] + event.inserted + reverse(here[a:b]) + here[b : b + FLANK]]
    there = contigs[event.contig2]
    first = here[a - FLANK : a] if event.side == 0 else reverse(here[a : a + FLANK])
    second = there[b : b + FLANK] if event.side2 else reverse(there[b - FLANK : b])
    inserted = event.inserted if event.side == 0 else reverse(event.inserted)
    return [first + inserted + second]


def lost(event: Event, contigs: dict[str, str]) -> list[str]:
    """Return what of the targets a translocation's haplotype keeps elsewhere: the other arms.

    So that each place has as many copies as elsewhere: the reciprocal translocation is not
    planted, its arms end at the breakend.
    """
    if event.kind != "TRA":
        return []
    here, there = contigs[event.contig], contigs[event.contig2]
    a, b = event.pos, event.pos2
    arms = [here[a : a + FLANK] if event.side == 0 else here[a - FLANK : a]]
    return [*arms, there[b - FLANK : b] if event.side2 else there[b : b + FLANK]]


def sequence(fasta: dict[str, str], depth: float, stem: Path, seed: int) -> list[Path]:
    """Make read pairs of some sequences by ART; return the two FASTQ files.

    A fragment lies within its sequence, so that ART covers the middle of a short one deeper: each
    is read by itself, at the depth that gives all of them the same number of fragments per base.
    """
    path = stem.with_suffix(".fa")
    made = [Path(f"{stem}_{mate}.fq") for mate in (1, 2)]
    with made[0].open("wb") as one, made[1].open("wb") as two:
        for n, (name, text) in enumerate(fasta.items()):
            path.write_text(f">{name}\n{text}\n")
            fold = depth * max(len(text) - INSERT, 0) / len(text)
            command = ["art_illumina", "-ss", "HS25", "-i", path, "-l", READ, "-p", "-na", "-q"]
            command += ["-f", f"{fold:.5f}", "-m", INSERT, "-s", SPREAD, "-rs", seed + n]
            command += ["-o", f"{stem}_part", "-d", stem.name]
            if fold > 0:
                subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)
                for mate, out in ((1, one), (2, two)):
                    part = Path(f"{stem}_part{mate}.fq")
                    out.write(part.read_bytes())
                    part.unlink()
    path.unlink()
    return made


def align(fastq: list[list[Path]], fasta: Path, bam: Path) -> None:
    """Align with bwa mem; write a sorted, indexed BAM; remove the reads."""
    for mate in (0, 1):
        with bam.with_suffix(f".{mate + 1}.fq").open("wb") as out:
            for pair in fastq:
                out.write(pair[mate].read_bytes())
                pair[mate].unlink()
    both = [bam.with_suffix(f".{mate}.fq") for mate in (1, 2)]
    group = f"@RG\\tID:1\\tSM:{bam.stem}"
    with subprocess.Popen(
        ["bwa", "mem", "-v", "1", "-R", group, str(fasta), *map(str, both)], stdout=subprocess.PIPE
    ) as mem:
        subprocess.run(["samtools", "sort", "-o", str(bam), "-"], stdin=mem.stdout, check=True,
                       stderr=subprocess.DEVNULL)  # fmt: skip
    pysam.samtools.index(str(bam))
    for path in both:
        path.unlink()


def make(args: argparse.Namespace) -> None:
    """Make one patient; samples that are there already are left."""
    rng = np.random.default_rng(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    fasta, contigs = reference(args.reference)
    events, targets = draw(contigs, args.events, rng)
    order = {name: n for n, name in enumerate(contigs)}
    rows = sorted(targets, key=lambda t: (order[t[0]], t[1]))
    (args.out / "targets.bed").write_text("".join(f"{c}\t{s}\t{e}\n" for c, s, e in rows))
    (args.out / "truth.json").write_text(json.dumps([asdict(e) for e in events]))
    plain = {f"ref{n}": contigs[c][s:e] for n, (c, s, e) in enumerate(targets)}
    changed = {
        f"alt{n}.{k}": text
        for n, event in enumerate(events)
        for k, text in enumerate(haplotypes(event, contigs) + lost(event, contigs))
    }

    def seed() -> int:
        return int(rng.integers(1, 2**31))

    parts = {"normal.bam": [(plain, NORMAL_DEPTH, "n")]}
    parts |= {f"tumor{af}.bam": [(plain, 1 - af, "t"), (changed, af, "v")] for af in AFS}
    for name, some in parts.items():
        seeds = [seed() for _ in some]
        if not (args.out / f"{name}.bai").exists():
            reads = [
                sequence(texts, args.depth * part, args.out / stem, n)
                for (texts, part, stem), n in zip(some, seeds, strict=True)
            ]
            align(reads, fasta, args.out / name)


def normals(args: argparse.Namespace) -> None:
    """Make normals of 373 kb of targets, and call each as a tumour of the first."""
    rng = np.random.default_rng(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    fasta, contigs = reference(args.reference)
    places = Places(contigs, rng)
    for _ in range(93):
        places.draw(4012)
    order = {name: n for n, name in enumerate(contigs)}
    rows = sorted(places.taken, key=lambda t: (order[t[0]], t[1]))
    (args.out / "targets.bed").write_text("".join(f"{c}\t{s}\t{e}\n" for c, s, e in rows))
    plain = {f"ref{n}": contigs[c][s:e] for n, (c, s, e) in enumerate(rows)}
    for n in range(args.number + 1):
        bam = args.out / f"n{n}.bam"
        if n == 0 or not (args.out / f"n{n}.vcf.gz").exists():
            seed = int(rng.integers(1, 2**31))
            if not bam.exists():
                align([sequence(plain, args.depth, args.out / f"r{n}", seed)], fasta, bam)
            if n:
                run_call(args.out, fasta, args.out / "n0.bam", bam, args.out / f"n{n}.vcf.gz")
                bam.unlink()
                Path(f"{bam}.bai").unlink()


def run_call(folder: Path, fasta: Path, normal: Path, tumor: Path, output: Path) -> None:
    """Call one patient."""
    code = "from resistpanel.cli import main; import sys; sys.exit(main())"
    command = [sys.executable, "-c", code, "call", "--reference", fasta, "--normal", normal]
    command += ["--targets", folder / "targets.bed", "--tumor", tumor, "--output", output]
    subprocess.run([str(c) for c in command], check=True)


def limit(args: argparse.Namespace) -> None:
    """Print how many junctions are called at the limit of detection that is stated."""
    rng = np.random.default_rng(args.seed)
    fasta, source = args.reference / "windows.fa", args.out / "tumor0.05.bam"
    with pysam.VariantFile(str(args.out / "calls0.05.vcf.gz")) as vcf:
        lines = {r.key: r.value for r in vcf.header.records}
    points = grid(lines["resistpanel_junction_lod_tumor0.05"])
    part = (READ - 2 * JUNCTION_ANCHOR + 1) / READ
    af = limit_at(args.depth * part, points)
    events = [Event(**e) for e in json.loads((args.out / "truth.json").read_text())]
    found = []
    for draw_ in range(args.draws):
        bam, vcf = args.out / f"limit{draw_}.bam", args.out / f"limit{draw_}.vcf.gz"
        thin(source, bam, af / 0.05, rng)
        run_call(args.out, fasta, args.out / "normal.bam", bam, vcf)
        calls = called(vcf)
        found.append([any(matches(event, c) for c in calls) for event in events])
        print(f"draw {draw_}: {sum(found[-1])} of {len(events)} at {af:.3%}", flush=True)
    total = np.array(found)
    print(f"stated at {args.depth:.0f}x: {af:.3%}; called {total.sum()} of {total.size}")
    for n, event in enumerate(events):
        if not total[:, n].all():
            print(
                event.kind, event.size, len(event.inserted), f"{total[:, n].sum()} of {args.draws}"
            )


def thin(source: Path, bam: Path, kept: float, rng: np.random.Generator) -> None:
    """Write a BAM with a part of the fragments of haplotypes with a junction, and all others."""
    chosen: dict[str, bool] = {}
    with (
        pysam.AlignmentFile(str(source)) as reads,
        pysam.AlignmentFile(str(bam), "wb", template=reads) as out,
    ):
        for read in reads:
            name = read.query_name
            if name.startswith("alt") and name not in chosen:
                chosen[name] = bool(rng.random() < kept)
            if chosen.get(name, True):
                out.write(read)
    pysam.samtools.index(str(bam))


def called(vcf: Path) -> list[dict]:
    """Return the passing events of a VCF that are junctions or gain or lose 30 bases or more."""
    found = []
    with pysam.VariantFile(str(vcf)) as records:
        for r in records:
            if list(r.filter) != ["PASS"]:
                continue
            alt, sample = r.alts[0], r.samples[1]
            if set(alt) <= set("ACGTN"):
                shift = len(alt) - len(r.ref)
                if abs(shift) < SHORTEST - 10:
                    continue
                kind, low, high = ("DEL" if shift < 0 else "DUP"), r.pos, r.pos + abs(shift)
                place = {"contig2": r.chrom, "pos2": high, "size": abs(shift), "inserted": 0,
                         "slack": 60}  # fmt: skip
            else:
                kind, low, size = r.info["SVTYPE"], r.pos, abs(_one(r.info.get("SVLEN")) or 0)
                if kind == "BND":
                    if r.id.endswith("_2"):
                        continue
                    mate = alt.replace("[", "]").split("]")[1]
                    contig2, high = mate.rsplit(":", 1)
                else:
                    contig2, high = r.chrom, r.stop
                place = {"contig2": contig2, "pos2": int(high), "size": size,
                         "inserted": r.info.get("SVINSLEN") or 0,
                         "slack": (r.info.get("HOMLEN") or 0) + 1}  # fmt: skip
            af, ci = sample["AF"], sample["AFCI"]
            place |= {"kind": kind, "contig": r.chrom, "pos": low, "alt": alt}
            detected = sample["DET"] == 1
            found.append(
                {"af": _one(af), "low": ci[0], "high": ci[1], "detected": detected} | place
            )
    return found


def _one(value):
    return value[0] if isinstance(value, tuple) else value


def matches(event: Event, call: dict) -> bool:
    """Return whether a call is a planted event: both places, and its exact length."""
    if (call["contig"], call["contig2"]) != (event.contig, event.contig2):
        return False
    near = call["slack"] + 2
    if event.kind in ("DEL", "DUP") and call["kind"] == event.kind:
        gained = -event.size if event.kind == "DEL" else event.size
        gained += len(event.inserted)
        shown = (-call["size"] if call["kind"] == "DEL" else call["size"]) + call["inserted"]
        return shown == gained and abs(call["pos"] - event.pos) <= near + len(event.inserted)
    return (
        call["kind"] in ("INV", "BND")
        and event.kind in ("INV", "TRA")
        and abs(call["pos"] - event.pos) <= near
        and abs(call["pos2"] - event.pos2) <= near
        and (event.kind == "TRA" or not event.inserted or True)
    )


def score(args: argparse.Namespace) -> None:
    """Print recall, bias and coverage by kind, and the calls that are no event."""
    rows, false = [], []
    for folder, af in itertools.product(args.out, AFS):
        if not (folder / f"calls{af}.vcf.gz").exists():
            continue
        events = [Event(**e) for e in json.loads((folder / "truth.json").read_text())]
        calls = called(folder / f"calls{af}.vcf.gz")
        used = set()
        for event in events:
            mine = [n for n, c in enumerate(calls) if matches(event, c)]
            used |= set(mine)
            row = {"folder": folder.name, "kind": event.kind, "size": event.size, "af": af,
                   "inserted": len(event.inserted), "called": bool(mine)}  # fmt: skip
            if mine:
                mine = [calls[n] for n in mine]
                best = mine[0]
                # An inversion has two junctions.
                row |= {
                    name: np.mean([c[key] for c in mine])
                    for name, key in (("shown", "af"), ("low", "low"), ("high", "high"))
                }
                row["way"] = "symbol" if set(best["alt"]) & set("<[]") else "sequence"  # fmt: skip
            rows.append(row)
        for n, call in enumerate(calls):
            if n not in used:
                false.append({"folder": folder.name, "af_planted": af} | call)
    table = pd.DataFrame(rows)
    table.to_csv(args.table, sep="\t", index=False) if args.table else None
    hit = table[table.called].copy()
    hit["bias"] = hit.shown / hit.af - 1
    hit["covers"] = (hit.low <= hit.af) & (hit.af <= hit.high)
    for by in (["af"], ["af", "kind"]):
        told = table.groupby(by).called.agg(["sum", "count"])
        told["bias"] = hit.groupby(by).bias.median()
        told["covers"] = hit.groupby(by).covers.mean()
        print(told.round(3).to_string())
    print(table[~table.called].to_string())
    print("not planted:", len(false))
    if false:
        print(pd.DataFrame(false).to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("make", "call", "score", "normals", "limit"))
    parser.add_argument("--out", type=Path, nargs="+", required=True)
    parser.add_argument("--reference", type=Path, default=Path("benchmarks/work/junctions"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--number", type=int, default=20)
    parser.add_argument("--depth", type=float, default=1000)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--table", type=Path)
    args = parser.parse_args()
    if args.what == "score":
        return score(args)
    args.out = args.out[0]
    if args.what == "call":
        fasta = args.reference / "windows.fa"
        for af in AFS:
            names = (args.out / f"{n}.bam" for n in ("normal", f"tumor{af}"))
            run_call(args.out, fasta, *names, args.out / f"calls{af}.vcf.gz")
        return None
    return {"make": make, "normals": normals, "limit": limit}[args.what](args)


if __name__ == "__main__":
    main()
