"""The page docs/validation/identity.md, of parts that are measured one by one."""

import re
from pathlib import Path

from benchmarks.genome import ROOT

PAGE = ROOT / "docs" / "validation" / "identity.md"
#: Parts in the order of the page.
PARTS = ("patients", "recall")
HEAD = """\
# Identity and contamination: patients simulated to BAMs

`python -m benchmarks.identity --publish` and `python -m benchmarks.identity_recall --publish`
write this page. The same tests on simulated depths and counts of the whole panel are in
[copynumber](copynumber.md).
"""


def put(name: str, title: str, text: str, page: Path = PAGE) -> None:
    """Write one part of the page and leave the others as they are.

    Parameters
    ----------
    name : str
        One of `PARTS`.
    title, text : str
        Markdown.
    page : Path
    """
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    parts = {
        part: found[0]
        for part in PARTS
        if (found := re.search(rf"<!-- {part} -->.*?(?=<!-- |\Z)", old, re.DOTALL))
    }
    parts[name] = f"<!-- {name} -->\n## {title}\n\n{text.strip()}\n\n"
    body = "".join(parts[part] for part in PARTS if part in parts)
    page.write_text(f"{HEAD}\n{body.rstrip()}\n", encoding="utf-8")
