"""Real-read sets with their truth: ours and other callers', and the page docs/validation/real.md.

    python resources/packs/get_packs.py --data benchmarks/work/reads
    python -m benchmarks.packs --data benchmarks/work/reads --peers freebayes vardict mutect2 delly
    python -m benchmarks.packs --data benchmarks/work/reads --dilute seracare_duplex --seed N
    python -m benchmarks.packs --publish

Results are kept under benchmarks/work/packs, so that sets and peers may be run one by one;
``--publish`` writes the page from what is kept. Peers are run as their authors document it
(benchmarks/bed/peers.py), on the same reads, targets and reference, and scored in the same way.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pysam

from benchmarks.bed import peers
from benchmarks.bed.genome import ROOT
from benchmarks.packs_page import page
from resistpanel.core.allele import Allele
from resistpanel.core.bam import quiet
from resistpanel.core.files import open_fasta, write_json, write_text
from resistpanel.core.haplotypes import fetcher, tidy
from resistpanel.core.schemas import write_record
from resistpanel.testing import pack_files, pack_run
from resistpanel.testing.junction_ends import End, ends_of_alt, same_ends
from resistpanel.testing.pack import Pack, read_pack
from resistpanel.testing.score import Call, match

PACKS = ROOT / "resources" / "packs"
WORK = ROOT / "benchmarks" / "work" / "packs"
PAGE = ROOT / "docs" / "validation" / "real.md"
SMALL = ("freebayes", "vardict", "mutect2")
DILUTIONS = (0.05, 0.02, 0.01, 0.007, 0.006, 0.005, 0.004, 0.003, 0.002)


@dataclass(frozen=True)
class PeerCall:
    """A call of a peer that passes: an allele or the ends of a junction, and its AF."""

    allele: Allele | None
    ends: tuple[End, End] | None
    text: str
    af: float | None


def prepare(pack: Pack, data: Path, folder: Path, every: bool) -> list[str]:
    """Lay out reference.fa, BAMs and targets.bed as `peers` wants them; returns the samples.

    With `every`, the reference has every contig of the BAMs' headers.
    """
    given = folder / "given"
    given.mkdir(parents=True)
    bams = pack_files.bams(pack, data, given)
    fasta = pack_files.reference(pack, data, None, bams, given)
    plain = folder / "reference.fa"
    if fasta.suffix == ".gz":
        with plain.open("wb") as out:
            subprocess.run(["gzip", "-dc", str(fasta)], stdout=out, check=True)
    else:
        plain.symlink_to(fasta.resolve())
    absent: dict[str, int] = {}
    with open_fasta(fasta) as known:
        for path in bams.values() if every else ():
            with pysam.AlignmentFile(str(path)) as reads:
                absent |= {n: length for n, length in zip(reads.references, reads.lengths,
                                                          strict=True)
                           if n not in known.references}  # fmt: skip
    if absent:
        _with_unknown(plain, absent)
    pysam.faidx(str(plain))
    for role, path in bams.items():
        pack_files.named(path, role, folder / f"{role}.bam")
    (folder / "targets.bed").write_text(pack.targets().read_text())
    return list(bams)


def _with_unknown(plain: Path, absent: dict[str, int]) -> None:
    """Add contigs of N: some peers refuse a reference without a contig of a BAM's header."""
    if plain.is_symlink():
        given = plain.resolve()
        plain.unlink()
        plain.write_bytes(given.read_bytes())
    with plain.open("a", encoding="ascii") as out:
        for name, length in absent.items():
            out.write(f">{name}\n")
            rest = f"{'N' * (length % 60)}\n" if length % 60 else ""
            out.write(f"{'N' * 60}\n" * (length // 60) + rest)


def peer_calls(name: str, folder: Path, samples: list[str]) -> tuple[list[PeerCall], float, str]:
    """Run a peer; returns what passes, the CPU seconds, and how the run differs from the usual."""
    shell = peers.Shell(folder / name)
    outs = peers.PEERS[name].run(shell, folder, samples, folder / "targets.bed")
    calls = []
    for path in outs:
        with pysam.VariantFile(str(path)) as records:
            for record in records:
                calls += [one for one in _of(name, record) if one]
    return calls, shell.cpu, shell.note


def _of(name: str, record: pysam.VariantRecord) -> list[PeerCall]:
    filters = set(record.filter.keys())
    if filters - {"PASS"}:
        return []
    if name == "vardict" and "STATUS" in record.info:
        status = record.info["STATUS"]
        if not str(status[0] if isinstance(status, tuple) else status).endswith("Somatic"):
            return []
    if name == "delly":
        return [_junction(record)]
    found = []
    for number, alt in enumerate(record.alts or ()):
        if not set(alt.upper()) <= set("ACGT"):
            continue
        counts = {s: _counts(v, number) for s, v in record.samples.items()}
        if name == "freebayes" and not _somatic(counts):
            continue
        k, n = counts.get("tumor", (0, 0))
        text = f"{record.chrom}:{record.pos} {record.ref}>{alt} {k}/{n}"
        allele = Allele(record.chrom, record.start, record.ref.upper(), alt.upper())
        found.append(PeerCall(allele, None, text, k / n if n else None))
    return found


def _counts(sample, number: int) -> tuple[int, int]:
    """Return a sample's reads of an allele, and all."""
    ad = sample.get("AD")
    if not ad or ad[0] is None:
        return 0, 0
    counts = [c or 0 for c in ad]
    return (counts[number + 1] if number + 1 < len(counts) else 0), sum(counts)


def _somatic(counts: dict[str, tuple[int, int]]) -> bool:
    """Return whether freebayes' counts are somatic, by the rule of `peers`."""
    k, n = counts["tumor"]
    a, b = counts.get("normal", (0, 0))
    if not n or k < peers.FOUR_READS or k / n < peers.LEAST_AF:
        return False
    return not b or a / b < k / n / 4


def _junction(record: pysam.VariantRecord) -> PeerCall | None:
    kind = record.info["SVTYPE"]
    if kind == "INS":
        return None
    if kind == "BND":
        ends = ends_of_alt(record.chrom, record.pos, record.alts[0], record.chrom, None)
    else:
        ends = ends_of_alt(record.chrom, record.pos, f"<{kind}>", record.chrom, record.stop)
    text = f"{record.chrom}:{record.pos} {record.alts[0]} {record.stop}"
    return PeerCall(None, ends, text, None) if ends else None


def peer_result(pack: Pack, name: str, calls: list[PeerCall], cpu: float, fasta: Path) -> dict:
    """Score a peer's calls as ours are: small variants by haplotype, junctions by their ends."""
    known = [k for k in pack.known if (k.ends if name == "delly" else k.allele)]
    if name == "delly":
        spelt = [[c for c in calls if same_ends(k.ends, c.ends, k.within)] for k in known]
        used = {id(c) for found in spelt for c in found}
        other = [c.text for c in calls if id(c) not in used and on_target(pack, c)]
    else:
        with open_fasta(fasta) as handle:
            fetch = fetcher(handle)
            small = [
                Call(tidy(c.allele, fetch), ("PASS",), "", True, c.af, None, None, 0, 0, 0, 0.0)
                for c in calls
            ]
            matched = match([tidy(k.allele, fetch) for k in known], small, [], fetch)
        spelt = matched.found
        false = {(c.variant.chrom, c.variant.pos, c.variant.ref, c.variant.alt)
                 for c in matched.false}  # fmt: skip
        other = [
            c.text for c, s in zip(calls, small, strict=True)
            if (s.variant.chrom, s.variant.pos, s.variant.ref, s.variant.alt) in false
        ]  # fmt: skip
    present = [bool(f) for k, f in zip(known, spelt, strict=True) if k.state == "present"]
    refuted = [bool(f) for k, f in zip(known, spelt, strict=True)
               if k.state in ("inherited", "absent")]  # fmt: skip
    missed = [k.name for k, f in zip(known, spelt, strict=True) if k.state == "present" and not f]
    return {
        "peer": peers.version(name), "cpu": cpu, "found": sum(present), "present": len(present),
        "refuted_called": sum(refuted), "refuted": len(refuted), "other": other, "missed": missed,
    }  # fmt: skip


def on_target(pack: Pack, call: PeerCall) -> bool:
    """Return whether an end of a junction is on a target."""
    rows = [line.split("\t") for line in pack.targets().read_text().splitlines()]
    return any(
        end.chrom == row[0] and int(row[1]) < end.pos <= int(row[2])
        for end in call.ends for row in rows
    )  # fmt: skip


def run(pack: Pack, args: argparse.Namespace) -> None:
    """Call a pack, and have the peers call it that answer its question."""
    kept = args.work / pack.about.name
    with tempfile.TemporaryDirectory(prefix="packs-") as scratch, quiet():
        if not args.only_peers:
            ours = Path(scratch) / "ours"
            ours.mkdir()
            settings = argparse.Namespace(
                data=args.data, reference=None, threads=1, draws=args.draws, seed=args.seed,
                dilute=DILUTIONS if pack.about.name in args.dilute else None,
            )  # fmt: skip
            result = pack_run.run_pack(pack, settings, ours)
            write_record(kept / "pack.json", result)
            print(f"{pack.about.name}: {result.figures.found} of {result.figures.present}, "
                  f"{result.figures.other_calls} other", flush=True)  # fmt: skip
        kinds = {bool(one.ends) for one in pack.known} or {False}
        wanted = [p for p in args.peers if (p == "delly") in kinds]
        if not wanted:
            return
        folder = Path(scratch) / "peers"
        samples = prepare(pack, args.data, folder, "delly" in wanted)
        for name in wanted:
            if reason := peers.missing(name):
                print(f"{name}: {reason}", file=sys.stderr)
                continue
            try:
                calls, cpu, note = peer_calls(name, folder, samples)
            except SystemExit as error:  # its log says why
                reason = _reason(folder / name / "log.txt", folder)
                write_json(kept / f"{name}.json", {"peer": peers.version(name), "failed": reason})
                print(f"{pack.about.name}: {error}", file=sys.stderr)
                continue
            scored = peer_result(pack, name, calls, cpu, folder / "reference.fa") | {"note": note}
            write_json(kept / f"{name}.json", scored)
            print(f"{pack.about.name}, {name}: {scored['found']} of {scored['present']}, "
                  f"{len(scored['other'])} other, {cpu:.0f} s CPU", flush=True)  # fmt: skip


def _reason(log: Path, folder: Path) -> str:
    """Return the last line of a peer's log, without the folder."""
    lines = [line for line in log.read_text().splitlines() if line.strip()]
    return lines[-1].replace(f"{folder}/", "")[:200] if lines else "no reason given"


def publish(work: Path) -> None:
    """Write the page from what is kept."""
    packs = [read_pack(path.parent) for path in sorted(PACKS.glob("*/pack.yaml"))]
    results, others = {}, {}
    for pack in packs:
        folder = work / pack.about.name
        if (folder / "pack.json").is_file():
            results[pack.about.name] = json.loads((folder / "pack.json").read_text())
        others[pack.about.name] = [
            json.loads((folder / f"{name}.json").read_text())
            for name in (*SMALL, "delly")
            if (folder / f"{name}.json").is_file()
        ]
    write_text(PAGE, page(packs, results, others))


def main(argv: list[str] | None = None) -> int:
    """Run sets, or write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.packs", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("packs", nargs="*", help="names (default: all)")
    parser.add_argument("--data", type=Path, help="folder of the reads")
    parser.add_argument("--peers", nargs="*", default=(), choices=(*SMALL, "delly"))
    parser.add_argument("--only-peers", action="store_true", help="ours is kept already")
    parser.add_argument("--dilute", nargs="*", default=(), help="packs to dilute")
    parser.add_argument("--draws", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--publish", action="store_true", help="write docs/validation/real.md")
    args = parser.parse_args(argv)
    if args.data:
        for path in sorted(PACKS.glob("*/pack.yaml")):
            if not args.packs or path.parent.name in args.packs:
                run(read_pack(path.parent), args)
    if args.publish:
        publish(args.work)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
