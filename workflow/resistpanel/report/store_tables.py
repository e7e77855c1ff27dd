"""The tables of the results store: columns, types and meaning.

The database is created from them, and the list in docs/store.md is written from them
(``python -m resistpanel.report.store_tables --write docs/store.md``).
"""

import argparse
import dataclasses
from pathlib import Path

from resistpanel.core.files import read_text, write_text

#: What the table ``about`` states of the layout. It changes when a column is removed or means
#: something else; new columns do not change it.
LAYOUT = "resistpanel/store/1"
#: Marks the generated part of docs/store.md.
BEGIN, END = "<!-- tables: generated -->", "<!-- end of tables -->"


@dataclasses.dataclass(frozen=True)
class StoreTable:
    """A table of the store.

    Attributes
    ----------
    name, meaning : str
    columns : tuple of (str, str, str)
        Name, DuckDB type, meaning.
    """

    name: str
    meaning: str
    columns: tuple[tuple[str, str, str], ...]


def _table(name: str, meaning: str, *columns: tuple[str, str, str]) -> StoreTable:
    if name != "results":
        columns = (("result", "VARCHAR", "see `results`"), *columns)
    return StoreTable(name, meaning, columns)


_ALLELE = (
    ("variant", "VARCHAR", "`chrom:pos:ref:alt`, 1-based, or `copynumber:GENE:call`"),
    ("gene", "VARCHAR", "HGNC symbol"),
    ("protein", "VARCHAR", "short form, `C121S`"),
)

TABLES = (
    _table(
        "results", "One row per patient and run.",
        ("result", "VARCHAR", "identity: digest of the report without its time and command"),
        ("patient", "VARCHAR", "name in the sample sheet"),
        ("added", "TIMESTAMP", "when it was stored, UTC"),
        ("created", "TIMESTAMP", "when the report was made, UTC"),
        ("version", "VARCHAR", "of resistpanel"),
        ("build", "VARCHAR", "`hg19` or `hg38`"),
        ("disease", "VARCHAR", "as in the sheet"),
        ("sex", "VARCHAR", "as in the sheet"),
        ("tumor_only", "BOOLEAN", "no matched normal"),
        ("drugs", "VARCHAR[]", "of the latest line of therapy"),
        ("verdict", "VARCHAR", "`mechanism`, `candidate`, `none` or `not_assessed`"),
        ("confidence", "VARCHAR", "`high`, `moderate` or `low`"),
        ("sentence", "VARCHAR", "the verdict in words"),
        ("key_alterations", "VARCHAR[]", "labels of the findings that the verdict names"),
        ("driver_gene", "VARCHAR", "sensitising driver"),
        ("driver_protein", "VARCHAR", "its change"),
        ("driver_state", "VARCHAR", "`retained`, `present`, `lost`, `absent` or `unknown`"),
        ("copy_number", "BOOLEAN", "copy number was examined"),
        ("qc_passed", "BOOLEAN", "every sample passed every gate"),
        ("page", "VARCHAR", "path of the report"),
    ),
    _table(
        "inputs", "Files that a result was made from.",
        ("role", "VARCHAR", "`sheet`, `reads of T1`, ..."),
        ("path", "VARCHAR", "as in the report"),
        ("bytes", "BIGINT", "size"),
        ("sha256", "VARCHAR", "digest"),
    ),
    _table(
        "samples", "One row per sample.",
        ("sample", "VARCHAR", "name"),
        ("role", "VARCHAR", "`normal`, `tumor` or `plasma`"),
        ("timepoint", "VARCHAR", "as in the sheet"),
        ("day", "DOUBLE", "days, as in the sheet"),
        ("lesion", "VARCHAR", "as in the sheet"),
        ("purity", "DOUBLE", "fraction of tumour cells"),
        ("purity_low", "DOUBLE", "of its 95 % interval"),
        ("purity_high", "DOUBLE", "of its 95 % interval"),
        ("tumor_detected", "BOOLEAN", "tumour was detected in it"),
        ("mean_depth", "DOUBLE", "fragments per target base"),
        ("on_target", "DOUBLE", "fraction of reads"),
        ("duplicates", "DOUBLE", "fraction of reads"),
        ("error_rate", "DOUBLE", "mismatches per base"),
        ("qc_passed", "BOOLEAN", "passed every gate"),
        ("failures", "VARCHAR[]", "gates that failed, in words"),
    ),
    _table(
        "calls", "Small variants: one row per variant and sample. Catalogued alleles that were"
        " detected in no tumour are in `limits`.",
        ("sample", "VARCHAR", "name"), *_ALLELE,
        ("hgvs_c", "VARCHAR", "HGVS c. name"),
        ("consequence", "VARCHAR", "Sequence Ontology term"),
        ("filter", "VARCHAR", "FILTER of the VCF, `;` between several"),
        ("reported", "BOOLEAN", "somatic and passes"),
        ("depth", "BIGINT", "informative fragments"),
        ("alt_count", "BIGINT", "variant-supporting fragments"),
        ("af", "DOUBLE", "allele frequency"),
        ("af_low", "DOUBLE", "of its 95 % interval"),
        ("af_high", "DOUBLE", "of its 95 % interval"),
        ("lod", "DOUBLE", "lowest AF that is called with 95 % probability"),
        ("ub", "DOUBLE", "one-sided 95 % upper bound of the AF"),
        ("detected", "BOOLEAN", "null: not assessable"),
        ("ccf", "DOUBLE", "cancer cell fraction"),
        ("ccf_low", "DOUBLE", "of its 95 % interval"),
        ("ccf_high", "DOUBLE", "of its 95 % interval"),
    ),
    _table(
        "states", "One row per variant of `calls` and line of therapy.",
        *_ALLELE,
        ("line", "INTEGER", "number of the line"),
        ("state", "VARCHAR", "`acquired`, `emergent`, `rising`, `stable`, ..."),
        ("before", "VARCHAR", "`present`, `possible`, `excluded` or `not known`"),
        ("ub_ccf", "DOUBLE", "upper bound of the cancer cell fraction before the line"),
        ("status", "VARCHAR", "in the latest samples: `present`, `gone`, `absent`, `not known`"),
        ("distribution", "VARCHAR", "`truncal`, `shared` or `private`"),
        ("reported", "BOOLEAN", "somatic and passes"),
    ),
    _table(
        "copies", "Copy number: one row per gene and tumour sample.",
        ("sample", "VARCHAR", "name"), ("gene", "VARCHAR", "HGNC symbol"),
        ("log2", "DOUBLE", "log2 ratio to the normal"),
        ("log2_low", "DOUBLE", "of its 95 % interval"),
        ("log2_high", "DOUBLE", "of its 95 % interval"),
        ("copies", "DOUBLE", "per tumour cell"),
        ("copies_low", "DOUBLE", "of its 95 % interval"),
        ("copies_high", "DOUBLE", "of its 95 % interval"),
        ("call", "VARCHAR", "`amplification`, `gain`, `neutral`, `loss` or `deletion`"),
        ("loh", "BOOLEAN", "loss of heterozygosity"),
    ),
    _table(
        "findings", "Reported somatic alterations, ranked; small variants and copy number.",
        ("rank", "INTEGER", "1 is first"), *_ALLELE,
        ("label", "VARCHAR", "name in sentences"),
        ("effect", "VARCHAR", "`known`, `candidate`, `driver`, `other_driver`, ..."),
        ("mechanism", "VARCHAR", "mechanism class"),
        ("match_level", "VARCHAR", "of the closest catalogue row"),
        ("state", "VARCHAR", "under the latest line"),
        ("before", "VARCHAR", "whether it was there before that line"),
        ("status", "VARCHAR", "in the latest samples"),
        ("key", "BOOLEAN", "the verdict names it"),
        ("amp_tier", "VARCHAR", "AMP/ASCO/CAP tier"),
        ("escat", "VARCHAR", "ESCAT tier"),
        ("real", "DOUBLE", "probability that the allele is real"),
        ("probability", "DOUBLE", "that the finding is real and no chance match"),
    ),
    _table(
        "evidence", "Catalogue rows that match a finding.",
        ("variant", "VARCHAR", "see `findings`"),
        ("row", "VARCHAR", "id in resistance.tsv"),
        ("drugs", "VARCHAR[]", "that the row names"),
        ("disease", "VARCHAR", "of the row"),
        ("direction", "VARCHAR", "`resistance`, `none` or `sensitivity`"),
        ("evidence_level", "VARCHAR", "`clinical`, `case report`, ..."),
        ("match_level", "VARCHAR", "`exact`, `codon`, `range`, `gene` or `class`"),
        ("given", "BOOLEAN", "the row is for a drug given"),
        ("pmid", "VARCHAR", "PubMed ids, `;` between several"),
    ),
    _table(
        "limits", "Catalogued alleles that were not detected: one row per allele and sample.",
        ("sample", "VARCHAR", "name"),
        ("site", "VARCHAR", "`chrom:pos:ref:alt`, 1-based"),
        ("gene", "VARCHAR", "HGNC symbol"),
        ("protein", "VARCHAR", "short form"),
        ("rows", "VARCHAR[]", "ids in resistance.tsv"),
        ("drugs", "VARCHAR[]", "drugs given that the rows name"),
        ("depth", "BIGINT", "informative fragments"),
        ("lod", "DOUBLE", "lowest AF that is called with 95 % probability"),
        ("ub", "DOUBLE", "one-sided 95 % upper bound of the AF"),
        ("assessable", "BOOLEAN", "the sample could have shown it"),
    ),
    _table(
        "verdicts", "One row per line of therapy (lesion null) and lesion.",
        ("line", "INTEGER", "number of the line"),
        ("lesion", "VARCHAR", "null: the line as a whole"),
        ("drugs", "VARCHAR[]", "of the line"),
        ("baseline", "VARCHAR[]", "samples before the first dose"),
        ("samples", "VARCHAR[]", "of the line or lesion"),
        ("verdict", "VARCHAR", "`mechanism`, `candidate`, `none` or `not_assessed`"),
        ("confidence", "VARCHAR", "`high`, `moderate` or `low`"),
        ("sentence", "VARCHAR", "in words"),
        ("key_alterations", "VARCHAR[]", "labels"),
    ),
    _table(
        "therapies", "Drugs expected to fail, and options that the literature mentions.",
        ("kind", "VARCHAR", "`cross-resistance` or `option`"),
        ("name", "VARCHAR", "drug or option"),
        ("reason", "VARCHAR", "in words"),
    ),
    _table(
        "sources", "What a verdict is reached from again under another catalogue, and what the"
        " cohort's page shows.",
        ("record", "BLOB", "zlib-compressed JSON: sheet, compare, copynumber"),
        ("summary", "JSON", "of the cohort's page"),
    ),
)  # fmt: skip

#: Key in the table `about` of a patient who is not in the study any more.
LEFT = "left out"
#: View of the latest result of every patient.
CURRENT = f"""CREATE OR REPLACE VIEW current AS SELECT * FROM results
WHERE patient NOT IN (SELECT value FROM about WHERE key = '{LEFT}')
QUALIFY row_number() OVER (PARTITION BY patient ORDER BY created DESC, added DESC) = 1"""


def definitions() -> list[str]:
    """Return the SQL that makes the empty tables and the view."""
    made = [
        f"CREATE TABLE IF NOT EXISTS {t.name} ({', '.join(f'{c[0]} {c[1]}' for c in t.columns)})"
        for t in TABLES
    ]
    return ["CREATE TABLE IF NOT EXISTS about (key VARCHAR, value VARCHAR)", *made, CURRENT]


def markdown() -> str:
    """Return the tables as Markdown."""
    parts = []
    for one in TABLES:
        parts += [f"### {one.name}", "", one.meaning, "", "| column | type | meaning |",
                  "|---|---|---|"]  # fmt: skip
        parts += [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in one.columns]
        parts.append("")
    return "\n".join(parts)


def page(text: str) -> str:
    """Return docs/store.md with its list of tables renewed."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{markdown()}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Renew the list of tables in a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, required=True, metavar="MD")
    path = parser.parse_args().write
    write_text(path, page(read_text(path)))


if __name__ == "__main__":
    main()
