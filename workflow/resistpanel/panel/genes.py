"""Coding coordinates of the panel's genes, read from its GFF3."""

import dataclasses
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text
from resistpanel.core.sequence import CODES, MITOCHONDRIA, MITOCHONDRIAL, STANDARD

TRANSCRIPT_TYPES = {"mRNA", "transcript"}


@dataclasses.dataclass(frozen=True)
class Gene:
    """The coding sequence of one transcript.

    Parameters
    ----------
    symbol, transcript : str
        Gene symbol and transcript id, e.g. ``BRAF``, ``ENST00000288602``.
    chrom : str
        Contig.
    strand : str
        ``+`` or ``-``.
    cds : list of (int, int)
        Coding parts of the exons, ascending, 0-based half-open.
    offset : int
        Coding bases before the first whole codon; other than 0 only where the annotation
        lacks the transcript's start.
    version : str
        Version of the transcript, ``6`` of ENST00000288602.6; empty where not known.
    refseq : str
        The same transcript in RefSeq, ``NM_004333.6``; empty where not known.
    code : int
        NCBI translation table: 1, or 2 for the mitochondrion.
    selenocysteines : tuple of int
        Genomic positions of the lowest base of each codon that is read as selenocysteine,
        ascending, 0-based.
    """

    symbol: str
    transcript: str
    chrom: str
    strand: str
    cds: list[tuple[int, int]]
    offset: int = 0
    version: str = ""
    refseq: str = ""
    code: int = STANDARD
    selenocysteines: tuple[int, ...] = ()

    @property
    def versioned(self) -> str:
        """Transcript id with its version where that is known: ``ENST00000288602.6``."""
        return f"{self.transcript}.{self.version}" if self.version else self.transcript

    @cached_property
    def coding_order(self) -> list[tuple[int, int]]:
        """`cds` in the order of translation."""
        return self.cds if self.strand == "+" else self.cds[::-1]

    @cached_property
    def length(self) -> int:
        """Number of coding bases, stop codon included where annotated."""
        return sum(end - start for start, end in self.cds)

    @property
    def residues(self) -> int:
        """Number of whole codons, the stop codon included where annotated."""
        return (self.length - self.offset) // 3

    def position(self, cdna: int) -> int:
        """Return the genomic position (0-based) of coding base `cdna` (1-based, as in c.).

        Raises
        ------
        IndexError
            If the transcript has no such coding base.
        """
        rest = cdna - 1
        if rest >= 0:
            for start, end in self.coding_order:
                if rest < end - start:
                    return start + rest if self.strand == "+" else end - 1 - rest
                rest -= end - start
        raise IndexError(f"{self.symbol} {self.transcript} has no coding base c.{cdna}")

    def codon(self, residue: int) -> tuple[int, int, int]:
        """Return the genomic positions (0-based) of a codon's bases, in coding order.

        Parameters
        ----------
        residue : int
            1-based, as in HGVS p.

        Raises
        ------
        IndexError
            If the transcript has no such residue.
        """
        if not 1 <= residue <= self.residues:
            raise IndexError(
                f"{self.symbol} {self.transcript} has {self.residues} codons, not {residue}"
            )
        first = self.offset + 3 * (residue - 1) + 1
        return self.position(first), self.position(first + 1), self.position(first + 2)

    def cdna(self, pos: int) -> int | None:
        """Return the 1-based c. position of a coding base, None elsewhere.

        Parameters
        ----------
        pos : int
            Genomic position, 0-based.
        """
        before = 0
        for start, end in self.coding_order:
            if start <= pos < end:
                return before + (pos - start if self.strand == "+" else end - 1 - pos) + 1
            before += end - start
        return None

    def residue(self, pos: int) -> tuple[int, int] | None:
        """Return (residue, phase) of a coding base, None elsewhere.

        `residue` is 1-based as in HGVS p.; `phase` is the base's place in the codon in coding
        order, 0 to 2. A base that belongs to no whole codon gives None.
        """
        cdna = self.cdna(pos)
        if cdna is None:
            return None
        residue, phase = divmod(cdna - 1 - self.offset, 3)
        return (residue + 1, phase) if 0 <= residue < self.residues else None

    def exon(self, pos: int) -> int | None:
        """Return the number of the coding exon at `pos` (0-based), None elsewhere.

        Exons are counted from 1 in the order of translation, coding exons alone: in a gene
        whose first exons are untranslated (MET) this is less than the usual exon number.
        """
        for number, (start, end) in enumerate(self.coding_order, 1):
            if start <= pos < end:
                return number
        return None


def attributes(text: str) -> dict[str, str]:
    """Parse a GFF3 attribute column."""
    pairs = (item.split("=", 1) for item in text.strip().split(";") if "=" in item)
    return {key.strip(): unquote(value) for key, value in pairs}


def feature_id(name: str) -> str:
    """Return a feature id without Ensembl's prefix (``gene:``, ``transcript:``)."""
    return re.sub(r"^(gene|transcript|CDS):", "", name)


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    with io.StringIO(read_text(path)) as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("##FASTA"):
                return
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.rstrip("\n").split("\t")
            where = f"{path}:{number}"
            if len(fields) != 9:
                raise InputError(
                    f"{len(fields)} columns where GFF3 has 9", where, "columns are tab-separated"
                )
            if not (fields[3].isdigit() and fields[4].isdigit()):
                raise InputError("start and end must be whole numbers", where)
            if not 1 <= int(fields[3]) <= int(fields[4]):
                raise InputError("start must be 1 or more and not exceed end", where)
            yield number, fields


def load_genes(gff3: str | Path) -> dict[str, Gene]:
    """Read the coding transcripts of a panel's GFF3.

    Parameters
    ----------
    gff3 : path
        A GFF3 as ``resistpanel panel build`` writes it: one transcript per gene.

    Returns
    -------
    dict of str to Gene
        By gene symbol, in the order of the file.

    Raises
    ------
    InputError
        If the file is missing, malformed, without coding sequence, or gives a gene twice.
    """
    path = Path(gff3)
    if not path.is_file():
        raise InputError("no such file", str(path), "give the panel's GFF3")
    symbols: dict[str, str] = {}
    parents: dict[str, _Parent] = {}
    parts: dict[str, list[tuple[int, list[str]]]] = {}
    for number, fields in _records(path):
        kind, attribute = fields[2], attributes(fields[8])
        if kind == "gene":
            identifier = feature_id(attribute.get("ID", ""))
            symbols[identifier] = attribute.get("Name") or identifier
        elif kind in TRANSCRIPT_TYPES:
            parents[feature_id(attribute.get("ID", ""))] = _Parent(
                feature_id(attribute.get("Parent", "")), number, attribute
            )
        elif kind == "CDS":
            parts.setdefault(feature_id(attribute.get("Parent", "")), []).append((number, fields))
    genes: dict[str, Gene] = {}
    for transcript, rows in parts.items():
        where = f"{path}:{rows[0][0]}"
        if transcript not in parents:
            raise InputError(
                f"CDS of {transcript or 'no parent'}, which no mRNA line declares", where
            )
        parent = parents[transcript]
        if parent.gene not in symbols:
            raise InputError(
                f"transcript {transcript} belongs to no gene line", f"{path}:{parent.line}"
            )
        gene = _gene(symbols[parent.gene], transcript, rows, path, parent.attributes)
        if gene.symbol in genes:
            raise InputError(
                f"gene {gene.symbol} has more than one transcript "
                f"({genes[gene.symbol].transcript}, {transcript})",
                where,
                "keep one per gene, as `resistpanel panel build` does",
            )
        genes[gene.symbol] = gene
    if not genes:
        raise InputError("no coding sequence (CDS lines) found", str(path))
    return genes


@dataclasses.dataclass(frozen=True)
class _Parent:
    """A transcript's line: the id of its gene, the number of the line, its attributes."""

    gene: str
    line: int
    attributes: dict[str, str]


def _gene(
    symbol: str,
    transcript: str,
    rows: list[tuple[int, list[str]]],
    path: Path,
    about: dict[str, str],
) -> Gene:
    rows = sorted(rows, key=lambda row: int(row[1][3]))
    number, first = rows[0]
    for other, fields in rows:
        if (fields[0], fields[6]) != (first[0], first[6]) or fields[6] not in "+-":
            raise InputError(
                f"CDS of {transcript} is on more than one contig or strand", f"{path}:{other}"
            )
    cds = [(int(fields[3]) - 1, int(fields[4])) for _, fields in rows]
    for (_, end), (start, _) in itertools.pairwise(cds):
        if start < end:
            raise InputError(f"CDS parts of {transcript} overlap", f"{path}:{number}")
    lead = rows[0] if first[6] == "+" else rows[-1]
    phase = lead[1][7]
    if phase not in {"0", "1", "2", "."}:
        raise InputError(f"phase of a CDS must be 0, 1 or 2, not {phase!r}", f"{path}:{lead[0]}")
    refseq = refseq_of(about.get("Dbxref", ""))
    texts = [fields[8] for _, fields in rows]
    return Gene(
        symbol,
        transcript,
        first[0],
        first[6],
        cds,
        0 if phase == "." else int(phase),
        about.get("version", ""),
        refseq,
        code_of(first[0], texts),
        selenocysteines_of(texts),
    )


def refseq_of(text: str) -> str:
    """Return the RefSeq transcript that attributes name (``RefSeq:NM_004333.6``), or nothing."""
    found = re.search(r"\bRefSeq:(NM_[0-9.]+)", text)
    return found[1] if found else ""


def code_of(contig: str, texts: Iterable[str] = ()) -> int:
    """Return the NCBI translation table of a transcript.

    Parameters
    ----------
    contig : str
        Genes of the mitochondrion have table 2.
    texts : iterable of str
        Attributes of the CDS lines, of which ``transl_table`` counts.
    """
    for text in texts:
        stated = re.search(r"\btransl_table[= ]\"?(\d+)", text)
        if stated and int(stated[1]) in CODES:
            return int(stated[1])
    return MITOCHONDRIAL if contig in MITOCHONDRIA else STANDARD


def selenocysteines_of(texts: Iterable[str]) -> tuple[int, ...]:
    """Return the selenocysteine codons (lowest base, 0-based) that CDS attributes give.

    They are written as NCBI does: ``transl_except=(pos:49106301..49106303,aa:Sec)``.
    """
    found = {
        int(start) - 1
        for text in texts
        for start in re.findall(r"pos:(?:complement\()?(\d+)\.\.\d+\)?,aa:Sec", unquote(text))
    }
    return tuple(sorted(found))
