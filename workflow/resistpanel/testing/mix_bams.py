"""Reads of several BAMs as one sample: foreign DNA, tumour in normal, fewer fragments."""

from collections.abc import Callable
from pathlib import Path

import pysam

from resistpanel.core.intervals import Target
from resistpanel.testing.spike_bams import FAST, identity, reads_of, renamed
from resistpanel.testing.spike_read import chance

#: Which of a source's molecules are taken, by their draw in [0, 1).
Take = Callable[[float], bool]


def molecules(bam: Path, targets: list[Target], reference: Path, umi: str) -> int:
    """Return the number of fragments, or molecules, at the targets."""
    with pysam.AlignmentFile(str(bam), reference_filename=str(reference)) as reads:
        return len({identity(read, umi) for read in reads_of(reads, targets)})


def mix(
    sources: list[tuple[Path, Take]],
    output: Path,
    sample: str,
    targets: list[Target],
    seed: int,
    reference: Path,
    umi: str = "none",
) -> None:
    """Write the chosen molecules of several BAMs at the targets as one sample, sorted and indexed.

    Parameters
    ----------
    sources : list of (Path, callable)
        BAM or CRAM, and which of its molecules are taken. The first has the header.
    output : Path
    sample : str
    targets : list of Target
    seed : int
        The same seed draws the same number for a molecule in every file.
    reference : Path
        For CRAM.
    umi : str
        See `spike_bams.identity`.
    """
    part = output.with_suffix(".part.bam")
    with pysam.AlignmentFile(str(sources[0][0]), reference_filename=str(reference)) as first:
        header = pysam.AlignmentHeader.from_dict(renamed(first.header, sample))
    group = header.to_dict()["RG"][0]["ID"]
    with pysam.AlignmentFile(str(part), "wb", header=header, format_options=FAST) as sink:
        for number, (path, take) in enumerate(sources):
            with pysam.AlignmentFile(str(path), reference_filename=str(reference)) as reads:
                for read in reads_of(reads, targets):
                    if not take(chance(seed, "mix", identity(read, umi))):
                        continue
                    if number:  # names of two libraries may be the same
                        read.query_name = f"{number}.{read.query_name}"
                        read.set_tag("RG", group)
                    sink.write(read)
    pysam.sort("-l", "1", "-o", str(output), str(part))
    part.unlink()
    pysam.index(str(output))
