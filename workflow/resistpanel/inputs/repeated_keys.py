"""Keys that a YAML document has twice: YAML would silently keep the last."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from resistpanel.core.errors import InputError

#: Tag of the key ``<<``, which may be repeated.
MERGE = "tag:yaml.org,2002:merge"


def repeated_keys(root: yaml.Node | None, path: str | Path) -> Iterator[InputError]:
    """Yield each repetition of a key within one mapping, in the order of the lines.

    Parameters
    ----------
    root : yaml.Node or None
        Of ``yaml.compose``; None: an empty document.
    path : path
        The file, for messages.
    """
    nodes, seen, found = [root], set(), []
    while nodes:
        node = nodes.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        if not isinstance(node, yaml.MappingNode):
            continue
        nodes += [part for pair in node.value for part in pair]
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:
                continue
            line = key.start_mark.line + 1
            if key.value in first:
                found.append((line, key.value, first[key.value]))
            first.setdefault(key.value, line)
    for line, key, before in sorted(found):
        yield InputError(
            f"key '{key}' is given twice, first at line {before}", f"{path}:{line}", "remove one"
        )
