"""The page: rendered from the JSON alone, whole, safe, and honest about what is not known."""

import base64
import json
import re
import time
import zlib
from itertools import pairwise

import pytest

from resistpanel.report import outside
from resistpanel.report.copies import cell
from resistpanel.report.negatives import RESIDUE, negatives, worst
from resistpanel.report.render import SECTIONS, css_text, page, short, visible
from resistpanel.report.unseen import unseen

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}&amp;\u202e"
#: How hostile text reads once hidden characters are shown.
SHOWN = HOSTILE.replace("\u202e", "\\u202e")


@pytest.fixture(scope="module")
def doc(paper_html, read_page):
    return read_page(paper_html)


def squeeze(text: str) -> str:
    return " ".join(text.replace("\u202f", " ").split())


def test_the_json_alone_makes_the_page(paper, paper_html):
    assert page(json.loads(json.dumps(paper))) == paper_html


def test_elements_are_balanced_and_ids_unique(doc):
    assert doc.unbalanced == []
    ids = [e["attrs"]["id"] for e in doc.elements if "id" in e["attrs"]]
    assert len(ids) == len(set(ids))


def test_links_lead_somewhere(doc):
    ids = {e["attrs"]["id"] for e in doc.elements if "id" in e["attrs"]}
    inside = [
        e["attrs"]["href"] for e in doc.elements if e["attrs"].get("href", "").startswith("#")
    ]
    assert inside and all(h[1:] in ids for h in inside)
    marked = re.findall(r"url\(#([^)]+)\)", "".join(str(e["attrs"]) for e in doc.elements))
    assert marked and set(marked) <= ids


def test_nothing_is_loaded_from_anywhere(doc, paper_html):
    for e in doc.elements:
        for name in ("src", "srcset", "data", "poster", "action", "formaction", "ping"):
            assert name not in e["attrs"], e
        href = e["attrs"].get("href", "#")
        host = re.fullmatch(r"https://([a-z.]+)/[A-Za-z0-9/?=&%_.:+-]*", href)
        beside = href.startswith("./") and "download" in e["attrs"]
        assert (
            beside
            or href.startswith(("#", "data:,"))
            or (e["tag"] == "a" and host[1] in outside.HOSTS)
        )
    style = doc.all("style")[0]["text"]
    assert "@import" not in style and "url(http" not in style and "@font-face" not in style
    policy = doc.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["attrs"]["content"]
    assert "default-src 'none'" in policy
    assert "connect" not in policy


def test_the_first_screen_answers(doc, paper):
    front = squeeze(doc.all("header", class_="summary")[0]["text"])
    assert "Patient MEL-PLX" in front
    assert "vemurafenib (given as PLX4032), RAF inhibitor; target BRAF" in front
    assert "Mechanism of resistance found" in front
    assert paper["resist"]["verdict"]["sentence"] in front
    assert "High confidence" in front
    assert "that it was in less than 1 % of the tumour cells: 97.2 %" in front
    evidence = next(v for v in paper["compare"]["variants"] if v["protein"] == "C121S")["samples"]
    assert "not detected, < 0.23 % 0 of 848 fragments, LOD 0.89 %" in front
    assert evidence["sensitive"]["dp"] == 848 and evidence["sensitive"]["ub"] < 0.0023
    assert "16.0 % (13.7–18.5) 139 of 870 fragments" in front
    assert "Research use only" in front
    assert "Copy number was not analysed: an amplification is not excluded" in front
    assert "1 catalogue site could not be assessed in every tumour sample" in front


def test_every_section_is_there_and_named(doc):
    for identifier, _, title in SECTIONS:
        # One lesion, two tumours, no plasma, one caller.
        if identifier in (
            "lesions", "clones", "followup", "callers", "biomarkers", "other_tests"
        ):  # fmt: skip
            assert not doc.all("section", id=identifier)
            continue
        (section,) = doc.all("section", id=identifier)
        assert section["attrs"]["aria-labelledby"] == f"{identifier}-title"
        assert title in section["text"]
    levels = [int(e["tag"][1]) for e in doc.elements if re.fullmatch("h[1-6]", e["tag"])]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_table1_stands_on_the_page(doc, paper):
    (section,) = doc.all("section", id="table1")
    text = squeeze(section["text"])
    for row in paper["table1"]:
        assert row["change"] in text and row["published"]["change"] in text
        assert row["protein"] in text and row["published"]["protein"] in text
    assert "CC>TT in the same fragments, one event: chr5:g.1278863_1278864delinsTT" in text
    assert "14 of 14 printed rows were called" in text
    assert "14 of 14 printed frequencies lie in the 95 % interval of resistant" in text


def test_spectrum_is_stated_as_the_paper_counts(doc):
    text = squeeze(doc.all("section", id="spectrum")[0]["text"])
    assert "11 of 14 single-base substitutions are C:G>T:A transitions" in text
    assert "by event it is 10 of 13" in text


def test_near_misses_give_their_reasons(doc):
    text = squeeze(doc.all("section", id="misses")[0]["text"])
    assert "strand: alternative reads lie on one strand" in text
    assert "PIK3CA p.E545K" in text and "in the catalogue : PIK3CA-E545K-vemurafenib" in (
        text.replace("catalogue:", "catalogue :")
    )
    assert "2 candidates were seen and not reported" in text
    assert "1 inherited variant, not interpreted" in text
    assert "11 of 902, 11 forward, 0 reverse" in text


def test_negative_sites_say_what_is_not_excluded(doc):
    text = squeeze(doc.all("section", id="negative")[0]["text"])
    assert "24 sites of the catalogue were examined in every tumour sample" in text
    assert "1 could not be assessed in every tumour sample: MAP2K2 E207K . Where a site is not" in (
        text.replace("E207K.", "E207K .")
    )


def test_tables_name_their_columns(doc):
    assert doc.all("table")
    heads = doc.all("th")
    assert heads and all(e["attrs"].get("scope") in ("row", "col") for e in heads)


def test_no_placeholder_of_python_shows(doc, large, read_page):
    for text in (doc.text(), read_page(page(large)).text()):
        assert not re.search(r"\bNone\b|\bnan\b|Undefined|\{\{|\[\]", text)


def test_the_pages_data_can_be_saved(doc, paper):
    packed = doc.all("script", id="files")[0]["text"]
    files = json.loads(zlib.decompress(base64.b64decode(packed)))
    assert json.loads(files["report.json"]) == paper
    assert files["calls.tsv"].startswith("patient\t")


#: Words with a meaning to the page; everything else may be any text.
WORDS = {
    "schema", "role", "state", "kind", "confidence", "effect", "match_level", "direction",
    "mechanism_class", "type", "unit", "model", "sample", "pre", "post", "id", "variant", "site",
    "source_node", "key_variants", "altered", "drug_targets", "filters", "target", "created",
    "sha256", "version", "ref", "alt", "chrom", "fraction_at", "timepoint", "build", "short",
    "baseline", "samples",
}  # fmt: skip


def poison(value, key=None):
    """Return a report in which every free text is hostile."""
    if isinstance(value, dict):
        return {k: poison(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(v, key) for v in value]
    if isinstance(value, str) and key not in WORDS:
        return HOSTILE
    return value


def rename(value, old, new):
    """Return a value in which a name is another, in keys and in texts."""
    if isinstance(value, dict):
        return {rename(k, old, new): rename(v, old, new) for k, v in value.items()}
    if isinstance(value, list):
        return [rename(v, old, new) for v in value]
    return new if value == old else value


def test_hostile_text_is_shown_as_text(paper, doc, read_page):
    bad = poison(paper)
    # Edges name nodes: those stay; samples are renamed wherever they stand.
    bad["resist"]["pathway"]["edges"] = paper["resist"]["pathway"]["edges"]
    bad = rename(bad, "resistant", "resistant" + HOSTILE)
    html = page(bad)
    found = read_page(html)
    assert found.unbalanced == []
    assert len(found.all("script")) == len(doc.all("script")) == 2
    assert not found.all("img") and not found.all("iframe")
    assert not [e for e in found.elements if any(a.startswith("on") for a in e["attrs"])]
    assert {e["tag"] for e in found.elements} <= {e["tag"] for e in doc.elements}
    text = found.text()
    assert text.count("alert(1)") > 100
    assert squeeze(SHOWN) in text
    assert "\u202e" not in html
    assert "{{ 7*7 }}" in text and "49" not in found.all("h1")[0]["text"]


def test_the_style_sheet_cannot_be_escaped(paper, read_page):
    bad = paper | {"patient": '"; } </style><script>alert(1)</script> body { display: none'}
    found = read_page(page(bad))
    assert len(found.all("style")) == 1 and len(found.all("script")) == 2
    assert css_text('a"b\\</style>') == '"a\\22 b\\5c \\3c \\2f style\\3e "'


def test_hidden_characters_are_made_visible():
    assert visible("a\u200bb\x00\ufeff\ud800") == "a\\u200bb\\u0000\\ufeff\\ud800"
    assert visible("ä\tb\n") == "ä\tb\n"
    assert visible(None) == ""
    assert visible(3) == 3
    assert short("x" * 30, 5) == "xxxx…"


def change(parts, **verdict):
    parts["resist"]["verdict"] |= verdict


def test_nothing_found(parts, make, read_page):
    change(parts, kind="none", sentence="No mechanism was found.", key_variants=[],
           confidence="low", reasons=[])  # fmt: skip
    driver = {"variant": None, "gene": None, "protein": None, "state": "unknown",
              "text": "none on record"}  # fmt: skip
    parts["resist"] |= {"findings": [], "expected_to_fail": [], "options": [], "driver": driver,
                        "pathway": {"nodes": [], "edges": [], "drug_targets": []},
                        "near_misses": []}  # fmt: skip
    parts["compare"]["variants"] = []
    found = read_page(page(make(parts, table1=False)))
    text = found.text()
    assert "No mechanism found" in text and "Low confidence" in text
    examined = "24 known resistance mutations were examined in every tumour sample"
    assert f"{examined} and not found" in text
    assert "No somatic variant was called." in text
    assert "Each cell: allele frequency" not in text  # of a table that is not there
    assert "No pathway is known" in text
    assert "there is no spectrum" in text


def test_warnings_come_before_the_verdict(parts, make, read_page):
    parts["sheet"]["tumor_only"] = True
    gate = parts["qc"]["samples"][2]["gate"]
    text = "80, must be >= 200: too few"
    failure = {"metric": "mean_depth", "value": 80, "condition": ">= 200", "text": text}
    gate |= {"passed": False, "failures": [failure]}
    parts["qc"]["passed"] = False
    parts["resist"]["driver"]["state"] = "lost"
    found = read_page(page(make(parts)))
    front = found.all("header", class_="summary")[0]["text"]
    for words in (
        "resistant fails quality control",
        "Mean depth 80 fragments, at least 200 fragments needed (too few)",
        "No matched normal",
        "Sensitising driver (BRAF V600E) is lost",
    ):
        assert front.index(words) < front.index("Mechanism of resistance found")
    assert "at least 200 needed" in found.all("section", id="quality")[0]["text"]


def test_a_single_time_point_has_states_but_no_course(parts, make, read_page):
    parts["sheet"]["pairs"] = parts["compare"]["pairs"] = []
    for v in parts["compare"]["variants"]:
        v["states"], v["state"] = [], None
    text = read_page(page(make(parts))).text()
    assert "There is no pair of time points to compare." in text
    assert "not comparable (single time point)" in text


def test_a_variant_without_gene_or_protein(parts, make, read_page):
    v = next(v for v in parts["compare"]["variants"] if v["gene"] == "FLT1")
    v |= {"gene": None, "protein": None, "hgvs_p": None, "hgvs_c": None, "protein_changes": [],
          "consequence": None, "transcript": None}  # fmt: skip
    findings = parts["resist"]["findings"]
    parts["resist"]["findings"] = [f for f in findings if f["variant"] != v["id"]]
    text = read_page(page(make(parts))).text()
    assert f"{v['chrom']}:{v['pos']} {v['ref']}>{v['alt']}" in text


def test_clonal_fractions_are_shown_where_known(parts, make, read_page):
    v = next(v for v in parts["compare"]["variants"] if v["protein"] == "C121S")
    v["samples"]["resistant"] |= {"ccf": 0.43, "ccf_low": 0.35, "ccf_high": 0.52}
    assert "cancer cell fraction 43.0 % (35.0–52.0)" in read_page(page(make(parts))).text()


def test_lesions_are_told_apart(large, read_page, doc):
    found = read_page(page(large))
    (table,) = found.all("table", id="matrix-table")
    assert all(word in table["text"] for word in ("truncal", "shared", "private"))
    assert "Truncal, shared, private" in found.text()
    assert "Truncal, shared, private" not in doc.text()


def test_links_to_databases(paper):
    variant = next(v for v in paper["compare"]["variants"] if v["protein"] == "C121S")
    found = dict(outside.links(variant, "hg19"))
    assert list(found) == [
        *("ClinVar", "dbSNP", "gnomAD", "COSMIC", "CIViC", "OncoKB", "cBioPortal"),
        *("PubMed", "UniProt"),
    ]
    assert found["gnomAD"].endswith("/variant/15-66729154-G-C?dataset=gnomad_r2_1")
    assert found["ClinVar"].endswith("/clinvar/?term=15%5Bchr%5D%20AND%2066729154%5Bchrpos37%5D")
    assert found["OncoKB"] == "https://www.oncokb.org/gene/MAP2K1/C121S"
    # No link by position where the build is not known; text of the data cannot leave its place.
    bad = variant | {"gene": 'A"><script>', "protein": "x y&q"}
    texts = [address for _, address in outside.links(bad, None)]
    assert len(texts) == 6 and not [t for t in texts if set(t) & set('"<> ')]


def test_what_the_test_cannot_see(paper, doc):
    rows, text = unseen(paper), doc.text()
    assert "What this test cannot see under this drug" in text
    assert all(row["test"] and row["what"] in text for row in rows)
    # Once: neither under the sites not found nor among the limits.
    assert text.count("without a DNA alteration") == 1
    assert not any("Histological" in row["what"] for row in rows)
    coverage = paper["resist"]["coverage"] | {
        "not_in_dna": [{"id": "x", "gene": "BRAF", "alteration": "BRAF fusion", "note": ""}],
        "genes_off_panel": ["NOTHERE"],
    }
    drug = {"drug": "x", "classes": [], "targets": ["EGFR"]}
    lung = paper | {"resist": paper["resist"] | {"drugs": [drug], "coverage": coverage}}
    lung["sheet"] = paper["sheet"] | {"disease": "NSCLC"}
    found = {row["what"]: (row["names"], row["test"]) for row in unseen(lung)}
    names, test = found["Catalogued, but not detectable in exonic DNA"]
    assert names == ["BRAF fusion"] and "RNA sequencing for fusions" in test
    assert found["Genes of the catalogue that were not sequenced"][0] == ["NOTHERE"]
    assert any("Histological transformation" in what for what in found)


def test_copies_that_say_nothing_are_not_assessable():
    gene = {"call": "neutral", "copies": 0.0, "copies_low": 0.0, "copies_high": 30.4, "log2": 0.1,
            "log2_low": -0.2, "log2_high": 0.3, "targets": 3}  # fmt: skip
    shown = cell(gene)
    assert (shown["call"], shown["copies"]) == (None, "not assessable (0.0–30.4 copies)")
    assert cell(gene | {"copies_low": 1.7, "copies_high": 4.4})["call"] == "neutral"
    assert cell(gene | {"call": "deletion"})["call"] == "deletion"


def test_pubmed_links_are_made_of_digits_only(parts, make, read_page):
    rows = parts["resist"]["findings"][0]["evidence"]
    rows[0]["pmid"], rows[1]["pmid"] = "21383288;17463250", "javascript:alert(1)"
    found = read_page(page(make(parts)))
    hrefs = {e["attrs"]["href"] for e in found.all("a")}
    assert "https://pubmed.ncbi.nlm.nih.gov/17463250/" in hrefs
    assert not [h for h in hrefs if "javascript" in h]
    assert "javascript:alert(1)" in found.text()


def test_a_large_patient_is_small_and_quick(large, with_reads):
    """Five tumours, sixty variants, with the reads of each of them in each sample."""
    report = with_reads(large)
    start = time.process_time()
    html = page(report)
    assert time.process_time() - start < 3
    assert len(html.encode()) < 5e6


def test_paper_has_every_residue_in_one_line(large, read_page):
    found = negatives(large)
    rows = [line for gene in found["condensed"] for line in gene["lines"]]
    sites = {(r["gene"], RESIDUE.match(r["protein"])[1]) for r in found["rows"]}
    assert len(rows) == len(sites)
    assert all(len(row["bounds"]) == 5 for row in rows)
    (block,) = read_page(page(large)).all("div", class_="condensed")
    assert all(row["residue"] in block["text"] for row in rows)


def test_a_bound_on_paper_is_the_worst_of_its_sites():
    cells = [{"text": "<", "bad": False, "sort": s} for s in (0.004, 0.0091)]
    assert worst(cells) == "<0.91"
    blind = {"text": "not covered", "bad": True, "sort": 2}
    assert worst([*cells, blind]) == "<0.91 (1 not)"
    assert worst([blind]) == "not assessable"
    found = {"text": "found", "bad": False, "sort": 1.5}
    assert worst([*cells, found]) == "<0.91 (1 found)" and worst([found]) == "found"
