"""Compare families, consensus bases and recall with those of fgumi, which must be in the path.

    python -m benchmarks.fgumi truth --seed N --molecules 20000
    python -m benchmarks.fgumi families --seed N --molecules 4000 --kb 2
    python -m benchmarks.fgumi recall --seed N --molecules 4000 --kb 8

`truth`: reads of `fgumi simulate mapped-reads` (single UMIs; families against its truth) and
`grouped-reads --duplex` (consensus, given the molecules). `families`: the plasma with duplex UMIs
of `benchmarks.molecules`; families of `fgumi group --strategy paired --edits 1` against ours and
the simulator's, and bases of `fgumi duplex --min-reads 1,1,0` against ours. `recall`: such a plasma
called from its raw reads, and from the consensus reads of fgumi, aligned by bwa and filtered as
its documentation does, with --min-reads 3,1,1 and 1,1,0; differences are paired by variant. With
--both 0.16, the filter 3,1,1 discards 85 % of the molecules.

fgumi (crates.io; features `simulate`), bwa and samtools must be in the path.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from benchmarks import summary
from benchmarks.molecules import FREQUENCIES, LENGTH, Place, called, difference, filtered, make
from resistpanel.core.core_constants import MIN_MAPPING_QUALITY
from resistpanel.core.molecules import Molecules, name_hash

#: Options of `fgumi filter` in its guide "Best Practice", beside --min-reads. With 1,1,0 they would
#: mask the molecules of one copy, whose bases are of Q37.
DOCUMENTED = ("--max-read-error-rate", "0.025", "--max-base-error-rate", "0.1",
              "--min-base-quality", "40", "--max-no-call-fraction", "0.2")  # fmt: skip
#: --min-reads of `fgumi filter`, and its other options.
FILTERS = {"fgumi 3,1,1": ("3,1,1", DOCUMENTED), "fgumi 1,1,0": ("1,1,0", ())}
#: --min-reads of our own consensus.
OURS = {"consensus 3,1,1": (3, 1, 1), "consensus 1,1,0": (1, 1, 0)}
#: Base codes of complements; what is no base is 78, N.
COMPLEMENT = np.full(256, ord("N"), np.uint8)
COMPLEMENT[list(b"ACGT")] = list(b"TGCA")


def run(*command: object, stdout=subprocess.DEVNULL, **options) -> None:
    """Run a command; what it writes to stderr is shown if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=stdout, stderr=subprocess.PIPE, check=False, **options)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stderr.decode(errors='replace')}")


def grouped(bam: str, folder: Path, strategy: str) -> Path:
    """Group reads by UMI, as fgumi's guide does for a BAM of another aligner's pipeline."""
    collated, mated, by_template, out = (
        folder / f"{name}.bam" for name in ("collated", "mated", "template", "grouped")
    )
    run("samtools", "collate", "-l", "1", "-o", collated, bam)
    run("samtools", "fixmate", "-m", "-u", collated, mated)
    run("fgumi", "sort", "--input", mated, "--output", by_template, "--order",
        "template-coordinate")  # fmt: skip
    run("fgumi", "group", "--input", by_template, "--output", out, "--strategy", strategy,
        "--edits", "1", "--min-map-q", MIN_MAPPING_QUALITY)  # fmt: skip
    for path in (collated, mated, by_template):
        path.unlink()
    return out


def consensus(by_umi: Path, folder: Path) -> Path:
    """Make consensus reads of all molecules, the strands together."""
    out = folder / "consensus.bam"
    run("fgumi", "duplex", "--input", by_umi, "--output", out, "--min-reads", "1,1,0")
    return out


def aligned(unmapped: Path, reference: Path) -> Path:
    """Align consensus reads."""
    if not Path(f"{reference}.bwt").exists():
        run("bwa", "index", reference)
        run("samtools", "dict", "-o", reference.with_suffix(".dict"), reference)
    mapped = unmapped.with_suffix(".mapped.bam")
    pipe = (
        f"fgumi fastq --input {unmapped} | bwa mem -v 1 -p -K 150000000 -Y {reference} - | "
        f"fgumi zipper --unmapped {unmapped} --reference {reference} --output {mapped}"
    )
    run("bash", "-o", "pipefail", "-c", pipe)
    return mapped


def kept(mapped: Path, reference: Path, least: str, options: Iterable[str]) -> str:
    """Filter aligned consensus reads; sorted and indexed."""
    some, out = mapped.with_suffix(".kept.bam"), mapped.with_name(f"{least}.bam")
    run("fgumi", "filter", "--input", mapped, "--output", some, "--ref", reference, "--min-reads",
        least, "--reverse-per-base-tags", "true", *options)  # fmt: skip
    run("samtools", "sort", "-o", out, some)
    pysam.index(str(out))
    return str(out)


@dataclass
class Ours:
    """Molecules of `resistpanel`.

    Attributes
    ----------
    families : dict of int to set of int
        Hashes of the fragments of each molecule, by its hash.
    reads : dict of (int, bool) to uint8 array
        Bases in the direction of sequencing, by molecule and whether the read is reverse.
    """

    families: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    reads: dict[tuple[int, bool], np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, bam: str, source: str, kind: str) -> "Ours":
        """Group a BAM."""
        found = cls()
        stream = Molecules(bam).by(source, kind, trace=True)
        with pysam.AlignmentFile(bam) as file:
            contigs = list(zip(file.references, file.lengths, strict=True))
        for contig, length in contigs:
            for read in stream.fetch(contig, 0, length):
                key = name_hash(read.query_name), read.is_reverse
                found.reads[key] = sequenced(read)
        for fragment, molecule in stream.members().tolist():
            found.families[molecule].add(fragment)
        return found


def sequenced(read: pysam.AlignedSegment) -> np.ndarray:
    """Return the bases of a read in the direction of sequencing."""
    bases = np.frombuffer(read.query_sequence.encode(), np.uint8)
    return COMPLEMENT[bases[::-1]] if read.is_reverse else bases


@dataclass
class Theirs:
    """Molecules of fgumi, strands together.

    Attributes
    ----------
    families : dict of str to set of int
        Hashes of the fragments of each molecule, by MI.
    reverse : dict of str to bool
        Whether read 1 of the consensus is reverse: that of strand A, of B where A was not read.
    """

    families: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    reverse: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, bam: Path) -> "Theirs":
        """Read a grouped BAM."""
        found = cls()
        strands: dict[str, dict[str, bool]] = defaultdict(dict)
        with pysam.AlignmentFile(str(bam), check_sq=False) as file:
            for read in file.fetch(until_eof=True):
                mi, _, strand = read.get_tag("MI").partition("/")
                found.families[mi].add(name_hash(read.query_name))
                strands[mi][strand] = read.is_reverse != read.is_read2
        found.reverse = {mi: some[min(some)] for mi, some in strands.items()}
        return found


def simulated(bam: str) -> dict[str, set[int]]:
    """Return the hashes of the fragments of each molecule of `resistpanel simulate`."""
    found = defaultdict(set)
    with pysam.AlignmentFile(bam) as file:
        for read in file:
            found[read.get_tag("zm").split("/")[0]].add(name_hash(read.query_name))
    return found


def identical(these: Iterable[set[int]], those: Iterable[set[int]]) -> dict:
    """Return how many families of the one are exactly families of the other.

    Of the fragments that both have: a filter of mapping quality is no matter of grouping.
    """
    these, those = list(these), list(those)
    common = set().union(*these) & set().union(*those)
    ones = {frozenset(some & common) for some in these} - {frozenset()}
    others = {frozenset(some & common) for some in those} - {frozenset()}
    return {
        "families": len(ones), "identical": len(ones & others) / max(len(ones), 1),
        "fragments": len(common), "in one only": len(set().union(*these) ^ set().union(*those)),
    }  # fmt: skip


def agreement(ours: Ours, theirs: Theirs, unmapped: Path) -> dict:
    """Compare the consensus bases of molecules of the same fragments."""
    same = {frozenset(some): molecule for molecule, some in ours.families.items()}
    molecule_of = {mi: same.get(frozenset(some)) for mi, some in theirs.families.items()}
    equal = both = of_one = reads = 0
    duplex = [0, 0]
    with pysam.AlignmentFile(str(unmapped), check_sq=False) as file:
        for read in file.fetch(until_eof=True):
            mi = read.get_tag("MI").split("/")[0]
            mine = ours.reads.get((molecule_of[mi], read.is_read2 != theirs.reverse[mi]))
            if mine is None:
                continue
            other = np.frombuffer(read.query_sequence.encode(), np.uint8)
            n = min(len(mine), len(other))
            mine, other = mine[:n], other[:n]
            shown = np.stack([mine != ord("N"), other != ord("N")])
            use = shown.all(0)
            hits = int((mine == other)[use].sum())
            reads += 1
            equal, both = equal + hits, both + int(use.sum())
            of_one += int((shown[0] != shown[1]).sum())
            if read.has_tag("aD") and read.get_tag("aD") and read.get_tag("bD"):
                duplex[0], duplex[1] = duplex[0] + hits, duplex[1] + int(use.sum())
    return {
        "consensus reads": reads, "bases of both": both, "agree": equal / max(both, 1),
        "duplex bases": duplex[1], "duplex agree": duplex[0] / max(duplex[1], 1),
        "N in one": of_one / max(both + of_one, 1),
    }  # fmt: skip


def truth(args) -> list[dict]:
    """Compare on reads that fgumi simulates; return rows."""
    rng = np.random.default_rng(args.seed)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference, bam = folder / "ref.fa", folder / "simulated.bam"
        reference.write_text(">chr1\n" + "".join(rng.choice(list("ACGT"), 200_000)) + "\n")
        pysam.faidx(str(reference))
        common = ["--reference", reference, "--output", bam, "--truth", folder / "truth.tsv",
                  "--num-molecules", args.molecules, "--seed", args.seed]  # fmt: skip
        deep = ["--num-positions", args.molecules // 40, "--umis-per-position", "40"]
        run("fgumi", "simulate", "mapped-reads", *common, *deep, "--error-rate", "0.002")
        table = pd.read_csv(folder / "truth.tsv", sep="\t", usecols=["read_name", "molecule_id"])
        made = defaultdict(set)
        for read, molecule in zip(table.read_name, table.molecule_id, strict=True):
            made[molecule].add(name_hash(read))
        run("samtools", "sort", "-o", folder / "s.bam", bam)
        pysam.index(str(folder / "s.bam"))
        ours = Ours.of(str(folder / "s.bam"), "RX", "single")
        theirs = Theirs.of(grouped(str(folder / "s.bam"), folder, "adjacency")).families
        what = "fgumi simulate mapped-reads"
        for who, some in (("ours", ours.families), ("fgumi", theirs)):
            row = {"reads": what, "of": "the simulator", "by": who}
            rows.append(row | identical(made.values(), some.values()))
        row = {"reads": what, "of": "fgumi", "by": "ours"}
        rows.append(row | identical(theirs.values(), ours.families.values()))

        run("fgumi", "simulate", "grouped-reads", *common, "--duplex")
        run("samtools", "sort", "-o", folder / "s.bam", bam)
        pysam.index(str(folder / "s.bam"))
        ours = Ours.of(str(folder / "s.bam"), "MI", "duplex")
        theirs = Theirs.of(bam)
        row = {"reads": "fgumi simulate grouped-reads --duplex", "of": "the simulator"}
        row |= {"by": "ours"}
        rows.append(row | identical(theirs.families.values(), ours.families.values()))
        print(summary.markdown(pd.DataFrame(rows)), flush=True)
        bases = agreement(ours, theirs, consensus(bam, folder))
        print(summary.markdown(pd.DataFrame([row | bases])), flush=True)
    return rows


def families(args) -> None:
    """Compare on a plasma of our simulator."""
    with tempfile.TemporaryDirectory() as name:
        place = make(Path(name), args.seed, args.molecules, 1, args.kb * LENGTH)
        compared(place)


def compared(place: Place) -> Path:
    """Print how families and bases of a plasma agree; return the consensus reads of fgumi."""
    by_umi = grouped(place.plasma, place.folder, "paired")
    ours, theirs = Ours.of(place.plasma, "RX", "duplex"), Theirs.of(by_umi)
    made = simulated(place.plasma)
    rows = [
        {"of": of, "by": by} | identical(these.values(), those.values())
        for of, by, these, those in (
            ("the simulator", "ours", made, ours.families),
            ("the simulator", "fgumi", made, theirs.families),
            ("fgumi", "ours", theirs.families, ours.families),
        )
    ]
    print(summary.markdown(pd.DataFrame(rows)), flush=True)
    made = consensus(by_umi, place.folder)
    print(summary.markdown(pd.DataFrame([agreement(ours, theirs, made)])), flush=True)
    return made


def recall(args) -> None:
    """Call a plasma from raw reads and from consensus reads, pair by variant."""
    rng = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = make(folder, args.seed, args.molecules, 1, args.kb * LENGTH,
                     both_strands=args.both)  # fmt: skip
        bams = {"raw reads": place.plasma}
        if args.without:
            bams |= {text: filtered(place, text, least) for text, least in OURS.items()}
        else:
            mapped = aligned(compared(place), folder / "ref.fa")
            for text, given in FILTERS.items():
                bams[text] = kept(mapped, folder / "ref.fa", *given)
        keys = sorted(place.variants)
        af = np.array([place.variants[key] for key in keys])
        rows, first = [], None
        for text, bam in bams.items():
            true, false, support = called(place, bam)
            hit = np.array([key in true for key in keys])
            first = hit if first is None else first
            reads = np.array([support.get(key, 0) for key in keys])
            for value in FREQUENCIES:
                some = af == value
                delta, low, high = difference(first[some], hit[some], rng)
                rows.append({"molecules": args.molecules, "reads": text, "AF": value,
                             "n": int(some.sum()), "recall": hit[some].mean(),
                             "molecules with it": reads[some].mean(), "false": len(false),
                             "difference": delta, "low": low, "high": high})  # fmt: skip
            print(text, len(true), "called, false:", sorted(false), flush=True)
        print(summary.markdown(pd.DataFrame(rows)))


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("truth", "families", "recall"))
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--molecules", type=int, default=4000)
    parser.add_argument("--kb", type=int, default=2)
    parser.add_argument("--both", type=float, default=0.5, help="recall: molecules read of both")
    parser.add_argument("--without", action="store_true", help="recall: our consensus reads")
    args = parser.parse_args()
    missing = [tool for tool in ("fgumi", "bwa", "samtools") if not shutil.which(tool)]
    if missing and not args.without:
        sys.exit(f"not in the path: {', '.join(missing)}")
    {"truth": truth, "families": families, "recall": recall}[args.what](args)


if __name__ == "__main__":
    main()
