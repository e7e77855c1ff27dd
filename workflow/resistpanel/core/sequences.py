"""Refget accessions of a reference's contigs, which GA4GH VRS names sequences by."""

import dataclasses
import functools
import re
from collections.abc import Iterable
from pathlib import Path

from resistpanel.core.contig_checksums import dictionary
from resistpanel.core.core_constants import SHORT_CONTIG
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, read_json, read_text, write_json
from resistpanel.core.reference import Reference

#: Accessions of the chromosomes of GRCh37 and GRCh38, and MD5s of the FASTA files that have them.
FOLDER = HOME / "resources" / "refget"


@dataclasses.dataclass(frozen=True)
class Chromosome:
    """A chromosome of a reference assembly: ``GRCh38``, ``chr7``, ``NC_000007.14``, ``SQ...``."""

    assembly: str
    name: str
    refseq: str
    refget: str


@functools.cache
def chromosomes() -> dict[str, Chromosome]:
    """Return the chromosomes of GRCh37 and GRCh38 by refget accession.

    The mitochondrion, which both have, is that of GRCh38.
    """
    rows = (Chromosome(*row) for row in _rows("chromosomes.tsv"))
    return {row.refget: row for row in rows}


@functools.cache
def standard() -> dict[str, str]:
    """Return the refget accession of the chromosome that a contig is, by the contig's MD5."""
    known = {(row[0], row[1]): row[3] for row in _rows("chromosomes.tsv")}
    return {md5: known[assembly, name] for assembly, name, md5, _ in _rows("checksums.tsv")}


def _rows(name: str) -> list[list[str]]:
    """Return the rows of a table of `FOLDER`; pandas would cost more than all else here."""
    lines = read_text(FOLDER / name).splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]


def write_sequences(
    path: str | Path, reference: str | Path, contigs: Iterable[str], read: bool = False
) -> list[str]:
    """Write length and refget accession of contigs as JSON; return those whose is not known.

    Parameters
    ----------
    path, reference : path
    contigs : iterable of str
    read : bool
        Read contigs of any length, see `Sequences`.
    """
    opened = Reference(reference)
    try:
        sequences = Sequences(opened, read=read)
        wanted = [name for name in opened.contigs if name in set(contigs)]
        found = {name: sequences.get(name) for name in wanted}
    finally:
        opened.close()
    write_json(
        path,
        {
            name: {"length": opened.contigs[name], "refget": accession}
            for name, accession in found.items()
            if accession
        },
    )
    return [name for name in wanted if not found[name]]


#: Accession of a sequence by its digest (GA4GH refget).
_ACCESSION = re.compile(r"SQ\.[0-9A-Za-z_-]{32}")


class Sequences:
    """Refget accessions of the contigs of a reference.

    A contig that is a chromosome of GRCh37 or GRCh38 by its MD5 has the accession of that
    chromosome, also where the file has copies masked or letters for several bases replaced.
    Others have that of their own sequence. The MD5 is that of the reference's ``.dict``; without it
    short contigs are read.

    Parameters
    ----------
    reference : Reference
    path : path, optional
        File of `write_sequences`; nothing else is looked for.
    read : bool
        Read contigs of any length that the ``.dict`` does not have as a known chromosome.

    Raises
    ------
    InputError
        The file is none of `write_sequences`, or of another reference.
    """

    def __init__(self, reference: Reference, path: str | Path | None = None, read: bool = False):
        self._reference, self._path = reference, path
        self._longest = max(reference.contigs.values(), default=0) if read else SHORT_CONTIG
        self._stated = {} if path else dictionary(Path(reference.path))
        self._known: dict[str, str | None] = {}
        for name, one in (read_json(path) if path else {}).items():
            cure = "recreate it with `resistpanel panel adapt --output-sequences`"
            if not isinstance(one, dict) or set(one) != {"length", "refget"}:
                raise InputError(f"'{name}' has no length and refget", str(path), cure)
            if reference.contigs.get(name) != one["length"]:
                raise InputError(
                    f"contig {name} of {one['length']} bases is not in {reference.path}",
                    str(path),
                    "give the file that was made of this reference",
                )
            if one["refget"] is not None and not _ACCESSION.fullmatch(str(one["refget"])):
                raise InputError(f"'{one['refget']}' is no refget accession", str(path), cure)
            self._known[name] = one["refget"]

    def get(self, contig: str) -> str | None:
        """Return the accession of a contig, ``SQ.`` and 32 characters; None if it is not known."""
        if contig not in self._known:
            self._known[contig] = None if self._path else self._found(contig)
        return self._known[contig]

    def _found(self, contig: str) -> str | None:
        if accession := standard().get(self._stated.get(contig, "").lower()):
            return accession
        if self._reference.contigs[contig] > self._longest:
            return None
        md5, accession = self._reference.digests(contig)
        return standard().get(md5, accession)
