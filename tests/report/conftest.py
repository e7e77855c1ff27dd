"""Fixtures of the report's tests: the two patients, a reader of HTML, a browser."""

import importlib.util
import os
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from resistpanel.report.contents import assemble
from resistpanel.report.render import page

VOID = {"meta", "link", "input", "br", "img", "hr"}


def helper(name: str) -> ModuleType:
    """Return a module that stands beside the tests."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"report_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Page(HTMLParser):
    """The elements of an HTML page: (tag, attributes, text of the element itself and inside)."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[dict] = []
        self.open: list[dict] = []
        self.unbalanced: list[str] = []
        self.feed(html)
        self.close()
        self.unbalanced += [e["tag"] for e in self.open]

    def handle_starttag(self, tag: str, attrs: list) -> None:
        element = {
            "tag": tag,
            "attrs": dict(attrs),
            "text": "",
            "inside": [e["tag"] for e in self.open],
        }
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.elements.append(
            {"tag": tag, "attrs": dict(attrs), "text": "", "inside": [e["tag"] for e in self.open]}
        )

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1]["tag"] == tag:
            self.open.pop()
        else:
            self.unbalanced.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element["text"] += data

    def all(self, tag: str, **attrs: str) -> list[dict]:
        """Return the elements of a tag, with `attrs` (``class_`` must be among the classes)."""
        wanted = attrs.pop("class_", None)
        return [
            e
            for e in self.elements
            if e["tag"] == tag
            and all(e["attrs"].get(k) == v for k, v in attrs.items())
            and (wanted is None or wanted in (e["attrs"].get("class") or "").split())
        ]

    def text(self) -> str:
        """Return what a reader sees, with single spaces."""
        body = next(e for e in self.elements if e["tag"] == "body")
        text = body["text"]
        for script in (e["text"] for e in self.elements if e["tag"] == "script" and e["text"]):
            text = text.replace(script, "")
        return " ".join(text.replace("\u202f", " ").split())


@pytest.fixture(scope="session")
def patients() -> ModuleType:
    return helper("patients")


@pytest.fixture(scope="session")
def cbioportal() -> ModuleType:
    return helper("cbioportal")


@pytest.fixture
def parts(patients) -> dict:
    """The four JSONs of the paper's patient, free to be changed."""
    return patients.paper()


@pytest.fixture(scope="session")
def read_page() -> type[Page]:
    return Page


@pytest.fixture(scope="session")
def make(patients, tmp_path_factory):
    """A function: parts -> report.json, with the published table and the VCF unless told."""

    def make(parts: dict, table1: bool = True, vcf: bool = True) -> dict:
        folder = tmp_path_factory.mktemp("parts")
        paths = patients.write(parts, folder)
        copynumber = paths.pop("copynumber", None)
        return assemble(
            paths,
            published=str(folder / "table1.tsv") if table1 else None,
            vcf=str(folder / "annotate.vcf") if vcf else None,
            copynumber=copynumber,
            bams=False,
        )

    return make


@pytest.fixture(scope="session")
def paper(make, patients) -> dict:
    """report.json of the paper's patient; not to be changed."""
    return make(patients.paper())


@pytest.fixture(scope="session")
def paper_html(paper) -> str:
    return page(paper)


@pytest.fixture(scope="session")
def large(make, patients) -> dict:
    """report.json of the patient with five tumours and sixty variants; not to be changed."""
    return make(patients.large(), table1=False)


@pytest.fixture(scope="session")
def with_reads(patients):
    """A function: report.json -> the same with reads of every variant."""

    def with_reads(report: dict) -> dict:
        return report | {"evidence": patients.reads(report["compare"])}

    return with_reads


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A headless Chromium; the test is skipped where there is none."""
    module = helper("chromium")
    program = module.find()
    if program is None:
        if os.environ.get("RESISTPANEL_NEEDS_BROWSER"):
            pytest.fail("RESISTPANEL_NEEDS_BROWSER is set and no Chromium is installed")
        pytest.skip("no Chromium (chromium, chromium-browser, google-chrome) is installed")
    with module.Chromium(program) as browser:
        yield browser
