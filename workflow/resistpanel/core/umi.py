"""UMIs as read names hold them."""

import re

#: A UMI at the end of a read name: ``name:ACGT+ACGT`` (bcl-convert; ``r`` marks a half that it
#: reversed), ``name_ACGT`` (umi_tools), ``name|ACG.ACG`` (ConsensusCruncher), ``name|ACGT|ACGT``,
#: and ``name:8,8:ACGT,ACGT`` or ``name:8,0:ACGT,.`` (ngs-bits, umiVar). `molecules.in_name` reads
#: the same names.
UMI_NAME = re.compile(r"[:_|](r?[ACGTN]{3,}(?:[-+_,.|]r?[ACGTN]{3,})?)(?:,\.?)?$")
#: A UMI in the comment of a FASTQ read, as samtools and fgbio write it.
UMI_TAG = re.compile(r"(?:^|\s)RX:Z:([ACGTN]{2,}(?:[+_-][ACGTN]{2,})?)(?=\s|$)")
#: The same as MIGEC and MAGERI write it, with its qualities.
UMI_MIGEC = re.compile(r"(?:^|\s)UMI:([ACGTN]{2,}(?:[+_-][ACGTN]{2,})?)(?::\S*)?(?=\s|$)")
#: What is between the halves of a UMI.
HALVES = re.compile(r"[-+_,.|]")


def umi_in_comment(comment: str) -> str | None:
    """Return the UMI in the comment of a FASTQ read, None without one."""
    found = UMI_TAG.search(comment) or UMI_MIGEC.search(comment)
    return found[1] if found else None


def umi_in_name(name: str) -> str | None:
    """Return the UMI at the end of a read name, None without one."""
    found = UMI_NAME.search(name)
    return found[1] if found else None
