"""Every citation is listed with how far it was checked, and rows agree on who wrote it."""

import re

import pytest

from resistpanel.catalog.citations import Citation, load_citations, unverified
from resistpanel.catalog.drivers import load_drivers
from resistpanel.catalog.options import load_options
from resistpanel.catalog.table import load_catalog
from resistpanel.cli import main
from resistpanel.core.errors import InputErrors

CITATIONS = load_citations()
CATALOG = load_catalog()


def ids(row):
    return row.pmid if isinstance(row.pmid, tuple) else tuple(filter(None, row.pmid.split(";")))


ROWS = [*CATALOG, *load_drivers(None, CATALOG.drugs), *load_options(None, CATALOG.drugs)]


def test_every_pubmed_id_is_listed():
    cited = {pmid for row in ROWS for pmid in ids(row)}
    assert cited <= set(CITATIONS)


def test_a_paper_that_no_export_gives_has_author_and_year():
    for citation in CITATIONS.values():
        if citation.state != "exported" and "CIViC" not in citation.note:
            assert citation.author, citation.pmid
            assert re.fullmatch(r"(19|20)\d\d", citation.year), citation.pmid


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_source_names_the_authors_of_its_pubmed_ids(row):
    known = {
        (CITATIONS[pmid].author, CITATIONS[pmid].year)
        for pmid in ids(row)
        if CITATIONS[pmid].author
    }
    named = set(re.findall(r"([A-Z][\w'-]+(?: [A-Z][\w-]+)?) ((?:19|20)\d\d)\b", row.source))
    # A paper whose PubMed id was not printed is named with its DOI or its place in brackets.
    placed = set(re.findall(r"([A-Z][\w'-]+(?: [A-Z][\w-]+)?) ((?:19|20)\d\d) \(", row.source))
    # "Wagle 2011 Table 2" cites the paper for what it quotes from others, too.
    assert named - placed <= known | {("Wagle", "2011")}
    # What names no author must rest on an export, a label, or the paper.
    if not named:
        assert re.search(r"CIViC|CGI|label|AURA3|Wagle|PMID", row.source)


def test_what_was_not_looked_up_is_shown(capsys):
    assert main(["catalog", "check"]) == 0
    said = capsys.readouterr().out
    number = sum(
        citation.state == "unverified"
        for citation in CITATIONS.values()
        if any(citation.pmid in row.pmid for row in CATALOG)
    )
    assert number == 0 or f"unverified {number}" in said
    assert ("unverified citations alone" in said) == (number > 0)


def test_unverified():
    known = {"1": Citation("1", "A", "2000", "unverified", ""), "21383288": CITATIONS["21383288"]}
    assert unverified(("1", "21383288"), known) == ["1"]
    assert unverified(("1",), {}) == []
    assert unverified(CATALOG["MAP2K1-C121S-vemurafenib"].pmid, CITATIONS) == []


def test_a_folder_without_the_table_says_nothing(tmp_path):
    assert load_citations(tmp_path) == {}


def test_mistakes_are_named(tmp_path):
    path = tmp_path / "citations.tsv"
    path.write_text(
        "pmid\tauthor\tyear\tstate\tnote\n1\tA\t2000\tread\t\n1\tA\t2000\tguessed\t\nx\t\t\tread\t\n"
    )
    with pytest.raises(InputErrors) as caught:
        load_citations(tmp_path)
    said = "\n".join(caught.value.lines())
    assert "PubMed id 1 is listed twice" in said
    assert "state 'guessed' is not one of" in said
    assert "'x' is no PubMed id" in said
