"""Make proteins.tsv from compiled coding sequences.

    python resources/catalog/make_proteins.py FACTS

FACTS is a folder with refcds138_hg19.json.gz. Genes are taken whose sequence agrees with hg19 in
composition, and those whose protein has an accession that others published (`PUBLISHED`).
"""

import gzip
import json
import sys
from pathlib import Path

from resistpanel.catalog.identifiers import accession
from resistpanel.core.files import HOME, write_text
from resistpanel.core.sequence import translate
from resistpanel.panel.genes import load_genes

HERE = Path(__file__).parent
#: Accessions in tests of github.com/cancervariants (variation-normalization, metakb), by the RefSeq
#: protein that they are of.
PUBLISHED = {
    "SQ.cQvw4UsHHRRlogxbWCB8W-mKD4AraM9y": "NP_004324.2",
    "SQ.vyo55F6mA6n2LgN4cagcdRzOuh38V4mE": "NP_005219.2",
    "SQ.AF1UFydIo02-bMplonKSfxlWY2q6ze3m": "NP_004439.2",
    "SQ.z-Oa0pZkJ6GHJHOYM7h5mY_umc0SJzTu": "NP_000542.1",
}
#: The same where the tests name the change of the gene alone.
PUBLISHED_GENES = {
    "SQ.jMu9-ItXSycQsm4hyABeW_UfSNRXRVnl": "RET",
    "SQ.dmFigTG-0fY6I54swb7PoDuxCeT6O3Wg": "ABL1",
    "SQ.TcMVFj5kDODDWpiy1d_1-3_gOf4BYaAB": "KIT",
    "SQ.fytWhQSNGnA-86vDiQCxTSzgkk_WfQRS": "KRAS",
}


def main(facts: Path) -> None:
    """Write proteins.tsv."""
    with gzip.open(facts / "refcds138_hg19.json.gz", "rt") as handle:
        compiled = json.load(handle)["genes"]
    genes = load_genes(HOME / "panels/cancer138/hg19.gff3")
    lines = []
    for gene, entry in sorted(compiled.items()):
        protein = translate(entry["seq_cds"] or "").rstrip("*X")
        if not protein:
            continue
        found = accession(protein)
        others = PUBLISHED.get(found) or (PUBLISHED_GENES.get(found) == gene and "published")
        basis = [entry["seq_status"] == "exact" and "coding sequence", others]
        if not any(basis):
            continue
        assert genes[gene].transcript == entry["transcript"], gene
        assert genes[gene].residues - 1 == len(protein) and "*" not in protein, gene
        named = "; ".join(part for part in basis if part)
        lines.append("\t".join([gene, entry["transcript"], found, named]))
    header = (
        "# Refget accessions of proteins of the panel's transcripts, by make_proteins.py:\n"
        "# translated from coding sequences that agree with hg19 in composition; published: the\n"
        "# same accession is the gene's protein in tests of github.com/cancervariants.\n"
        "gene\ttranscript\trefget\tbasis\n"
    )
    write_text(HERE / "proteins.tsv", header + "".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
