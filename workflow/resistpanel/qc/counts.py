"""Figures of qc from the caller's pass over the reads, so that no BAM is read twice.

The records that overlap the targets are among those that the caller reads, as its targets are the
same ones and wider. Not so where reads are grouped into molecules: a molecule has more reads if
they are looked for further out. `qc` reads such samples itself.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from resistpanel.core.intervals import merge_targets, read_targets
from resistpanel.qc.assay_given import Given
from resistpanel.qc.count import Alongside
from resistpanel.qc.figures import Bases, figures, known_bases
from resistpanel.qc.reads import Contigs
from resistpanel.records.counts import Counts, SampleCounts
from resistpanel.records.qc import Assay, SampleQc
from resistpanel.records.sheet import Sample


class Pass:
    """Counts of all samples of a pass that is made for something else.

    Parameters
    ----------
    bed : Path
        Targets of the panel.
    reference : Path
        FASTA with index.
    bams : sequence of path
    given : sequence of Given
        What the user says of each sample's assay.
    kinds : sequence of Assay
        What each sample's reads are.
    """

    def __init__(
        self,
        bed: Path,
        reference: Path,
        bams: Sequence[str],
        given: Sequence[Given],
        kinds: Sequence[Assay],
    ):
        self.bases = known_bases(merge_targets(read_targets(bed)), reference)
        self.bams, self.given, self.kinds = bams, given, kinds
        plain = [bool(self.bases.targets) and kind.families == "none" for kind in kinds]
        self.contigs = [Contigs(self.bases.targets, reference) if one else None for one in plain]
        #: What takes the records, per sample; None: it is read by qc.
        self.takers: list[Alongside | None] = [
            contigs.alongside() if contigs else None for contigs in self.contigs
        ]

    def record(self, names: Sequence[str]) -> Counts:
        """Return the figures once all records were handed over; `names` are the samples'."""
        found = []
        for k, (taker, contigs) in enumerate(zip(self.takers, self.contigs, strict=True)):
            if taker is None or contigs is None:
                continue
            taker.finish()
            bam = Path(self.bams[k]).absolute()
            counted = contigs.counted(taker)
            row = figures(names[k], bam, counted, self.bases, self.kinds[k])
            given = dataclasses.asdict(self.given[k])
            found.append(SampleCounts(str(bam), bam.stat().st_size, given, row))
        return Counts("resistpanel/counts/1", tuple(found))


def counted_before(counts: Counts, sample: Sample, given: Given, bases: Bases) -> SampleQc | None:
    """Return the figures of a sample that were counted before; None if it has to be read.

    It has to be if there are none, or if they are of another file, other targets, or an assay of
    which the user said something else.
    """
    bam = Path(sample.bam).absolute()
    spans = [(one.name, one.chrom, one.start, one.end) for one in bases.targets]
    for one in counts.samples:
        rows = [(row.name, row.chrom, row.start, row.end) for row in one.figures.targets]
        if (
            one.bam == str(bam)
            and one.size == bam.stat().st_size
            and one.given == dataclasses.asdict(given)
            and rows == spans
        ):
            return one.figures
    return None
