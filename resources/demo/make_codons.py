"""Make codons.tsv and table1.tsv from compiled facts.

    python resources/demo/make_codons.py FACTS

FACTS is a folder with table1_paper.tsv (Table 1 of Wagle et al. 2011, lifted over),
table2_paper.tsv, resistance_catalog_draft.tsv (catalogued alterations) and
refcds138_hg19.json.gz (coding sequences). codons.tsv keeps single codons and their positions
only; it is what the synthetic genome of `resistpanel simulate` holds true.
"""

import csv
import gzip
import json
import re
import sys
from pathlib import Path

from resistpanel.catalog.drivers import load_drivers
from resistpanel.catalog.sites import reference_residues
from resistpanel.catalog.table import load_catalog
from resistpanel.core.files import HOME, write_text
from resistpanel.core.sequence import COMPLEMENT, GENETIC_CODE, THREE_LETTER
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.panel.write import table_text
from resistpanel.testing.codons import USAGE

HERE = Path(__file__).parent

#: How the compiled coding sequence of a gene was obtained -> how sure its codons are.
BASIS = {"exact": "reference", "near": "clone", "orf_only": "clone"}
#: Build of the positions, which the facts are compiled for.
BUILD = "hg19"
CODON_COLUMNS = (
    *("gene", "transcript", "residue", "aa", "codon", "chrom", "pos", "basis", "source"),
    "build",
)
TABLE1_COLUMNS = [
    "gene",
    "gene_printed",
    "hg18",
    "hg19_chrom",
    "hg19_pos",
    "ref",
    "alt",
    "protein_printed",
    "protein_canonical",
    "transcript",
    "type",
    "af_printed",
    "pre_printed",
    "note",
]

BY_THREE = {name: letter for letter, name in THREE_LETTER.items()}


def read(path: Path) -> list[dict[str, str]]:
    """Read a TSV."""
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def residue_of(text: str) -> tuple[str, int] | None:
    """Return (amino acid, residue) that ``p.Val600Glu`` or ``V600E`` begins with."""
    if match := re.match(r"p\.([A-Z][a-z]{2})(\d+)", text):
        return BY_THREE[match[1]], int(match[2])
    if match := re.match(r"(?:p\.)?([A-Z])(\d+)", text):
        return match[1], int(match[2])
    return None


def catalogued(facts: Path) -> dict[tuple[str, int], dict]:
    """Return amino acids, sources and known genomic bases of every catalogued residue."""
    found: dict[tuple[str, int], dict] = {}

    def add(gene, text, source, snvs=""):
        if match := residue_of(text):
            aa, residue = match
            entry = found.setdefault((gene, residue), {"aa": set(), "source": set(), "bases": {}})
            entry["aa"].add(aa)
            entry["source"].add(source)
            for snv in re.findall(r"(\w+):(\d+):?([ACGT])>[ACGT]", snvs):
                entry["bases"][int(snv[1]) - 1] = snv[2]

    for row in read(facts / "table1_paper.tsv"):
        snv = f"{row['hg19_chrom']}:{row['hg19_pos']}:{row['hg19_ref']}>{row['hg19_alt']}"
        add(row["hgnc"], row["protein_canonical"], "Wagle 2011 Table 1", snv)
    for row in read(facts / "table2_paper.tsv"):
        text = row["hgvs_p"] or row["variant"]
        add(row["alteration_gene"], text, "Wagle 2011 Table 2", row["hg19_snvs"])
    for row in read(facts / "resistance_catalog_draft.tsv"):
        level = row["evidence_level"]
        source = "CIViC" if "CIViC" in level else "literature"
        source = "Wagle 2011" if level.startswith("seed") else source
        text = row["hgvs_p"] or row["alteration"]
        add(row["gene"], text, source, row["civic_grch37"] or "")
    shipped = reference_residues([*load_catalog(), *load_drivers()])
    for (gene, residue), aa in shipped.items():
        # Where a source numbers another transcript, the catalogue's residue is the panel's.
        if found.get((gene, residue), {"aa": {aa}})["aa"] != {aa}:
            del found[gene, residue]
        if (gene, residue) not in found:
            add(gene, f"{aa}{residue}", "catalogue")
    return found


def derive(gene: Gene, residue: int, aa: str, bases: dict[int, str]) -> str | None:
    """Return the commonest codon for `aa` that agrees with the known genomic bases."""
    positions = gene.codon(residue)
    known = {
        i: bases[pos] if gene.strand == "+" else COMPLEMENT[bases[pos]]
        for i, pos in enumerate(positions)
        if pos in bases
    }
    fits = [
        codon
        for codon, amino in GENETIC_CODE.items()
        if amino == aa and all(codon[i] == base for i, base in known.items())
    ]
    return max(fits, key=lambda codon: USAGE[codon], default=None)


def codon_rows(facts: Path, genes: dict[str, Gene]) -> list[tuple]:
    """Return the rows of codons.tsv."""
    with gzip.open(facts / "refcds138_hg19.json.gz") as data:
        details = json.load(data)["genes"]
    rows = []
    for (symbol, residue), entry in sorted(catalogued(facts).items()):
        if symbol not in genes or not 1 <= residue < genes[symbol].residues:
            print(f"not on the panel: {symbol} {residue}", file=sys.stderr)
            continue
        gene, detail = genes[symbol], details[symbol]
        basis = BASIS.get(detail["seq_status"])
        if basis:
            codon = detail["seq_cds"][3 * residue - 3 : 3 * residue]
            fits = entry["aa"] == {GENETIC_CODE[codon]}
        else:
            basis = "derived"
            codon = derive(gene, residue, "".join(entry["aa"]), entry["bases"])
            fits = codon is not None and (symbol, residue) not in MISNUMBERED
        if not fits:
            print(f"left out: {symbol} {residue} {codon} {entry}", file=sys.stderr)
            continue
        positions = ",".join(str(pos + 1) for pos in gene.codon(residue))
        source = "; ".join(sorted(entry["source"]))
        fields = (
            symbol,
            gene.transcript,
            residue,
            GENETIC_CODE[codon],
            codon,
            gene.chrom,
            positions,
        )
        rows.append((*fields, basis, source, BUILD))
    return rows


#: Numbered in FGFR2's IIIb transcript, one more than in the panel's (N549).
MISNUMBERED = {("FGFR2", 550)}


def table1_rows(facts: Path) -> list[tuple]:
    """Return the rows of table1.tsv: the paper's Table 1 beside today's names."""
    rows = []
    for row in read(facts / "table1_paper.tsv"):
        hg18 = f"{row['hg18_chrom']}:{row['hg18_pos']} {row['ref']}>{row['alt']}"
        fields = (row["hgnc"], row["gene_printed"], hg18, row["hg19_chrom"], row["hg19_pos"])
        names = (row["protein_change_printed"], row["protein_canonical"])
        rows.append(
            (
                *fields,
                row["hg19_ref"],
                row["hg19_alt"],
                *names,
                row["canonical_transcript"],
                row["mutation_type"],
                row["allele_freq_pct_resistant"],
                row["sensitive_tumor_status_printed"],
                NOTES.get(row["hgnc"], "."),
            )
        )
    return rows


NOTES = {
    "BRCA1": "the paper numbers an isoform of 1816 residues, 47 lower than this transcript",
    "PTPRD": "the paper numbers an isoform without the micro-exons, 13 lower than this transcript",
    "RUNX1T1": "numbered by the isoform of 604 residues",
    "TERT": "adjacent to the other TERT change: one CC>TT",
}


def main(facts: Path) -> None:
    """Write both tables."""
    genes = load_genes(HOME / "panels" / "cancer138" / "hg19.gff3")
    write_text(HERE / "codons.tsv", table_text(CODON_COLUMNS, codon_rows(facts, genes)))
    write_text(HERE / "table1.tsv", table_text(TABLE1_COLUMNS, table1_rows(facts)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
