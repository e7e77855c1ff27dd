"""Coding transcripts of named genes from a GENCODE or Ensembl GTF or GFF3."""

import collections
import dataclasses
import gzip
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from resistpanel.core.builds import CHROMOSOMES, build_of_text, with_chr
from resistpanel.core.errors import InputError
from resistpanel.panel.genes import TRANSCRIPT_TYPES, Gene, attributes, feature_id

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
#: Of a coding sequence whose start or end is missing; taken only if nothing else is there.
PARTIAL_TAGS = {"cds_start_NF", "cds_end_NF", "mRNA_start_NF", "mRNA_end_NF"}
_GTF_ATTRIBUTE = re.compile(r'(\w+) "?([^";]*)"?;?')


@dataclasses.dataclass
class Transcript:
    """What is known of one coding transcript while the annotation is read."""

    gene: str
    name: str
    chrom: str
    strand: str
    tags: set[str]
    parts: set[tuple[int, int, int]] = dataclasses.field(default_factory=set)  # start, end, phase
    stops: set[tuple[int, int]] = dataclasses.field(default_factory=set)

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
        return Gene(self.gene, self.name, self.chrom, self.strand, cds, lead[2])

    def rank(self) -> tuple:
        """Return a sort key: the canonical transcript comes first."""
        model = self.model()
        tag = next((i for i, tag in enumerate(CANONICAL_TAGS) if tag in self.tags), 99)
        partial = bool(self.tags & PARTIAL_TAGS) or model.length % 3 != 0
        return (self.chrom not in CHROMOSOMES, partial, tag, -model.length, self.name)


def unversioned(identifier: str) -> str:
    """Return a stable id without its version: ``ENST00000288602`` of ``...288602.6``."""
    return re.sub(r"\.\d+(_\d+)?(_PAR_Y)?$", "", identifier)


def open_text(path: Path):
    """Open a plain or gzipped text file."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8")


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
        if fields[2] not in {"CDS", "stop_codon"}:
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
            tags = {value for key_, value in pairs if key_ == "tag"}
            tags |= {"CCDS"} if "ccdsid" in attribute or "ccds_id" in attribute else set()
            found[key] = Transcript(gene, unversioned(name), with_chr(fields[0]), fields[6], tags)
        _add(found[key], fields, f"{path}:{number}")
    return found


def _gff3(path: Path, wanted: Collection[str]) -> dict[str, Transcript]:
    genes: dict[str, str] = {}
    found: dict[str, Transcript] = {}
    for number, fields in _rows(path):
        kind = fields[2]
        if kind == "CDS":
            parent = attributes(fields[8]).get("Parent", "")
            if parent in found:
                _add(found[parent], fields, f"{path}:{number}")
            continue
        if kind != "gene" and kind not in TRANSCRIPT_TYPES and "ID=transcript:" not in fields[8]:
            continue
        attribute = attributes(fields[8])
        if kind == "gene":
            symbol = attribute.get("gene_name") or attribute.get("Name", "")
            if symbol in wanted:
                genes[attribute.get("ID", "")] = symbol
        elif attribute.get("Parent") in genes:
            tags = set(attribute.get("tag", "").split(","))
            tags |= {"CCDS"} if "ccdsid" in attribute else set()
            identifier = attribute.get("ID", "")
            name = unversioned(attribute.get("transcript_id") or feature_id(identifier))
            found[identifier] = Transcript(
                genes[attribute["Parent"]], name, with_chr(fields[0]), fields[6], tags
            )
    return found


def _add(transcript: Transcript, fields: list[str], where: str) -> None:
    try:
        start, end = int(fields[3]) - 1, int(fields[4])
        if fields[2] == "stop_codon":
            transcript.stops.add((start, end))
        else:
            transcript.parts.add((start, end, int(fields[7]) if fields[7] != "." else 0))
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
        incomplete coding sequences and contigs other than 1 to 22, X, Y come last.
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
