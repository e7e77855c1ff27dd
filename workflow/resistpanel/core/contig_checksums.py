"""Digests of contigs: SAM's M5 tag, GA4GH refget; and CRAMs that need another reference."""

import base64
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pysam

from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta

#: Bases read at a time for a contig's checksum.
PIECE = 1 << 24
#: Bytes of a SHA-512 digest that GA4GH keeps.
KEPT = 24


def sha512t24u(digest: bytes) -> str:
    """Return a SHA-512 digest as GA4GH writes it: the first 24 bytes, in base64url."""
    return base64.urlsafe_b64encode(digest[:KEPT]).decode("ascii")


def checksum(reference: Path, contig: str) -> str:
    """Return the MD5 of a contig's upper-case sequence, as SAM's M5 tag is defined."""
    digest = hashlib.md5(usedforsecurity=False)
    with open_fasta(reference) as fasta:
        for piece in _pieces(fasta, contig):
            digest.update(piece)
    return digest.hexdigest()


def digests(fasta: pysam.FastaFile, contig: str) -> tuple[str, str]:
    """Return a contig's M5 and its refget accession, ``SQ.`` and the sha512t24u of the sequence."""
    md5, sha512 = hashlib.md5(usedforsecurity=False), hashlib.sha512()
    for piece in _pieces(fasta, contig):
        md5.update(piece)
        sha512.update(piece)
    return md5.hexdigest(), f"SQ.{sha512t24u(sha512.digest())}"


def _pieces(fasta: pysam.FastaFile, contig: str) -> Iterator[bytes]:
    """Yield a contig's upper-case sequence, `PIECE` bases at a time."""
    length = fasta.get_reference_length(contig)
    for start in range(0, length, PIECE):
        yield fasta.fetch(contig, start, min(length, start + PIECE)).upper().encode()


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
