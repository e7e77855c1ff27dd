"""Make a simulated patient: reference, targets, truth, and BAMs of a normal and its tumours.

``python -m benchmarks.trio --seed 1`` prints the folder. The folder is kept per seed and
settings, so that a caller can be run again and again on the same reads.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pysam

from benchmarks import genome
from benchmarks.fragments import Library, draw
from benchmarks.truth import draw_germline, draw_somatic, write_germline, write_truth

#: Raised whenever the same seed would give other data.
VERSION = 1
#: ART's built-in profile for a read length.
PROFILES = {36: "GA1", 44: "GA1", 50: "GA2", 75: "GA2", 100: "HS25", 125: "HS25", 150: "HSXt"}
TUMOURS = ("pre", "post", "relapse2", "relapse3", "relapse4")


@dataclass(frozen=True)
class Settings:
    """Everything that a dataset depends on.

    `library` holds for every sample; `damage` is put on the tumours alone, since a normal is
    mostly blood. `density` scales the number of somatic variants; `tumour_in_normal` is the
    fraction of the first tumour's variants' AF that the normal shows; `contamination` is the
    stranger's fraction in the tumours.
    """

    seed: int = 1
    tumours: int = 2
    library: Library = field(default_factory=Library)
    damage: str = "none"
    density: float = 1.0
    tumour_in_normal: float = 0.0
    contamination: float = 0.0
    mark_duplicates: bool = True
    genes: tuple[str, ...] = genome.GENES

    @property
    def samples(self) -> list[str]:
        """Names of the tumours, in order of time."""
        return list(TUMOURS[: self.tumours])

    def key(self) -> str:
        """Return a readable folder name, unique to the settings."""
        text = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        lib = self.library
        return (
            f"seed{self.seed}_{lib.depth:g}x_{lib.read_length}bp_{self.damage}"
            f"_{self.tumours}t_{digest}"
        )


@dataclass(frozen=True)
class Trio:
    """A dataset on disk."""

    folder: Path
    settings: Settings

    @property
    def reference(self) -> Path:
        return self.folder / "reference.fa"

    @property
    def targets(self) -> Path:
        return self.folder / "targets.bed"

    @property
    def truth(self) -> Path:
        return self.folder / "truth.tsv"

    @property
    def germline(self) -> Path:
        return self.folder / "germline.tsv"

    @property
    def normal(self) -> Path:
        return self.folder / "normal.bam"

    @property
    def tumours(self) -> list[Path]:
        return [self.folder / f"{name}.bam" for name in self.settings.samples]

    @property
    def bams(self) -> list[Path]:
        return [self.normal, *self.tumours]


def art_profile(read_length: int) -> str:
    """Return ART's profile for a read length."""
    for longest in sorted(PROFILES):
        if read_length <= longest:
            return PROFILES[longest]
    raise SystemExit(f"no profile for reads of {read_length} bases; at most {max(PROFILES)}")


def sequence(templates: Path, prefix: Path, read_length: int, seed: int) -> tuple[Path, Path]:
    """Sequence every template once from both ends with ART; return the two FASTQ files."""
    command = ["art_illumina", "-ss", art_profile(read_length), "-amp", "-p", "-na", "-q"]
    command += ["-i", str(templates), "-l", str(read_length), "-f", "1", "-rs", str(seed)]
    subprocess.run([*command, "-o", str(prefix)], check=True, capture_output=True)
    return Path(f"{prefix}1.fq"), Path(f"{prefix}2.fq")


def align(fastqs, reference: Path, sample: str, bam: Path, mark: bool, threads: int = 2) -> None:
    """Align with bwa mem, mark the duplicates by their names, sort, index."""
    group = f"@RG\\tID:{sample}\\tSM:{sample}\\tPL:ILLUMINA\\tLB:{sample}"
    mem = ["bwa", "mem", "-t", str(threads), "-K", "20000000", "-R", group, str(reference)]
    # ART appends -1 or -2 to the template's name; a duplicate's name begins with D.
    awk = (
        'BEGIN { FS = OFS = "\\t" } /^@/ { print; next } '
        '{ sub(/-[0-9]+$/, "", $1); '
        + ('if (substr($1, 1, 1) == "D") $2 += 1024; ' if mark else "")
        + "print }"
    )
    part = bam.with_suffix(".part.bam")
    sort = ["samtools", "sort", "-@", "1", "-m", "400M", "-T", str(bam.with_suffix(".sort"))]
    sort += ["-o", str(part), "-"]
    line = " | ".join(shlex.join(c) for c in ([*mem, *map(str, fastqs)], ["awk", awk], sort))
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-2000:])
    part.rename(bam)
    pysam.index(str(bam))


def make(settings: Settings, work: Path = genome.WORK, log=sys.stderr) -> Trio:
    """Make a dataset, or return the one made before."""
    trio = Trio(work / settings.key(), settings)
    if (trio.folder / "settings.json").exists():
        return trio
    began = time.time()
    folder = trio.folder.with_name(f".{os.getpid()}.{trio.folder.name}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = Trio(folder, settings)
    reference = genome.reference(work)
    for suffix in ("", ".fai"):
        Path(f"{made.reference}{suffix}").symlink_to(
            os.path.relpath(f"{reference}{suffix}", trio.folder)
        )
    with pysam.FastaFile(str(reference)) as handle:
        regions = genome.targets(list(handle.references), settings.genes)
    genome.write_bed(made.targets, regions)
    segments = genome.segments(reference, regions)
    streams = np.random.SeedSequence(settings.seed).spawn(4)
    rng = np.random.default_rng(streams[0])
    germline = [draw_germline(rng, s) for s in segments]
    stranger_rng = np.random.default_rng(streams[1])
    stranger = [draw_germline(stranger_rng, s) for s in segments]
    rng = np.random.default_rng(streams[2])
    somatic = draw_somatic(rng, segments, germline, settings.tumours, settings.density)
    for number, sample in enumerate(["normal", *settings.samples]):
        library = settings.library
        if number:
            library = Library(
                **{
                    **asdict(library),
                    "damage": settings.damage,
                    "contamination": settings.contamination,
                }
            )
        rng = np.random.default_rng(streams[3].spawn(1)[0])
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            templates = Path(scratch) / "templates.fa"
            written = 0
            with templates.open("wb") as sink:
                for i, segment in enumerate(segments):
                    fractions = [
                        (s, s.afs[number - 1] if number else s.afs[0] * settings.tumour_in_normal)
                        for s in somatic[i]
                    ]
                    for name, template in draw(
                        rng, segment, str(i), germline[i], stranger[i], fractions, library, sample
                    ):
                        sink.write(b">%s\n%s\n" % (name.encode(), template))
                        written += 1
            drawn = time.time()
            seed = 1 + (settings.seed * 101 + number) % 2_000_000_000
            fastqs = sequence(templates, Path(scratch) / "r", library.read_length, seed)
            sequenced = time.time()
            bam = folder / f"{sample}.bam"
            align(fastqs, reference, sample, bam, settings.mark_duplicates)
        print(
            f"{sample}: {written} fragments, drawn by {drawn - began:.0f} s, sequenced by "
            f"{sequenced - began:.0f} s, aligned by {time.time() - began:.0f} s",
            file=log,
        )
    every = [s for part in somatic for s in part]
    write_truth(made.truth, every, settings.samples, reference)
    write_germline(made.germline, [g for part in germline for g in part], reference)
    (folder / "settings.json").write_text(json.dumps(asdict(settings), indent=1) + "\n")
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(trio.folder)
    folder.rename(trio.folder)
    return trio


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe a dataset."""
    lib = Library()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--depth", type=float, default=lib.depth, help="reads, %(default)g")
    parser.add_argument("--read-length", type=int, default=lib.read_length, help="%(default)s")
    parser.add_argument("--tumours", type=int, default=2, choices=range(2, 6))
    parser.add_argument("--damage", choices=["none", "ffpe", "oxog"], default="none")
    parser.add_argument("--pcr-error", type=float, default=lib.pcr_error, help="%(default)g")
    parser.add_argument("--slippage", type=float, default=lib.slippage, help="%(default)g")
    parser.add_argument("--uneven", type=float, default=lib.uneven, help="%(default)g")
    parser.add_argument("--duplicates", type=float, default=lib.duplicates, help="%(default)g")
    parser.add_argument("--unmarked", action="store_true", help="leave duplicates unmarked")
    parser.add_argument("--density", type=float, default=1.0, help="of variants, %(default)g")
    parser.add_argument("--tumour-in-normal", type=float, default=0.0)
    parser.add_argument("--contamination", type=float, default=0.0)
    parser.add_argument("--genes", nargs="+", default=list(genome.GENES))
    parser.add_argument("--work", type=Path, default=genome.WORK)


def settings_of(args: argparse.Namespace, seed: int | None = None) -> Settings:
    """Return the settings that the options describe."""
    return Settings(
        seed=args.seed if seed is None else seed,
        tumours=args.tumours,
        library=Library(
            depth=args.depth,
            read_length=args.read_length,
            pcr_error=args.pcr_error,
            slippage=args.slippage,
            uneven=args.uneven,
            duplicates=args.duplicates,
        ),
        damage=args.damage,
        density=args.density,
        tumour_in_normal=args.tumour_in_normal,
        contamination=args.contamination,
        mark_duplicates=not args.unmarked,
        genes=tuple(args.genes),
    )


def main(argv: list[str] | None = None) -> int:
    """Make one dataset and print its folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    args = parser.parse_args(argv)
    print(make(settings_of(args), args.work).folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
