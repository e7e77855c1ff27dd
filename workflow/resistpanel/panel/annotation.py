"""Coding transcripts of named genes from a GENCODE or Ensembl GTF or GFF3."""

import collections
import contextlib
import dataclasses
import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from resistpanel.core.builds import CHROMOSOMES, build_of_text, with_chr
from resistpanel.core.errors import InputError
from resistpanel.core.files import check_whole
from resistpanel.core.sequence import STANDARD
from resistpanel.panel.genes import (
    TRANSCRIPT_TYPES,
    Gene,
    attributes,
    code_of,
    feature_id,
    refseq_of,
    selenocysteines_of,
)

#: Tags by which a gene's transcript is chosen, the strongest first.
CANONICAL_TAGS = (
    "MANE_Select",
    "Ensembl_canonical",
    "appris_principal",
    "appris_principal_1",
    "appris_principal_2",
    "appris_principal_3",
    "appris_principal_4",
    "appris_principal_5",
    "CCDS",
)
#: Of transcripts that make no protein, though a coding sequence is given for them (GENCODE).
DECAYING = {"nonsense_mediated_decay", "non_stop_decay", "protein_coding_LoF"}
#: Lines that name a codon read as selenocysteine, in GTF and in GFF3.
SELENOCYSTEINE = {"Selenocysteine", "stop_codon_redefined_as_selenocysteine"}
#: Genes of human selenoproteins (HGNC, gene group 890).
SELENOPROTEINS = frozenset(
    (
        *("DIO1", "DIO2", "DIO3", "GPX1", "GPX2", "GPX3", "GPX4", "GPX6", "MSRB1", "SELENOF"),
        *("SELENOH", "SELENOI", "SELENOK", "SELENOM", "SELENON", "SELENOO", "SELENOP", "SELENOS"),
        *("SELENOT", "SELENOV", "SELENOW", "SEPHS2", "TXNRD1", "TXNRD2", "TXNRD3"),
    )
)
#: Of a coding sequence whose start or end is missing; taken only if nothing else is there.
PARTIAL_TAGS = {"cds_start_NF", "cds_end_NF", "mRNA_start_NF", "mRNA_end_NF"}
#: Attributes that give a transcript's biotype (GENCODE; Ensembl's GTF; Ensembl's GFF3).
_BIOTYPES = ("transcript_type", "transcript_biotype", "biotype")
_GTF_ATTRIBUTE = re.compile(r'(\w+) "?([^";]*)"?;?')


@dataclasses.dataclass
class Transcript:
    """What is known of one coding transcript while the annotation is read.

    Parameters
    ----------
    gene, name, version : str
        Symbol of the gene, id of the transcript without its version, the version.
    chrom, strand : str
    tags : set of str
        Values of ``tag``.
    kind : str
        Biotype of the transcript; empty where the annotation does not say it.
    refseq : str
        The transcript in RefSeq, where the annotation names it.
    parts, stops, selenocysteines : set
        Start, end (0-based half-open) and phase of the CDS lines; start and end of the stop codon;
        start of the codons read as selenocysteine.
    attributes : set of str
        Attribute columns of the CDS lines.
    """

    gene: str
    name: str
    version: str
    chrom: str
    strand: str
    tags: set[str]
    kind: str = ""
    refseq: str = ""
    parts: set[tuple[int, int, int]] = dataclasses.field(default_factory=set)
    stops: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    selenocysteines: set[int] = dataclasses.field(default_factory=set)
    attributes: set[str] = dataclasses.field(default_factory=set)

    def model(self) -> Gene:
        """Return the coding sequence, the stop codon included."""
        # GTF keeps the stop codon outside CDS, GFF3 inside: the union is right for both.
        pieces = sorted({(start, end) for start, end, _ in self.parts} | self.stops)
        cds = [pieces[0]]
        for start, end in pieces[1:]:
            if start <= cds[-1][1]:
                cds[-1] = (cds[-1][0], max(end, cds[-1][1]))
            else:
                cds.append((start, end))
        lead = min(self.parts) if self.strand == "+" else max(self.parts)
        return Gene(
            self.gene,
            self.name,
            self.chrom,
            self.strand,
            cds,
            lead[2],
            self.version,
            self.refseq,
            code_of(self.chrom, self.attributes),
            tuple(sorted(self.selenocysteines | {*selenocysteines_of(self.attributes)})),
        )

    @property
    def _tag(self) -> int:
        """Place in `CANONICAL_TAGS` of its strongest tag."""
        places = (i for i, tag in enumerate(CANONICAL_TAGS) if tag in self.tags)
        return next(places, len(CANONICAL_TAGS))

    def rank(self) -> tuple:
        """Return a sort key: the canonical transcript comes first."""
        model = self.model()
        partial = bool(self.tags & PARTIAL_TAGS)
        if model.code == STANDARD:  # a mitochondrial stop codon may be made by polyadenylation
            partial |= model.length % 3 != 0
        decays = self.kind in DECAYING
        return (
            *(self.chrom not in CHROMOSOMES, decays, partial, self._tag, -model.length, self.name),
        )

    def rule(self, others: int) -> str:
        """Return by which rule the transcript comes before the `others` of its gene."""
        if not others:
            return "the only coding transcript"
        if self._tag < len(CANONICAL_TAGS):
            return CANONICAL_TAGS[self._tag].replace("_", " ")
        return "the longest coding sequence"


def unversioned(identifier: str) -> str:
    """Return a stable id without its version: ``ENST00000288602`` of ``...288602.6``."""
    return re.sub(r"\.\d+(_\d+)?(_PAR_Y)?$", "", identifier)


def version_of(identifier: str, stated: str = "") -> str:
    """Return the version of a stable id, ``6``; `stated` where it is an attribute of its own."""
    found = re.search(r"\.(\d+)(_\d+)?(_PAR_Y)?$", identifier)
    return found[1] if found else stated


@contextlib.contextmanager
def open_text(path: Path):
    """Open a plain or gzipped text file.

    Raises
    ------
    InputError
        If it is damaged or cut short, or no text.
    """
    check_whole(path)
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig")
            if packed
            else path.open(encoding="utf-8-sig") as lines
        ):
            yield lines
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"not a whole gzip file ({error})", str(path), "download or copy it again"
        ) from None
    except UnicodeDecodeError:
        raise InputError("not text (UTF-8)", str(path), "give a GTF or GFF3") from None


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    with open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("##FASTA"):
                return
            fields = line.rstrip("\n").split("\t")
            if line.startswith("#") or len(fields) < 9:
                if line.strip() and not line.startswith("#"):
                    raise InputError(
                        f"{len(fields)} columns where GTF and GFF3 have 9", f"{path}:{number}"
                    )
                continue
            yield number, fields


def annotation_build(path: str | Path) -> str | None:
    """Return the build that the header of a GTF or GFF3 names, or None."""
    with open_text(Path(path)) as lines:
        for line in lines:
            if not line.startswith("#"):
                return None
            if build := build_of_text(line):
                return build
    return None


def _gtf(path: Path, wanted: Collection[str]) -> dict[str, Transcript]:
    found: dict[str, Transcript] = {}
    for number, fields in _rows(path):
        if fields[2] not in {"CDS", "stop_codon", *SELENOCYSTEINE}:
            continue
        text = fields[8]
        pairs = _GTF_ATTRIBUTE.findall(text)
        attribute = dict(pairs)
        gene = attribute.get("gene_name")
        if gene not in wanted:
            continue
        name = attribute.get("transcript_id", "")
        key = f"{fields[0]}:{name}"
        if key not in found:
            attribute["tag"] = ",".join(value for key_, value in pairs if key_ == "tag")
            found[key] = _transcript(gene, name, fields, attribute)
        _add(found[key], fields, f"{path}:{number}")
    return found


def _transcript(
    gene: str, identifier: str, fields: list[str], attribute: dict[str, str]
) -> Transcript:
    """Return a transcript by its line of a GFF3, or the first of its lines in a GTF."""
    tags = set(attribute.get("tag", "").split(","))
    tags |= {"CCDS"} if "ccdsid" in attribute or "ccds_id" in attribute else set()
    kind = next((v for k in _BIOTYPES if (v := attribute.get(k))), "")
    return Transcript(
        gene,
        unversioned(identifier),
        version_of(identifier, attribute.get("transcript_version") or attribute.get("version", "")),
        with_chr(fields[0]),
        fields[6],
        tags,
        kind,
        refseq_of(fields[8]),
    )


class _Gff3:
    """Genes, transcripts and CDS lines of a GFF3, in any order.

    A file that was sorted for tabix may have the CDS before its transcript, and the transcript
    before its gene. Lines that come before what they belong to are kept until it comes.
    """

    def __init__(self, wanted: Collection[str]):
        self.wanted = wanted
        self.genes: dict[str, str] = {}
        self.found: dict[str, Transcript] = {}
        self._known: set[str] = set()  # ids of all genes and transcripts seen
        self._waiting: dict[str, list[tuple[list[str], str]]] = {}

    def add(self, fields: list[str], where: str) -> None:
        """Add a line."""
        kind = fields[2]
        part = kind == "CDS" or kind in SELENOCYSTEINE
        is_transcript = kind in TRANSCRIPT_TYPES or "ID=transcript:" in fields[8]
        if not part and kind != "gene" and not is_transcript:
            return
        attribute = attributes(fields[8])
        if kind == "gene":
            symbol = attribute.get("gene_name") or attribute.get("Name", "")
            identifier = attribute.get("ID", "")
            if symbol in self.wanted:
                self.genes[identifier] = symbol
            self._came(identifier)
            return
        for parent in attribute.get("Parent", "").split(","):
            if parent not in self._known:
                self._waiting.setdefault(parent, []).append((fields, where))
                if not part:
                    return
            elif part and parent in self.found:
                _add(self.found[parent], fields, where)
            elif not part and parent in self.genes:
                identifier = attribute.get("ID", "")
                name = attribute.get("transcript_id") or feature_id(identifier)
                self.found[identifier] = _transcript(self.genes[parent], name, fields, attribute)
        if not part:
            self._came(attribute.get("ID", ""))

    def _came(self, identifier: str) -> None:
        """Add the lines that waited for a gene or a transcript."""
        self._known.add(identifier)
        for fields, where in self._waiting.pop(identifier, []):
            self.add(fields, where)


def _gff3(path: Path, wanted: Collection[str]) -> dict[str, Transcript]:
    read = _Gff3(wanted)
    for number, fields in _rows(path):
        read.add(fields, f"{path}:{number}")
    return read.found


def _add(transcript: Transcript, fields: list[str], where: str) -> None:
    try:
        start, end = int(fields[3]) - 1, int(fields[4])
        if fields[2] == "stop_codon":
            transcript.stops.add((start, end))
        elif fields[2] in SELENOCYSTEINE:
            transcript.selenocysteines.add(start)
        else:
            transcript.parts.add((start, end, int(fields[7]) if fields[7] != "." else 0))
            transcript.attributes.add(fields[8])
    except ValueError:
        raise InputError("start, end and phase must be whole numbers", where) from None


def coding_transcripts(path: str | Path, wanted: Collection[str]) -> dict[str, list[Transcript]]:
    """Return the coding transcripts of the wanted genes, the canonical one first.

    Parameters
    ----------
    path : path
        GTF or GFF3, plain or gzipped; which of the two it is, is read off its attributes.
    wanted : collection of str
        Gene symbols.

    Returns
    -------
    dict of str to list of Transcript
        Genes without a coding transcript are absent. Contigs are named with ``chr``. The
        choice goes by the tags of `CANONICAL_TAGS`, then the longest coding sequence;
        incomplete coding sequences, transcripts that decay (`DECAYING`) and contigs other than 1
        to 22, X, Y come last.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", str(path), "give a GENCODE or Ensembl GTF or GFF3")
    first = next((fields for _, fields in _rows(path)), None)
    if first is None:
        raise InputError("the annotation is empty", str(path))
    read = _gff3 if re.match(r"\s*[^\s=;]+=", first[8]) else _gtf
    genes = collections.defaultdict(list)
    for transcript in read(path, set(wanted)).values():
        if transcript.parts:
            genes[transcript.gene].append(transcript)
    return {gene: sorted(found, key=Transcript.rank) for gene, found in genes.items()}


def symbols(path: str | Path) -> set[str]:
    """Return every gene symbol of an annotation (to suggest one for a misspelt name)."""
    pattern = re.compile(r'gene_name[= ]"?([^";]+)|\bName=([^;]+)')
    found = set()
    for _, fields in _rows(Path(path)):
        if fields[2] == "gene" and (match := pattern.search(fields[8])):
            found.add(match[1] or match[2])
    return found
