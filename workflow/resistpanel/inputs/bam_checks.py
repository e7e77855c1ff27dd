"""A BAM's header, checked against its row of the sheet and the reference."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from resistpanel.core.bam import BUILD_NAMES, Header, index_of
from resistpanel.core.builds import build_of_lengths, with_chr
from resistpanel.core.errors import InputError
from resistpanel.inputs.sheet import Row


def check_samples(row: Row, header: Header) -> Iterator[InputError]:
    """Yield what is wrong with the read groups of a sample's BAM."""
    where = f"{row.bam} ({row.where}, sample '{row.sample}')"
    add = f"samtools addreplacerg -r ID:{row.sample} -r SM:{row.sample}"
    if not header.groups:
        yield InputError("the BAM has no read groups", where, f"run `{add}`")
        return
    unnamed = [group for group, sample in header.groups if not sample]
    if unnamed:
        yield InputError(
            f"read group '{unnamed[0]}' has no SM tag", where, f"run `{add} -m overwrite_all`"
        )
        return
    samples = sorted({sample for _, sample in header.groups if sample})
    if len(samples) > 1:
        yield InputError(
            f"the BAM contains several samples (SM {', '.join(samples)})",
            where,
            "split it with `samtools split`, one BAM per sample",
        )
    elif samples != [row.sample]:
        yield InputError(
            f"the BAM is of sample '{samples[0]}' (SM tag), the sheet says '{row.sample}'",
            where,
            "correct the sheet if the BAM is right; else this is another sample's BAM",
        )


def check_order(row: Row, header: Header) -> Iterator[InputError]:
    """Yield what keeps a sample's BAM from being read by position."""
    where = f"{row.bam} ({row.where}, sample '{row.sample}')"
    if header.order in ("unsorted", "queryname"):
        yield InputError(
            f"the BAM is not sorted by coordinate (SO:{header.order})",
            where,
            "run `samtools sort`",
        )
    elif not header.has_reads:
        yield InputError(f"the BAM of sample '{row.sample}' has no reads", where, "remove the row")
    elif index_of(row.bam) is None and not os.access(row.bam.parent, os.W_OK):
        yield InputError(
            "the BAM has no index, and its folder is not writable",
            where,
            f"run `samtools index {row.bam}` as its owner, or link it into a folder of yours",
        )


def _named(lengths: Mapping[str, int]) -> str:
    return BUILD_NAMES.get(build_of_lengths(lengths) or "", "an unknown build")


def check_contigs(
    row: Row, header: Header, reference: Path, lengths: Mapping[str, int], needed: set[str]
) -> Iterator[InputError]:
    """Yield how a BAM's contigs disagree with the reference's, the most telling reason alone.

    Parameters
    ----------
    row, header
        The sample and what its BAM says.
    reference : Path
        FASTA, for messages.
    lengths : mapping of str to int
        Contig lengths of the reference.
    needed : set of str
        Contigs (as the reference names them) that hold targets; others may differ, as decoys
        and the mitochondrion do between references of one build.
    """
    where = f"{row.bam} ({row.where}, sample '{row.sample}')"
    own, other = build_of_lengths(header.lengths), build_of_lengths(lengths)
    if own and other and own != other:
        yield InputError(
            f"aligned to {BUILD_NAMES[own]}, reference is {BUILD_NAMES[other]} ({reference})",
            where,
            f"give the {own} reference and panel, or align the reads again",
        )
        return
    absent = sorted(needed - set(header.lengths))
    if absent:
        names = {with_chr(name): name for name in header.lengths}
        renamed = [name for name in absent if with_chr(name) in names]
        if renamed:
            yield InputError(
                f"chr-prefix mismatch: the BAM's contigs are named "
                f"'{names[with_chr(renamed[0])]}', the reference's '{renamed[0]}' ({reference})",
                where,
                "give a reference with the BAM's names, or rename with `samtools reheader`",
            )
            return
        yield InputError(
            f"contig {', '.join(absent[:3])}{' ...' if len(absent) > 3 else ''} of the targets "
            "is not in the BAM's header",
            where,
            f"give the reference that the reads were aligned to, not {reference}",
        )
        return
    for name in sorted(needed):
        if header.lengths[name] != lengths[name]:
            yield InputError(
                f"contig {name} has {header.lengths[name]} bases in the BAM "
                f"({_named(header.lengths)}) and {lengths[name]} in the reference "
                f"({_named(lengths)}, {reference})",
                where,
                "give the reference that the reads were aligned to",
            )
            return
