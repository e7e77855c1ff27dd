"""Reads that are given twice: one sample under two names, or a BAM merged with itself.

Both make one piece of DNA count as two: a relapse compared with itself has every variant before
treatment, and doubled reads double the evidence for each error.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

from resistpanel.core.bam import open_bam
from resistpanel.core.errors import InputError
from resistpanel.inputs.inputs_constants import CONTIGS, LEAST, MOST_SHARED, MOST_TWICE, READS
from resistpanel.inputs.sheet import Row

Key = tuple[str, int, str, int]


def _keys(path: Path, reference: Path) -> list[Key]:
    """Return name, mate, bases and quality of primary reads."""
    found: list[Key] = []
    with open_bam(path, reference) as bam:
        contigs = [one.contig for one in bam.get_index_statistics() if one.mapped]
        chosen = contigs[:: max(1, len(contigs) // CONTIGS)][:CONTIGS]
        for contig in chosen:
            primary = (read for read in bam.fetch(contig) if not read.flag & 0x900)
            for read in itertools.islice(primary, READS):
                bases = read.get_forward_sequence() or ""
                qualities = sum(read.query_qualities or ())
                found.append((read.query_name or "", read.flag & 0xC0, bases, qualities))
    return found


def check_reads_once(rows: list[Row], reference: Path) -> Iterator[InputError | str]:
    """Yield BAMs that hold reads twice, and pairs of a patient's BAMs that hold the same reads.

    Errors, and notes (str) on BAMs that hold some of their reads twice.

    Parameters
    ----------
    rows : list of Row
        With BAMs that can be read.
    reference : Path
        FASTA, for CRAM.
    """
    seen: list[tuple[Row, set[Key]]] = []
    for row in rows:
        try:
            keys = _keys(row.bam, reference)
        except (OSError, ValueError):
            continue  # no index yet, or of a kind that does not count reads
        once = set(keys)
        where = f"{row.bam} ({row.where}, sample '{row.sample}')"
        twice = len(keys) - len(once)
        found = f"{twice} of {len(keys)} reads examined are in it twice"
        if len(keys) >= LEAST and twice >= MOST_TWICE * len(keys):
            yield InputError(found, where, "merge each BAM once")
        elif len(keys) >= LEAST and twice > MOST_SHARED * len(keys):
            yield f"{where}: {found}, as samtools view writes them of several regions; counted once"
        for other, others in seen:
            if other.bam == row.bam:
                continue  # which is said of the sheet
            shared = len(once & others)
            if shared >= LEAST and shared > MOST_SHARED * min(len(once), len(others)):
                yield InputError(
                    f"{shared} of {len(once)} reads examined are those of sample "
                    f"'{other.sample}' ({other.bam})",
                    where,
                    "give each sample its own reads",
                )
        seen.append((row, once))
