"""Call the real BAMs of the shared folder and print what was found beside what is expected.

    python -m benchmarks.real

COLO829 and HCC1395 are cell lines with matched normals; NA12878 is called against itself, where
nothing is somatic. The exit status is 1 if an expectation does not hold.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import pysam

from benchmarks import calls as callers
from benchmarks.evaluate import fetcher, match, tidy
from benchmarks.genome import SHARED, WORK, windows_fasta
from benchmarks.variants import Variant


@dataclass(frozen=True)
class Expected:
    """A somatic variant that must be called (VCF alleles, 1-based), with its raw AF."""

    name: str
    chrom: str
    pos: int
    ref: str
    alt: str
    counts: str

    @property
    def variant(self) -> Variant:
        return Variant(self.chrom, self.pos - 1, self.ref, self.alt)


@dataclass(frozen=True)
class Case:
    """A patient of the shared folder; its targets are a BED or, if that is None, `regions`."""

    name: str
    reference: Path
    normal: Path
    tumours: tuple[Path, ...]
    targets: Path | None
    regions: tuple[tuple[str, int, int], ...]
    expected: tuple[Expected, ...]


REAL = SHARED / "real"
TP53 = "chr17_hg19:7460000-7700000"
BRCA1 = "chr17:43000000-44000000"
CASES = (
    Case(
        "COLO829",
        REAL / "colo829" / "GRCh37.windows.fa.gz",
        REAL / "colo829" / "COLO829R.bam",
        (REAL / "colo829" / "COLO829T.bam",),
        REAL / "colo829" / "windows.bed",
        (),
        (
            Expected("BRAF V600E", "7", 140453136, "A", "T", "154/226"),
            Expected("TERT promoter CC>TT", "5", 1295228, "GG", "AA", "56/56, 51/51"),
            Expected("SF3B1", "2", 198266779, "G", "A", "76/115"),
            Expected("TP63", "3", 189604330, "G", "T", "50/118"),
            Expected("CDKN2A 2-base deletion", "9", 21971153, "CCG", "C", "93/97"),
        ),
    ),
    Case(
        "HCC1395",
        windows_fasta(),
        REAL / "hcc1395" / "HCC1395_normal.bam",
        (REAL / "hcc1395" / "HCC1395_tumor.bam",),
        None,
        ((TP53, 100_000, 140_000), (BRCA1, 40_000, 130_000)),
        (Expected("TP53 R175H", TP53, 7578406 - 7460000 + 1, "C", "T", "104/104, normal 0/110"),),
    ),
    Case(
        "NA12878 against itself",
        REAL / "na12878_tiny" / "q.fa",
        REAL / "na12878_tiny" / "NA12878.chr22.tiny.bam",
        (REAL / "na12878_tiny" / "NA12878.chr22.tiny.bam",),
        None,
        (("q", 0, 12_000),),
        (),
    ),
)


def renamed(bam: Path, sample: str, folder: Path) -> Path:
    """Copy a BAM under another sample name, so that it can stand beside itself."""
    out = folder / f"{sample}.bam"
    with pysam.AlignmentFile(str(bam)) as source:
        header = source.header.to_dict()
        for group in header.get("RG", []):
            group["SM"] = sample
        with pysam.AlignmentFile(str(out), "wb", header=header) as sink:
            for read in source.fetch(until_eof=True):
                sink.write(read)
    pysam.index(str(out))
    return out


def run_case(case: Case, work: Path) -> bool:
    """Call one patient, print what was found, and tell whether the expectations hold."""
    folder = work / "real" / case.name.split()[0]
    folder.mkdir(parents=True, exist_ok=True)
    targets = case.targets
    if targets is None:
        targets = folder / "targets.bed"
        targets.write_text("".join(f"{c}\t{s}\t{e}\n" for c, s, e in case.regions))
    normal, tumours = case.normal, list(case.tumours)
    if normal in tumours:  # it has no index either
        normal, tumours = (
            renamed(normal, "itself", folder),
            [renamed(t, "again", folder) for t in tumours],
        )
    vcf = folder / "somatic.vcf.gz"
    command = callers.resistpanel_command(case.reference, targets, normal, tumours, vcf)
    usage = callers.call(command, vcf)
    with pysam.FastaFile(str(case.reference)) as fasta:
        fetch = fetcher(fasta)
        calls = [c for c in callers.resistpanel_calls(vcf, case.reference, fetch) if c.passed]
        wanted = [tidy(e.variant, fetch) for e in case.expected]
        found = match(wanted, ["A"] * len(wanted), [], [c.variant for c in calls], fetch)
    print(f"## {case.name} ({usage.cpu:.1f} s CPU)")
    for i, expected in enumerate(case.expected):
        hits = [calls[j] for j in found.calls_of.get(i, ())]
        print(f"  {'found ' if hits else 'MISSED'} {expected.name} (raw reads {expected.counts})")
        for c in hits:
            print(f"           {c.variant} {_counts(c)} {c.note}")
    for j in found.false:
        print(f"  OTHER  {calls[j].variant} {_counts(calls[j])} {calls[j].note}")
    if not found.false:
        print("  no other somatic call")
    return len(found.calls_of) == len(case.expected) and not found.false


def _counts(call) -> str:
    return " ".join(
        f"{name}:{d['alt'] or 0:.0f}/{d['depth'] or 0:.0f}" for name, d in call.samples.items()
    )


def main(argv: list[str] | None = None) -> int:
    """Run every patient."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", help="names, e.g. COLO829")
    parser.add_argument("--work", type=Path, default=WORK)
    args = parser.parse_args(argv)
    if not REAL.exists():
        raise SystemExit(f"{REAL} is absent: the real data are not part of the project")
    chosen = [c for c in CASES if not args.only or c.name.split()[0] in args.only]
    held = [run_case(c, args.work) for c in chosen]  # every one, also after a failure
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
