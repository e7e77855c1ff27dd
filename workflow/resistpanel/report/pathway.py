"""Geometry of the pathway: a layered drawing of resist.json's graph, signal flowing downwards.

Layers are the longest path from a source; edges over several layers get a bend in each
(Sugiyama, Tagawa, Toda 1981); the order within a layer is that of the neighbours' mean place.
Feedback edges are drawn but do not take part in the layering. Units are pixels.
"""

from resistpanel.report.cells import variant_name
from resistpanel.report.states import STATES, rank_state

NODE, GAP = 108, 12  # width of a node, space between nodes
PLAIN, LINE = 30, 14  # height of a node, and of each variant named in it
BETWEEN = 34  # height between layers
MARGIN = 12
WRAP = 14  # letters of a label that fit one line
ENTRY = 16  # between the ends of edges that reach the same node
SHOWN = 2  # variants named in a node; the rest are counted


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
                middle = sum(found) / len(found) if found else k / max(size - 1, 1)
                return (node not in first, middle, k)

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


def wrap(label: str) -> list[str]:
    """Return a label in one line, or in two where it is too wide for its node."""
    words = label.split()
    if len(label) <= WRAP or len(words) < 2:
        return [label]
    # The break that leaves the two lines most alike.
    ways = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return list(min(ways, key=lambda way: max(map(len, way))))


def describe(nodes: list[dict], variants: dict[str, dict], keys: set[str]) -> None:
    """Add to each node what is altered in it: names, state and tone of the most telling."""
    for node in nodes:
        found = [variants[i] for i in dict.fromkeys(node["altered"]) if i in variants]
        found = [v for v in found if v["reported"]]
        found.sort(key=lambda v: (v["id"] not in keys, rank_state(v["state"]), v["id"]))
        node["named"] = [
            {"name": node_text(v, node), "state": v["state"], "id": v["id"]} for v in found[:SHOWN]
        ]
        node["further"] = len(found) - len(node["named"])
        node["key"] = any(v["id"] in keys for v in found)
        node["state"] = found[0]["state"] if found else None
        node["tone"] = STATES[found[0]["state"]].tone if found and found[0]["state"] else None
        node["lines"] = wrap(node["label"])
        lines = len(node["lines"]) - 1 + len(node["named"]) + bool(node["further"])
        node["height"] = PLAIN + LINE * lines


def node_text(variant: dict, node: dict) -> str:
    """Return what a variant is called inside a node: with its gene if the node is a family."""
    gene = variant["gene"]
    if not gene or gene == node["label"]:
        return variant_name(variant)
    return f"{gene} {variant_name(variant).removeprefix('p.')}"


def path(points: list[tuple[float, float]]) -> str:
    """Return an SVG path through `points` with vertical tangents."""
    (x0, y0), *rest = points
    parts = [f"M{x0:g} {y0:g}"]
    for x, y in rest:
        middle = round((y0 + y) / 2, 1)
        parts.append(f"C{x0:g} {middle:g} {x:g} {middle:g} {x:g} {y:g}")
        x0, y0 = x, y
    return "".join(parts)


def entries(pairs: list[tuple[str, str]], nodes: dict[str, dict]) -> dict:
    """Return for each edge how far from its target's middle it ends, in the order of sources."""
    shift = {}
    for target in {b for _, b in pairs}:
        mine = sorted((p for p in pairs if p[1] == target), key=lambda p: nodes[p[0]]["x"])
        step = min(ENTRY, (NODE - 20) / len(mine))
        for k, pair in enumerate(mine):
            shift[pair] = round((k - (len(mine) - 1) / 2) * step, 1)
    return shift


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
    back = split_feedback([(e["source"], e["target"], inhibits(e["sign"])) for e in edges])
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
    targets = [t for t in graph["drug_targets"] if t in by_id]
    rows = order_layers(rows, steps, set(targets))

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
    entry = entries([p for p in pairs if p not in back], by_id)
    drawn = []
    for e in edges:
        a, b = by_id[e["source"]], by_id[e["target"]]
        stop = 4 if inhibits(e["sign"]) else 7  # room for the bar or the head
        if (e["source"], e["target"]) in back:
            far = round(shift + inner + 14, 1)
            ax, bx = a["x"] + NODE, b["x"] + NODE + stop
            ay, by = a["y"] + a["height"] / 2, b["y"] + b["height"] / 2
            turn = 8 if by > ay else -8
            d = (f"M{ax:g} {ay:g}H{far - 8:g}Q{far:g} {ay:g} {far:g} {ay + turn:g}"
                 f"V{by - turn:g}Q{far:g} {by:g} {far - 8:g} {by:g}H{bx:g}")  # fmt: skip
        else:
            points = [(round(a["x"] + NODE / 2, 1), a["y"] + a["height"])]
            for bend in chains[e["source"], e["target"]][1:-1]:
                cx, top, high = place[bend]
                points += [(round(cx, 1), top), (round(cx, 1), top + high)]
            points.append((round(b["x"] + NODE / 2 + entry[e["source"], e["target"]], 1), b["y"] - stop))
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
