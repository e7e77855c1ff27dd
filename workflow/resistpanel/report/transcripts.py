"""Other names of genes and ids of transcripts, from the shipped panel's table."""

import functools
from collections.abc import Collection, Iterable, Mapping

from resistpanel.core.files import HOME
from resistpanel.core.tables import read_tsv
from resistpanel.records.compare import Variant

#: Genes of the shipped panel with their Ensembl and RefSeq transcripts and other names.
TABLE = HOME / "panels" / "cancer138" / "genes.tsv"


@functools.cache
def _table() -> Mapping[str, Mapping[str, str]]:
    columns = ("gene", "transcript", "refseq", "aliases")
    return {row["gene"]: row for _, row in read_tsv(TABLE, columns, others=True)}


def refseq_of(gene: str | None) -> str | None:
    """Return the RefSeq transcript of a gene of the shipped panel, with its version."""
    found = _table().get(gene or "", {}).get("refseq", ".")
    return found if found.startswith("NM_") else None


def other_names(genes: Collection[str]) -> dict[str, str]:
    """Return the other names of genes (``MEK1``), except those that are a gene's symbol."""
    return {
        name: gene
        for gene, row in _table().items()
        if gene in genes
        for name in row["aliases"].replace(",", " ").replace(";", " ").split()
        if name.isalnum() and name not in genes and len(name) > 2
    }


def transcripts_of(variants: Iterable[Variant], genes: Collection[str]) -> dict[str, str]:
    """Return the genes of transcripts, whose ids are without versions."""
    found = {
        row[column].split(".")[0]: gene
        for gene, row in _table().items()
        if gene in genes
        for column in ("transcript", "refseq")
        if row[column] != "."
    }
    return found | {v.transcript.split(".")[0]: v.gene for v in variants if v.transcript and v.gene}
