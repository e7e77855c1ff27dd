"""Layers of a directed graph, for a drawing in which the signal flows downwards.

Layers are the longest path from a source; edges over several layers get a bend in each; the
order within a layer is that of the neighbours' mean place (Sugiyama, Tagawa, Toda 1981, IEEE
Trans. Syst. Man Cybern. 11:109). Feedback edges take no part.
"""

from itertools import pairwise


def split_feedback(edges: list[tuple[str, str, bool]]) -> set[tuple[str, str]]:
    """Return the edges that close a cycle.

    Edges are (source, target, inhibits). Activating ones are laid first, in the order given:
    where a cascade ends in an inhibition of its start, that inhibition is the feedback.
    """
    following: dict[str, set[str]] = {}

    def leads(a: str, b: str) -> bool:
        seen, stack = set(), [a]
        while stack:
            node = stack.pop()
            if node == b:
                return True
            if node not in seen:
                seen.add(node)
                stack.extend(following.get(node, ()))
        return False

    back: set[tuple[str, str]] = set()
    for a, b, _ in sorted(edges, key=lambda edge: edge[2]):
        if leads(b, a):
            back.add((a, b))
        else:
            following.setdefault(a, set()).add(b)
    return back


def layers(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of every node of an acyclic graph: the longest path from a source.

    A source with targets far down is moved next to the nearest of them, which shortens edges.
    """
    following: dict[str, list[str]] = {n: [] for n in names}
    waiting = dict.fromkeys(names, 0)
    for a, b in edges:
        following[a].append(b)
        waiting[b] += 1
    sources = [n for n in names if not waiting[n]]
    layer = dict.fromkeys(names, 0)
    queue = list(sources)
    while queue:
        node = queue.pop(0)
        for other in following[node]:
            layer[other] = max(layer[other], layer[node] + 1)
            waiting[other] -= 1
            if not waiting[other]:
                queue.append(other)
    for node in sources:
        if following[node]:
            layer[node] = min(layer[other] for other in following[node]) - 1
    return layer


def order_layers(rows: list[list], edges: list[tuple], first: set[str]) -> list[list]:
    """Order the nodes of each layer by the mean place of their neighbours (four sweeps).

    Nodes in `first` stand leftmost in their layer, next to the drug.
    """
    above: dict = {}
    below: dict = {}
    for a, b in edges:
        above.setdefault(b, []).append(a)
        below.setdefault(a, []).append(b)
    rows = [sorted(row, key=lambda node: node not in first) for row in rows]
    for sweep in range(4):
        down = sweep % 2 == 0
        neighbours = above if down else below
        for i in range(len(rows)) if down else reversed(range(len(rows))):
            other = i - 1 if down else i + 1
            if not 0 <= other < len(rows):
                continue
            place = places(rows[other])
            keyed = []
            for node, own in places(rows[i]).items():
                found = [place[n] for n in neighbours.get(node, ()) if n in place]
                mean = sum(found) / len(found) if found else own
                keyed.append((node not in first, mean, own, node))
            rows[i] = [node for *_, node in sorted(keyed, key=lambda key: key[:3])]
    return rows


def places(row: list) -> dict:
    """Return how far along its layer each node stands, 0 to 1."""
    return {node: k / max(len(row) - 1, 1) for k, node in enumerate(row)}


def layered(
    names: list[str], edges: list[tuple[str, str]], first: set[str]
) -> tuple[list[list], dict[tuple[str, str], list]]:
    """Return the layers of an acyclic graph, in order, and the way that each edge takes.

    An edge over several layers has a bend, the tuple ``("bend", source, target, layer)``, in
    each that it passes: the bend keeps it clear of the nodes there. A way is the source, the
    bends, the target.
    """
    layer = layers(names, edges)
    rows: list[list] = [[] for _ in range(max(layer.values()) + 1)]
    for name in names:
        rows[layer[name]].append(name)
    ways: dict[tuple[str, str], list] = {}
    for a, b in edges:
        bends = [("bend", a, b, k) for k in range(layer[a] + 1, layer[b])]
        for bend in bends:
            rows[bend[3]].append(bend)
        ways[a, b] = [a, *bends, b]
    steps = [step for way in ways.values() for step in pairwise(way)]
    return order_layers(rows, steps, first), ways
