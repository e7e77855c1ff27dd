"""Residues that other transcripts, and older papers, number otherwise than the catalogue.

EZH2 Y641 of many reports is Y646 of the catalogue, FGFR2 V565 is V564: the proteins differ by an
exon, or by the first residues, and beyond it by a constant.
"""

import dataclasses
import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from resistpanel.catalog import protein
from resistpanel.catalog.classes import (
    Activating,
    load_activating,
    load_inactivating,
    load_recurrent,
)
from resistpanel.catalog.drivers import Driver, load_drivers
from resistpanel.catalog.drugs import CATALOG
from resistpanel.catalog.homologous import misplaced
from resistpanel.catalog.protein import ProteinChange
from resistpanel.catalog.table import Row, load_catalog
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.tables import read_tsv, split

COLUMNS = ("gene", "first", "last", "shift", "transcripts", "usual", "same", "source")

#: A change as it is written in short form: what stands before the numbers and between them.
_NUMBERS = re.compile(r"([A-Z*])(\d+)")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a protein that is numbered otherwise, without gaps.

    Attributes
    ----------
    gene : str
        HGNC symbol.
    first, last : int
        Residues in the other numbering, 1-based, both included.
    shift : int
        What a residue is higher in the catalogue's numbering.
    transcripts : tuple of str
        Transcripts that are numbered so. Without a version each version is.
    usual : tuple of str
        Transcripts that are numbered as the catalogue, likewise.
    same : tuple of (str, int)
        Residues in the other numbering at whose number the catalogue's protein has the same letter:
        a name alone does not say which of the two is meant.
    source : str
    """

    gene: str
    first: int
    last: int
    shift: int
    transcripts: tuple[str, ...]
    usual: tuple[str, ...]
    same: tuple[tuple[str, int], ...]
    source: str

    def own(self, residue: int) -> int:
        """Return the number here of a residue of the catalogue; outside the stretch the same."""
        here = residue - self.shift
        return here if self.first <= here <= self.last else residue

    def shifted(self, change: ProteinChange) -> ProteinChange | None:
        """Return a change in the catalogue's numbering; None if it is not within the stretch."""
        if not self.first <= change.start <= change.end <= self.last:
            return None
        start, end = change.start + self.shift, change.end + self.shift
        return dataclasses.replace(change, start=start, end=end)


@dataclass(frozen=True)
class Numbering:
    """The catalogue's numbering, and the others that it knows.

    Attributes
    ----------
    stretches : tuple of Stretch
    claimed : set of (str, int, str)
        Gene, number and reference residue (one letter) of every residue that the catalogue names.
    """

    stretches: tuple[Stretch, ...] = ()
    claimed: Set[tuple[str, int, str]] = field(default_factory=frozenset)

    def of_gene(self, gene: str) -> list[Stretch]:
        """Return the stretches of a gene."""
        return [one for one in self.stretches if one.gene == gene]

    def of_transcript(self, gene: str, *names: str) -> Stretch | None:
        """Return the stretch by which a transcript of a gene is numbered; None: none is known."""
        return next((one for one in self.of_gene(gene) if _lists(one.transcripts, names)), None)

    def read(
        self, gene: str, change: ProteinChange, transcripts: Iterable[str] = ()
    ) -> ProteinChange | None:
        """Return a change in the catalogue's numbering; None if it is given in it, as far as known.

        A transcript of the table decides. Otherwise a change is another numbering's if the
        catalogue names the residue that it leads to with the same letter, does not name the stated
        one so, and only one numbering fits.

        Parameters
        ----------
        gene : str
        change : ProteinChange
        transcripts : iterable of str
            Names of the transcript that the change refers to, in Ensembl or RefSeq; empty if it is
            not known.
        """
        mine, names = self.of_gene(gene), list(transcripts)
        if listed := self.of_transcript(gene, *names):
            return listed.shifted(change)
        if any(_lists(one.usual, names) for one in mine):
            return None
        if (gene, change.start, change.ref) in self.claimed:
            return None
        found = {
            shifted
            for one in mine
            if (change.ref, change.start) not in one.same
            and (shifted := one.shifted(change)) is not None
            and (gene, shifted.start, shifted.ref) in self.claimed
        }
        return found.pop() if len(found) == 1 else None

    def with_transcript(self, gene: str, transcript: str, stretch: Stretch | None) -> "Numbering":
        """Return the numbering with a transcript of a gene put to a stretch, or to the catalogue's.

        Parameters
        ----------
        gene, transcript : str
        stretch : Stretch or None
            By which the transcript is numbered; None: as the catalogue.
        """
        changed = []
        for one in self.stretches:
            if one == stretch:
                one = dataclasses.replace(one, transcripts=(*one.transcripts, transcript))
            elif one.gene == gene and stretch is None:
                one = dataclasses.replace(one, usual=(*one.usual, transcript))
            changed.append(one)
        return dataclasses.replace(self, stretches=tuple(changed))

    def read_text(self, gene: str, text: str) -> str | None:
        """Return a change or codon as text (``Y641N``, ``Y641``) in the catalogue's numbering.

        None if it is given in it, as far as known, or is no change of a protein.
        """
        codon = protein.parse_codon(text)
        change = (
            ProteinChange("substitution", codon[1], codon[1], codon[0], codon[0], "X")
            if codon
            else protein.parse(text)
        )
        read = self.read(gene, change) if change else None
        return None if read is None else renumbered(text, read.start - change.start)


def renumbered(text: str, shift: int) -> str:
    """Return a change as text with its residues' numbers shifted: ``Y646N`` for ``Y641N``.

    The length of a shifted frame (``fs*23``) is no residue's number.
    """
    head, shifted_frame, tail = text.partition("fs")
    inserted = re.search(r"(?:ins|delins|del|dup)[A-Z*]*$", head)
    end = inserted.start() if inserted else len(head)
    moved = _NUMBERS.sub(lambda found: f"{found[1]}{int(found[2]) + shift}", head[:end])
    return f"{moved}{head[end:]}{shifted_frame}{tail}"


def load_numbering(
    folder: str | Path | None = None, rows: Iterable[Row | Driver | Activating] | None = None
) -> Numbering:
    """Read ``numbering.tsv`` of a catalogue folder; without the file no other numbering is known.

    Parameters
    ----------
    folder : path, optional
        By default that of the package.
    rows : iterable of Row, Driver or Activating, optional
        All that name residues; by default those of the folder.

    Raises
    ------
    InputError
        One line for every malformed row.
    """
    path = Path(CATALOG if folder is None else folder) / "numbering.tsv"
    if not path.exists():
        return Numbering()
    rows = _rows(folder) if rows is None else rows
    claimed = frozenset((row.gene, number, ref) for row in rows for number, ref in row.residues)
    found: list[Stretch] = []
    errors: list[InputError] = []
    for place, row in read_tsv(path, COLUMNS):
        problem = _problem(row)
        if problem:
            errors.append(InputError(problem[0], place, problem[1]))
            continue
        same = tuple(protein.parse_codon(text) for text in split(row["same"]))
        first, last, shift = (int(row[name]) for name in ("first", "last", "shift"))
        found.append(
            Stretch(
                row["gene"],
                first,
                last,
                shift,
                split(row["transcripts"]),
                split(row["usual"]),
                same,
                row["source"],
            )
        )
    if errors:
        raise InputErrors(errors)
    return Numbering(tuple(found), claimed)


def _rows(folder: str | Path | None) -> list[Row | Driver | Activating]:
    """Return the rows of all tables of a catalogue folder that name residues."""
    catalog = load_catalog(folder)
    functional = (load(folder) for load in (load_activating, load_inactivating, load_recurrent))
    return [*catalog, *load_drivers(folder, catalog.drugs), *itertools.chain(*functional)]


def _lists(listed: Collection[str], names: Iterable[str]) -> bool:
    """Return whether one of some transcripts is listed, with its version or without."""
    return any(name in listed or name.split(".")[0] in listed for name in names if name)


def _problem(row: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (what, cure) of what is wrong with a row of the table."""
    if not row["gene"] or not row["source"]:
        return "gene or source is empty", "give both"
    if wrong := misplaced(row):
        return wrong
    first, last, shift = (int(row[name]) for name in ("first", "last", "shift"))
    if shift == 0:
        return "shift is 0: the residues have the catalogue's numbers", "remove the row"
    for text in split(row["same"]):
        codon = protein.parse_codon(text)
        if codon is None or not first <= codon[1] <= last:
            return f"column 'same': '{text}' is no residue of the stretch", "write it as V555"
    return None
