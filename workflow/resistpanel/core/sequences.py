"""Refget accessions of a reference's contigs, of which each is read once."""

from collections.abc import Iterable
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import read_json, write_json
from resistpanel.core.reference import Reference


def write_sequences(path: str | Path, reference: str | Path, contigs: Iterable[str]) -> None:
    """Write length and refget accession of contigs as JSON."""
    opened = Reference(reference)
    try:
        found = {
            name: {"length": length, "refget": opened.refget_accession(name)}
            for name, length in opened.contigs.items()
            if name in set(contigs)
        }
    finally:
        opened.close()
    write_json(path, found)


class Sequences:
    """Refget accessions of the contigs of a reference, read from a file or from the contigs.

    Parameters
    ----------
    reference : Reference
    path : path, optional
        File of `write_sequences`; contigs that it lacks are read.

    Raises
    ------
    InputError
        The file is none of `write_sequences`, or of another reference.
    """

    def __init__(self, reference: Reference, path: str | Path | None = None):
        self._reference = reference
        self.known: dict[str, str] = {}
        for name, one in (read_json(path) if path else {}).items():
            if not isinstance(one, dict) or set(one) != {"length", "refget"}:
                cure = "recreate it with `resistpanel panel adapt --output-sequences`"
                raise InputError(f"'{name}' has no length and refget", str(path), cure)
            if reference.contigs.get(name) != one["length"]:
                raise InputError(
                    f"contig {name} of {one['length']} bases is not in {reference.path}",
                    str(path),
                    "give the file that was made of this reference",
                )
            self.known[name] = one["refget"]

    def __getitem__(self, contig: str) -> str:
        """Return the accession of a contig, ``SQ.`` and 32 characters."""
        if contig not in self.known:
            self.known[contig] = self._reference.refget_accession(contig)
        return self.known[contig]
