"""GA4GH VRS identifiers of the catalogue: of protein changes on the proteins of the panel."""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from resistpanel.catalog.drivers import Driver
from resistpanel.catalog.drugs import CATALOG
from resistpanel.catalog.protein import ProteinChange
from resistpanel.catalog.table import Row
from resistpanel.core.contig_checksums import sha512t24u
from resistpanel.core.reference import Reference
from resistpanel.core.sequence import reverse_complement, translate
from resistpanel.core.tables import read_tsv
from resistpanel.core.vrs import VrsAllele, vrs_allele
from resistpanel.panel.genes import Gene

#: Refget accessions of proteins whose sequence is known.
PROTEINS = CATALOG / "proteins.tsv"
COLUMNS = ("id", "gene", "alteration", "transcript", "refget", "vrs_allele_id", "without")
#: Why a row has no identifier, by what it lacks.
NO_CHANGE = "no single change of known residues"
NO_PROTEIN = "the protein's sequence is not known"
OTHER_PROTEIN = "the protein has other residues there"
FRAMESHIFT = "a frameshift: the new residues depend on the DNA"
NO_SEQUENCE = "an insertion or deletion: needs the protein's sequence, give --genes and --reference"


@dataclasses.dataclass(frozen=True)
class Protein:
    """A protein by its refget accession.

    Attributes
    ----------
    transcript : str
    refget : str
        ``SQ.`` and 32 characters.
    sequence : str
        One letter per residue, without the stop; empty where the accession alone is known.
    """

    transcript: str
    refget: str
    sequence: str = ""


def accession(sequence: str) -> str:
    """Return the refget accession of a protein."""
    return f"SQ.{sha512t24u(hashlib.sha512(sequence.encode()).digest())}"


def known_proteins(path: Path = PROTEINS) -> dict[str, Protein]:
    """Return the proteins of the package by gene."""
    columns = ("gene", "transcript", "refget", "basis")
    return {
        row["gene"]: Protein(row["transcript"], row["refget"]) for _, row in read_tsv(path, columns)
    }


def translated(genes: Mapping[str, Gene], reference: Reference) -> dict[str, Protein]:
    """Return the proteins of a panel's genes, as a reference has them.

    Genes without a start, with a stop inside or without one at the end, or with N are left out.
    """
    found = {}
    for symbol, gene in genes.items():
        if gene.chrom not in reference.contigs:
            continue
        bases = "".join(reference(gene.chrom, start, end) for start, end in gene.cds)
        if gene.strand == "-":
            bases = reverse_complement(bases)
        places = [gene.cdna(pos + 2 * (gene.strand == "-")) for pos in gene.selenocysteines]
        selenocysteines = [place - 1 for place in places if place]
        protein = translate(bases, gene.code, selenocysteines)
        whole = protein.endswith("*") and protein.startswith("M") and not gene.offset
        sequence = protein[:-1]
        if whole and not set(sequence) & set("*X"):
            found[symbol] = Protein(gene.versioned, accession(sequence), sequence)
    return found


def protein_allele(change: ProteinChange, protein: Protein) -> VrsAllele | str:
    """Return a protein change as an allele of its protein, or why it has none."""
    start, end = change.start - 1, change.end
    sequence = protein.sequence
    if change.kind == "frameshift":
        return FRAMESHIFT
    if sequence and (
        sequence[start : start + 1] != change.ref or sequence[end - 1 : end] != change.ref_end
    ):
        return OTHER_PROTEIN
    if change.kind in ("substitution", "nonsense"):
        return VrsAllele(protein.refget, start, end, literal=change.alt)
    if change.kind not in ("deletion", "insertion", "duplication", "delins"):
        return NO_CHANGE
    if not sequence:
        return NO_SEQUENCE
    if change.kind == "insertion":
        start, end = end - 1, end - 1
    ref = sequence[start:end]
    alt = 2 * ref if change.kind == "duplication" else change.alt
    return vrs_allele(
        protein.refget, start, ref, alt, lambda _, a, b: sequence[a:b], protein.transcript,
        len(sequence),
    )  # fmt: skip


def identifiers(
    rows: Iterable[Row | Driver], proteins: Mapping[str, Protein]
) -> Iterator[dict[str, str]]:
    """Yield `COLUMNS` of every row; a row without an identifier says why.

    Parameters
    ----------
    rows : iterable of Row or Driver
    proteins : mapping of str to Protein
        By gene.
    """
    for row in rows:
        protein = proteins.get(row.gene)
        found: VrsAllele | str = NO_CHANGE
        if row.change and row.match_level == "exact":
            found = protein_allele(row.change, protein) if protein else NO_PROTEIN
        made = isinstance(found, VrsAllele)
        yield {
            "id": row.id,
            "gene": row.gene,
            "alteration": row.alteration,
            "transcript": protein.transcript if protein else "",
            "refget": protein.refget if protein else "",
            "vrs_allele_id": found.id if isinstance(found, VrsAllele) else "",
            "without": "" if made else str(found),
        }
