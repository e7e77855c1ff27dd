"""Links to public databases: plain addresses that a reader may follow; nothing is loaded."""

from urllib.parse import quote

#: gnomAD's data sets by build.
GNOMAD = {"hg19": "gnomad_r2_1", "hg38": "gnomad_r4"}
#: Search fields of ClinVar and dbSNP for a position, by build.
CLINVAR = {"hg19": "chrpos37", "hg38": "chrpos38"}
DBSNP = {"hg19": "POSITION_GRCH37", "hg38": "POSITION"}
#: Where links may lead.
HOSTS = (
    "www.ncbi.nlm.nih.gov", "gnomad.broadinstitute.org", "cancer.sanger.ac.uk", "civicdb.org",
    "www.oncokb.org", "www.cbioportal.org", "pubmed.ncbi.nlm.nih.gov", "www.uniprot.org",
)  # fmt: skip


def links(variant: dict, build: str | None) -> list[tuple[str, str]]:
    """Return (database, address) for a variant of compare.json.

    By position for ClinVar, dbSNP and gnomAD, where the build is known; by gene and protein change
    for COSMIC, OncoKB and PubMed; by gene for CIViC, cBioPortal and UniProt.
    """
    found = []
    chrom, pos = variant["chrom"].removeprefix("chr"), variant["pos"]
    if build in GNOMAD:
        place = quote(f"{chrom}-{pos}-{variant['ref']}-{variant['alt']}")
        clinvar = quote(f"{chrom}[chr] AND {pos}[{CLINVAR[build]}]")
        dbsnp = quote(f"{chrom}[CHR] AND {pos}[{DBSNP[build]}]")
        found += [
            ("ClinVar", f"https://www.ncbi.nlm.nih.gov/clinvar/?term={clinvar}"),
            ("dbSNP", f"https://www.ncbi.nlm.nih.gov/snp/?term={dbsnp}"),
            (
                "gnomAD",
                f"https://gnomad.broadinstitute.org/variant/{place}?dataset={GNOMAD[build]}",
            ),
        ]
    gene, protein = variant["gene"], (variant["protein"] or "").split(",")[0]
    if not gene:
        return found
    named, symbol = quote(f"{gene} {protein}".strip()), quote(gene)
    change = f"/{quote(protein)}" if protein else ""
    return [
        *found,
        ("COSMIC", f"https://cancer.sanger.ac.uk/cosmic/search?q={named}"),
        ("CIViC", f"https://civicdb.org/links/entrez_name/{symbol}"),
        ("OncoKB", f"https://www.oncokb.org/gene/{symbol}{change}"),
        ("cBioPortal", f"https://www.cbioportal.org/ln?q={symbol}:MUT"),
        ("PubMed", f"https://pubmed.ncbi.nlm.nih.gov/?term={named}"),
        (
            "UniProt",
            f"https://www.uniprot.org/uniprotkb?query=gene_exact:{symbol}"
            "+AND+organism_id:9606+AND+reviewed:true",
        ),
    ]


def links_of_findings(report: dict) -> dict[str, list[tuple[str, str]]]:
    """Return the links of every variant among the findings, by id."""
    ranked = {finding["variant"] for finding in report["resist"]["findings"]}
    return {
        v["id"]: links(v, report["build"])
        for v in report["compare"]["variants"]
        if v["id"] in ranked
    }
