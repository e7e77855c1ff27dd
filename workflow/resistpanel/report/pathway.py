"""Geometry of the pathway: a layered drawing of resist.json's graph, signal flowing downwards.

Layers are the longest path from a source; edges over several layers get a bend in each
(Sugiyama, Tagawa, Toda 1981); the order within a layer is that of the neighbours' mean place.
Feedback edges are drawn but do not take part in the layering. Units are pixels.
"""

from resistpanel.report.cells import variant_name
from resistpanel.report.states import STATES, rank_state

NODE, GAP = 88, 16  # width of a node, space between nodes
PLAIN, LINE = 30, 14  # height of a node, and of each variant named in it
BETWEEN = 34  # height between layers
MARGIN = 12
SHOWN = 2  # variants named in a node; the rest are counted


def split_feedback(names: list[str], edges: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the edges that close a cycle when the graph is walked in the order given."""
    following: dict[str, list[str]] = {n: [] for n in names}
    for a, b in edges:
        following[a].append(b)
    entered = {b for _, b in edges}
    state: dict[str, int] = {}
    back: set[tuple[str, str]] = set()
    for start in [n for n in names if n not in entered] + names:
        if start in state:
            continue
        state[start] = 1
        stack = [(start, iter(following[start]))]
        while stack:
            node, rest = stack[-1]
            for other in rest:
                if state.get(other) == 1:
                    back.add((node, other))
                elif other not in state:
                    state[other] = 1
                    stack.append((other, iter(following[other])))
                    break
            else:
                state[node] = 2
                stack.pop()
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


def order_layers(rows: list[list], edges: list[tuple]) -> list[list]:
    """Order the nodes of each layer by the mean place of their neighbours (four sweeps)."""
    above: dict = {}
    below: dict = {}
    for a, b in edges:
        above.setdefault(b, []).append(a)
        below.setdefault(a, []).append(b)
    rows = [list(row) for row in rows]
    for sweep in range(4):
        down = sweep % 2 == 0
        neighbours = above if down else below
        for i in range(len(rows)) if down else reversed(range(len(rows))):
            other = i - 1 if down else i + 1
            if not 0 <= other < len(rows):
                continue
            width = max(len(rows[other]) - 1, 1)
            place = {n: k / width for k, n in enumerate(rows[other])}

            def mean(item: tuple, neighbours=neighbours, place=place, size=len(rows[i])) -> tuple:
                k, node = item
                found = [place[n] for n in neighbours.get(node, ()) if n in place]
                return (sum(found) / len(found) if found else k / max(size - 1, 1), k)

            rows[i] = [node for _, node in sorted(enumerate(rows[i]), key=mean)]
    return rows


def in_graph(graph: dict) -> tuple[list[dict], list[dict]]:
    """Return the nodes, each once, and the edges between them, each once and to another node."""
    nodes = list({n["id"]: n for n in graph["nodes"]}.values())
    names = {n["id"] for n in nodes}
    kept = {
        (e["source"], e["target"]): e
        for e in graph["edges"]
        if e["source"] in names and e["target"] in names and e["source"] != e["target"]
    }
    return nodes, list(kept.values())


def inhibits(sign: object) -> bool:
    """Return whether the sign of an edge means inhibition."""
    return sign in (-1, "-", "-1", "inhibition", "inhibits", "negative")


def describe(nodes: list[dict], variants: dict[str, dict], keys: set[str]) -> None:
    """Add to each node what is altered in it: names, state and tone of the most telling."""
    for node in nodes:
        found = [variants[i] for i in dict.fromkeys(node["altered"]) if i in variants]
        found = [v for v in found if v["reported"]]
        found.sort(key=lambda v: (v["id"] not in keys, rank_state(v["state"]), v["id"]))
        node["named"] = [
            {"name": variant_name(v), "state": v["state"], "id": v["id"]} for v in found[:SHOWN]
        ]
        node["further"] = len(found) - len(node["named"])
        node["key"] = any(v["id"] in keys for v in found)
        node["state"] = found[0]["state"] if found else None
        node["tone"] = STATES[found[0]["state"]].tone if found and found[0]["state"] else None
        lines = len(node["named"]) + bool(node["further"])
        node["height"] = PLAIN + LINE * lines


def path(points: list[tuple[float, float]]) -> str:
    """Return an SVG path through `points` with vertical tangents."""
    (x0, y0), *rest = points
    parts = [f"M{x0:g} {y0:g}"]
    for x, y in rest:
        middle = round((y0 + y) / 2, 1)
        parts.append(f"C{x0:g} {middle:g} {x:g} {middle:g} {x:g} {y:g}")
        x0, y0 = x, y
    return "".join(parts)


def drawing(report: dict) -> dict | None:
    """Return the drawing of resist.json's pathway, or None when there is none.

    Returns
    -------
    dict
        ``width``, ``height``; ``nodes`` with x, y (top left), height and what is altered;
        ``edges`` with ``d`` (SVG path) and ``inhibits``; ``drugs`` with the path to each target.
    """
    graph = report["resist"]["pathway"]
    if not graph or not graph["nodes"]:
        return None
    nodes, edges = in_graph(graph)
    nodes = [dict(n) for n in nodes]
    variants = {v["id"]: v for v in report["compare"]["variants"]}
    describe(nodes, variants, set(report["resist"]["verdict"]["key_variants"]))
    by_id = {n["id"]: n for n in nodes}
    names = list(by_id)
    pairs = [(e["source"], e["target"]) for e in edges]
    back = split_feedback(names, pairs)
    layer = layers(names, [p for p in pairs if p not in back])
    rows: list[list] = [[] for _ in range(max(layer.values()) + 1)]
    for name in names:
        rows[layer[name]].append(name)
    chains: dict[tuple[str, str], list] = {}
    steps = []
    for a, b in pairs:
        if (a, b) in back:
            continue
        # A bend in every layer that the edge passes keeps it clear of the nodes there.
        bends = [("bend", a, b, k) for k in range(layer[a] + 1, layer[b])]
        for bend in bends:
            rows[bend[3]].append(bend)
        chains[a, b] = [a, *bends, b]
        steps += zip(chains[a, b], chains[a, b][1:], strict=False)
    rows = order_layers(rows, steps)

    targets = [t for t in graph["drug_targets"] if t in by_id]
    drug_names = [d["drug"] for d in report["resist"]["drugs"]]
    reach = NODE + GAP  # the drug stands left of the layer of its target
    widths = [
        sum(NODE if isinstance(n, str) else GAP for n in row) + GAP * (len(row) - 1) for row in rows
    ]
    inner = max(widths)
    shift = MARGIN + (reach if targets else 0)
    width = inner + shift + MARGIN + (20 if back else 0)
    place: dict = {}
    y = float(MARGIN)
    tops = []
    for row, total in zip(rows, widths, strict=True):
        high = max((by_id[n]["height"] for n in row if isinstance(n, str)), default=PLAIN)
        tops.append((y, high))
        x = shift + (inner - total) / 2
        for n in row:
            own = NODE if isinstance(n, str) else GAP
            place[n] = (x + own / 2, y, high)
            x += own + GAP
        y += high + BETWEEN
    for node in nodes:
        centre, top, high = place[node["id"]]
        node["x"] = round(centre - NODE / 2, 1)
        node["y"] = round(top + (high - node["height"]) / 2, 1)
        node["w"] = NODE
        node["target"] = node["id"] in targets
    drawn = []
    for e in edges:
        a, b = by_id[e["source"]], by_id[e["target"]]
        stop = 4 if inhibits(e["sign"]) else 7  # room for the bar or the head
        if (e["source"], e["target"]) in back:
            far = round(shift + inner + 12, 1)
            ax, bx = a["x"] + NODE, b["x"] + NODE
            ay, by = a["y"] + a["height"] / 2, b["y"] + b["height"] / 2
            d = f"M{ax:g} {ay:g}C{far:g} {ay:g} {far:g} {by:g} {bx + stop:g} {by:g}"
        else:
            points = [(round(a["x"] + NODE / 2, 1), a["y"] + a["height"])]
            for bend in chains[e["source"], e["target"]][1:-1]:
                cx, top, high = place[bend]
                points += [(round(cx, 1), top), (round(cx, 1), top + high)]
            points.append((round(b["x"] + NODE / 2, 1), b["y"] - stop))
            d = path(points)
        drawn.append({"d": d, "inhibits": inhibits(e["sign"]), "feedback": (e["source"], e["target"]) in back})
    drugs = []
    for level, (top, high) in enumerate(tops):
        mine = [by_id[t] for t in targets if layer[t] == level]
        if not mine:
            continue
        given = drug_names or ["drug"]
        box = {"x": MARGIN, "y": round(top + high / 2 - PLAIN / 2, 1), "w": NODE - 8, "h": PLAIN,
               "names": given, "lines": []}  # fmt: skip
        middle = top + high / 2
        first = min((n for n in rows[level] if isinstance(n, str)), key=lambda n: by_id[n]["x"])
        for n in mine:
            if n["id"] == first:
                d = f"M{MARGIN + box['w']:g} {middle:g}L{n['x'] - 5:g} {middle:g}"
            else:
                lane = top - BETWEEN / 2 + 6
                cx = n["x"] + 14
                d = (f"M{MARGIN + box['w'] / 2:g} {box['y']:g}V{lane:g}"
                     f"H{cx:g}V{n['y'] - 5:g}")  # fmt: skip
            box["lines"].append(d)
        drugs.append(box)
    return {
        "width": round(width), "height": round(y - BETWEEN + MARGIN), "nodes": nodes,
        "edges": drawn, "drugs": drugs, "feedback": bool(back),
        "altered": [n for n in nodes if n["named"]],
        "targets": [n["label"] for n in nodes if n["target"]],
    }  # fmt: skip
