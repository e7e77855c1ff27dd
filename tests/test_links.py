"""Links between the pages of the documentation lead to files and headings that exist."""

import re

import pytest

from resistpanel.core.files import HOME

PAGES = sorted([HOME / "README.md", *(HOME / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def broken(page, text: str) -> list[str]:
    """Return the links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(text):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        known = target.exists() and (
            not anchor or target.suffix != ".md" or anchor in anchors(target.read_text())
        )
        if not known:
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_links(page):
    assert broken(page, page.read_text()) == []


def test_a_broken_link_is_noticed():
    text = "[a](none.md) [b](docs/call.md#none) [c](docs/call.md#limits-of-the-method)"
    assert broken(HOME / "README.md", text) == ["none.md", "docs/call.md#none"]
