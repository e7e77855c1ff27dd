"""Hooks of the documentation site: the pages are written for a repository's own view of them."""

import posixpath
import re

LINK = re.compile(r"(!?)\[([^\]]*)\]\(((?:\.\./)+[^)#\s]+)(#[^)\s]*)?\)")
ITEM = re.compile(r"(?:[-*]|\d+\.) ")


def on_page_markdown(markdown, page, config, files):
    """Name files outside docs/ instead of linking them; separate lists from the text above."""
    folder = posixpath.dirname(page.file.src_uri)

    def outside(match):
        path = posixpath.normpath(posixpath.join(folder, match[3]))
        return f"{match[2]} (`{path[3:]}`)" if path.startswith("../") else match[0]

    lines, fenced, before = [], False, ""
    for line in markdown.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced:
            line = LINK.sub(outside, line)
            text = before.strip() and not ITEM.match(before.lstrip()) and not before.startswith(" ")
            if text and ITEM.match(line) and not before.startswith(("|", "#")):
                lines.append("")
        lines.append(line)
        before = line
    return "\n".join(lines)
