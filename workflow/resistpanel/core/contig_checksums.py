"""MD5 of contigs, as SAM's M5 tag is defined, and CRAMs that need another reference."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pysam

from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta

#: Bases read at a time for a contig's checksum.
PIECE = 1 << 24


def checksum(reference: Path, contig: str) -> str:
    """Return the MD5 of a contig's upper-case sequence, as SAM's M5 tag is defined."""
    digest = hashlib.md5(usedforsecurity=False)
    with open_fasta(reference) as fasta:
        length = fasta.get_reference_length(contig)
        for start in range(0, length, PIECE):
            digest.update(fasta.fetch(contig, start, min(length, start + PIECE)).upper().encode())
    return digest.hexdigest()


def dictionary(reference: Path) -> dict[str, str]:
    """Return the contigs' checksums that a ``.dict`` beside the reference states."""
    name = reference.name.removesuffix(".gz")
    for path in (Path(f"{reference}.dict"), reference.with_name(name).with_suffix(".dict")):
        if path.is_file() and path.stat().st_mtime >= reference.stat().st_mtime:
            lines = path.read_text(encoding="utf-8").splitlines()
            fields = [dict(f.split(":", 1) for f in line.split("\t") if ":" in f) for line in lines]
            return {f["SN"]: f["M5"] for f in fields if "SN" in f and "M5" in f}
    return {}


def another_reference(path: Path, reference: Path) -> InputError | None:
    """Return the error of a CRAM whose contigs are not those of the reference, or None.

    A CRAM holds the differences from the reference that it was made with. Its header gives the
    checksum (M5) of each contig; htslib reports any other sequence as a damaged file.

    Parameters
    ----------
    path, reference : Path
        Alignment file (None is returned for a BAM), and FASTA with ``.fai``.
    """
    if path.suffix != ".cram":
        return None
    try:
        with pysam.AlignmentFile(str(path), check_sq=False) as handle:
            lines = handle.header.to_dict().get("SQ", [])
        with open_fasta(reference) as fasta:
            contigs = set(fasta.references)
    except (OSError, ValueError, InputError):
        return None
    stated = dictionary(reference)
    for line in lines:
        name, expected = line["SN"], line.get("M5", "").lower()
        if name not in contigs or not expected:
            continue
        found = stated.get(name) or checksum(reference, name)
        if found != expected:
            return InputError(
                f"the CRAM was made with another reference than {reference}: contig {name} "
                f"differs (MD5 {expected[:8]}... in the header, {found[:8]}... in the reference)",
                str(path),
                "give the reference that the CRAM was made with",
            )
    return None


@contextlib.contextmanager
def naming_reference(reference: str | Path) -> Iterator[None]:
    """Turn the error of a CRAM that cannot be read into that of its reference, if that is why."""
    try:
        yield
    except InputError as error:
        named = error.where and another_reference(Path(error.where), Path(reference))
        if not named:
            raise
        raise named from error
