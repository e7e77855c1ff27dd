"""Make this folder's genes.tsv, BED and GFF3 from compiled facts.

    python panels/cancer138/make.py FACTS

FACTS is a folder with panel_genes.tsv (the genes and why each is in), panel_cds_hg19.bed and
panel_cds_hg38.bed (coding exons) and refcds138_hg19.json.gz (RefSeq ids and how each gene's
intervals were derived). README.md names the public sources behind them.
"""

import collections
import csv
import dataclasses
import gzip
import json
import sys
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import write_text
from resistpanel.core.intervals import Target
from resistpanel.panel.genes import Gene
from resistpanel.panel.write import table_text, write_panel

HERE = Path(__file__).parent

#: The promoter's two hotspots (c.-124C>T, c.-146C>T; Horn 2013 and Huang 2013) lie at
#: chr5:1295228 and 1295250 in hg19, chr5:1295113 and 1295135 in hg38. One 120-base bait.
TERT_PROMOTER = {"hg19": (1295179, 1295299), "hg38": (1295064, 1295184)}

PROVENANCE = {
    "seed (was on the real 138-gene bait set)": "proven bait set",
    "seed": "named by the sources",
    "brief": "melanoma staple",
    "reconstruction": "reconstruction",
}
PAPER, REVIEW = "Wagle 2011", "NRAS-mutant melanoma review"


def source(row: dict[str, str]) -> str:
    """Say where a gene's place on the panel comes from."""
    if row["status_of_evidence"] == "reconstruction":
        return f"on contemporary panels: {row['in_reference_panels']}"
    if row["status_of_evidence"] == "brief":
        return "melanoma driver, on contemporary panels"
    text = row["evidence_source"].replace("paper 003", PAPER)
    return text.replace("review 000", "review").replace("review", REVIEW)


def exons(path: Path) -> dict[str, Gene]:
    """Read the coding exons of every gene."""
    parts = collections.defaultdict(list)
    for line in path.read_text().splitlines():
        chrom, start, end, name = line.split("\t")[:4]
        gene, transcript, _, strand = name.split("|")
        parts[gene, transcript, chrom, strand].append((int(start), int(end)))
    return {key[0]: Gene(*key, sorted(cds)) for key, cds in parts.items()}


def main(facts: Path) -> None:
    """Write the panel."""
    with (facts / "panel_genes.tsv").open() as lines:
        rows = {row["gene"]: row for row in csv.DictReader(lines, delimiter="\t")}
    with gzip.open(facts / "refcds138_hg19.json.gz") as data:
        details = json.load(data)["genes"]
    for build, (start, end) in TERT_PROMOTER.items():
        genes = exons(facts / f"panel_cds_{build}.bed")
        if genes.keys() != rows.keys():
            raise InputError("genes and exons disagree", str(facts))
        genes = {
            name: dataclasses.replace(gene, refseq=details[name]["refseq"])
            for name, gene in genes.items()
        }
        tert = genes["TERT"]
        name = f"TERT|{tert.transcript}|promoter"
        promoter = Target(tert.chrom, start, end, name, tert.strand)
        write_panel(HERE, list(genes.values()), build, [promoter])
    table = [
        (
            name,
            gene.transcript,
            details[name]["refseq"],
            row["protein_aa"],
            PROVENANCE[row["status_of_evidence"]],
            source(row),
            row["alias_in_seeds"].split(" (review")[0] or ".",
            details[name]["interval_basis"],
        )
        for name, gene in sorted(genes.items())
        for row in [rows[name]]
    ]
    columns = [
        "gene",
        "transcript",
        "refseq",
        "residues",
        "provenance",
        "source",
        "aliases",
        "intervals",
    ]
    write_text(HERE / "genes.tsv", table_text(columns, table))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
