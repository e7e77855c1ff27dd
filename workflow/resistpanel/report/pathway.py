"""Geometry of the pathway: a layered drawing of resist.json's graph, signal flowing downwards.

Units are pixels, x to the right, y downwards.
"""

from typing import NamedTuple

from resistpanel.report.cells import variant_name
from resistpanel.report.layers import layered, split_feedback
from resistpanel.report.parts import state_words
from resistpanel.report.words import STATES, rank_state

NODE, GAP = 108, 12  # width of a node, space between nodes
PLAIN, LINE = 30, 14  # height of a node, and of each variant named in it
BETWEEN = 34  # height between layers
MARGIN = 12
WRAP = 14  # letters of a label that fit one line
ENTRY = 16  # between the ends of edges that reach the same node
DOWN = 3  # steps below the target that are drawn
SHOWN = 2  # variants named in a node; the rest are counted


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


def shortest(start: set[str], goal: set[str], following: dict[str, list[str]]) -> list[str]:
    """Return the nodes of a shortest path from `start` to `goal`, or none."""
    came: dict[str, str | None] = dict.fromkeys(sorted(start))
    queue = list(came)
    for node in queue:
        if node in goal:
            way = [node]
            while (before := came[way[-1]]) is not None:
                way.append(before)
            return way
        for other in following.get(node, ()):
            if other not in came:
                came[other] = node
                queue.append(other)
    return []


def relevant(
    nodes: list[dict], edges: list[dict], targets: list[str]
) -> tuple[list[dict], list[dict]]:
    """Return the part of a graph that tells the story.

    Kept are the targets; every altered node, with a shortest way between it and a target
    (along the signal where there is one, else any); and what the targets lead to within `DOWN`
    steps. Without a target nothing is left out.
    """
    names = [n["id"] for n in nodes]
    goals = {t for t in targets if t in names}
    if not goals:
        return nodes, edges
    down: dict[str, list[str]] = {}
    up: dict[str, list[str]] = {}
    for e in edges:
        down.setdefault(e["source"], []).append(e["target"])
        up.setdefault(e["target"], []).append(e["source"])
    either = {n: down.get(n, []) + up.get(n, []) for n in names}
    kept, front = set(goals), set(goals)
    outputs = {n["id"] for n in nodes if n.get("role") == "output"}
    for step in range(1, DOWN + 1):
        front = {b for a in front for b in down.get(a, ())}
        # The last step shows what the signal brings about, not where else it goes.
        kept |= front & outputs if step == DOWN and front & outputs else front
    for node in nodes:
        if node["altered"]:
            here = {node["id"]}
            kept |= here
            kept.update(
                shortest(here, goals, down)
                or shortest(here, goals, up)
                or shortest(here, set(kept) - here, either)
            )
    return (
        [n for n in nodes if n["id"] in kept],
        [e for e in edges if e["source"] in kept and e["target"] in kept],
    )


def inhibits(sign: object) -> bool:
    """Return whether the sign of an edge means inhibition."""
    return sign in (-1, "-", "-1", "inhibition", "inhibits", "negative")


def wrap(label: str, width: int = WRAP) -> list[str]:
    """Return a label in one line, or in two where it is too wide for its node."""
    words = label.split()
    if len(label) <= width or len(words) < 2:
        return [label]
    # The break that leaves the two lines most alike.
    ways = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return list(min(ways, key=lambda way: max(map(len, way))))


def lines_of(label: str) -> list[str]:
    """Return the lines of a label: one or two; of several names joined, as many as they need."""
    if ", " not in label:
        return wrap(label)
    lines: list[str] = []
    for name in label.split(", "):
        if lines and len(lines[-1]) + len(name) + 2 <= WRAP:
            lines[-1] += f", {name}"
        else:
            lines.append(name)
    return [line + ("," if i < len(lines) - 1 else "") for i, line in enumerate(lines)]


def alterations(report: dict) -> dict[str, dict]:
    """Return what can be altered by id: variants, and findings of copy number."""
    found = {v["id"]: v for v in report["compare"]["variants"]}
    for f in report["resist"]["findings"]:
        if f["variant"] not in found:
            name = f["label"].removeprefix(f["gene"]).strip()
            found[f["variant"]] = {
                "id": f["variant"], "gene": f["gene"], "protein": None, "hgvs_c": name,
                "state": f["state"], "before": f["before"], "status": f["status"], "reported": True,
            }  # fmt: skip
    return found


def describe(nodes: list[dict], variants: dict[str, dict], keys: set[str]) -> None:
    """Add to each node what is altered in it: names, state and tone of the most telling."""
    for node in nodes:
        found = [variants[i] for i in dict.fromkeys(node["altered"]) if i in variants]
        found = [v for v in found if v["reported"]]
        found.sort(key=lambda v: (v["id"] not in keys, rank_state(v["state"]), v["id"]))
        node["named"] = [
            {
                "name": node_text(v, node),
                "state": v["state"],
                "words": state_words(v),
                "id": v["id"],
            }
            for v in found[:SHOWN]
        ]
        node["changes"] = [line for named in node["named"] for line in wrap(named["name"], 16)]
        node["further"] = len(found) - len(node["named"])
        node["key"] = any(v["id"] in keys for v in found)
        node["state"] = found[0]["state"] if found else None
        node["tone"] = STATES[found[0]["state"]].tone if found and found[0]["state"] else None
        node["lines"] = lines_of(node["label"])
        lines = len(node["lines"]) - 1 + len(node["changes"]) + bool(node["further"])
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


class Frame(NamedTuple):
    """Where the layers lie."""

    place: dict  # centre x, top and height of the layer, of every node and bend
    tops: list[tuple[float, float]]  # top and height of each layer
    right: float  # where the nodes end
    bottom: float


def frame(rows: list[list], nodes: dict[str, dict], left: float) -> Frame:
    """Give every node and bend its place, each layer centred; set ``x`` and ``y`` of the nodes."""

    def width(item: object) -> int:
        return NODE if isinstance(item, str) else GAP

    widths = [sum(map(width, row)) + GAP * (len(row) - 1) for row in rows]
    inner = max(widths)
    place: dict = {}
    tops = []
    y = float(MARGIN)
    for row, total in zip(rows, widths, strict=True):
        high = max((nodes[n]["height"] for n in row if isinstance(n, str)), default=PLAIN)
        tops.append((y, high))
        x = left + (inner - total) / 2
        for item in row:
            place[item] = (x + width(item) / 2, y, high)
            if isinstance(item, str):
                node = nodes[item]
                node["x"], node["y"] = round(x, 1), round(y + (high - node["height"]) / 2, 1)
            x += width(item) + GAP
        y += high + BETWEEN
    return Frame(place, tops, left + inner, y - BETWEEN)


def feedback_line(a: dict, b: dict, far: float, stop: int) -> str:
    """Return the path of a feedback edge: out to the right at `far`, and back in."""
    ax, bx = a["x"] + NODE, b["x"] + NODE + stop
    ay, by = a["y"] + a["height"] / 2, b["y"] + b["height"] / 2
    turn = 8 if by > ay else -8
    return (
        f"M{ax:g} {ay:g}H{far - 8:g}Q{far:g} {ay:g} {far:g} {ay + turn:g}"
        f"V{by - turn:g}Q{far:g} {by:g} {far - 8:g} {by:g}H{bx:g}"
    )


def drug_boxes(drugs: list[str], targets: list[dict], rows: list[list], tops: list) -> list[dict]:
    """Return the drugs' box left of each layer that holds a target, with a line to each target."""
    boxes = []
    for row, (top, high) in zip(rows, tops, strict=True):
        mine = [n for n in targets if n["id"] in row]
        if not mine:
            continue
        middle, right = top + high / 2, MARGIN + NODE - 8
        tall = PLAIN + LINE * (max(len(drugs), 1) - 1)
        leftmost = next(n for n in row if isinstance(n, str))
        lines = []
        for n in mine:
            if n["id"] == leftmost:
                lines.append(f"M{right:g} {middle:g}L{n['x'] - 5:g} {middle:g}")
            else:  # over the nodes in between
                lane, start = top - BETWEEN / 2 + 6, MARGIN + (NODE - 8) / 2
                lines.append(
                    f"M{start:g} {middle - tall / 2:g}V{lane:g}H{n['x'] + 14:g}V{n['y'] - 5:g}"
                )
        boxes.append({
            "x": MARGIN, "y": round(middle - tall / 2, 1), "w": NODE - 8, "h": tall,
            "names": drugs or ["drug"], "lines": lines,
        })  # fmt: skip
    return boxes


def folded(nodes: list[dict], edges: list[dict]) -> tuple[list[dict], list[dict]]:
    """Return a graph in which the unaltered outputs of the same sources are one node.

    A narrow window has no room for them side by side.
    """
    outputs = [n for n in nodes if n.get("role") == "output" and not n["altered"]]
    ending = {n["id"] for n in outputs} - {e["source"] for e in edges}
    sources = {
        i: tuple(sorted((e["source"], str(e["sign"])) for e in edges if e["target"] == i))
        for i in ending
    }
    first: dict[tuple, dict] = {}
    into: dict[str, str] = {}
    for node in outputs:
        if node["id"] in ending:
            head = first.setdefault(sources[node["id"]], dict(node))
            into[node["id"]] = head["id"]
            if head["id"] != node["id"]:
                head["label"] += f", {node['label']}"
    kept = {n["id"]: n for n in first.values()}
    return (
        [kept.get(n["id"], n) for n in nodes if into.get(n["id"], n["id"]) == n["id"]],
        [e for e in edges if into.get(e["target"], e["target"]) == e["target"]],
    )


def drawing(report: dict, narrow: bool = False) -> dict | None:
    """Return the drawing of resist.json's pathway, or None when there is none.

    Parameters
    ----------
    report : dict
        report.json.
    narrow : bool
        For a window of 390 px: outputs share a node.

    Returns
    -------
    dict
        ``width``, ``height``; ``nodes`` with x, y (top left), height and what is altered;
        ``edges`` with ``d`` (SVG path), ``inhibits``, ``feedback``; ``drugs`` with their lines.
    """
    graph = report["resist"]["pathway"]
    if not graph or not graph["nodes"]:
        return None
    everything, edges = in_graph(graph)
    nodes, edges = relevant(everything, edges, graph["drug_targets"])
    if not nodes:
        return None
    if narrow:
        nodes, edges = folded(nodes, edges)
    by_id = {n["id"]: dict(n) for n in nodes}
    variants = alterations(report)
    describe(list(by_id.values()), variants, set(report["resist"]["verdict"]["key_variants"]))
    targets = [by_id[t] for t in dict.fromkeys(graph["drug_targets"]) if t in by_id]
    for node in by_id.values():
        node["target"] = node in targets
    back = split_feedback([(e["source"], e["target"], inhibits(e["sign"])) for e in edges])
    forward = [p for e in edges if (p := (e["source"], e["target"])) not in back]
    rows, ways = layered(list(by_id), forward, {n["id"] for n in targets})
    left = MARGIN + (NODE + GAP if targets else 0)  # the drug stands left of its target
    where = frame(rows, by_id, left)
    entry = entries(forward, by_id)
    drawn = []
    for e in edges:
        pair = e["source"], e["target"]
        a, b = by_id[pair[0]], by_id[pair[1]]
        stop = 4 if inhibits(e["sign"]) else 7  # room for the bar or the head
        if pair in back:
            d = feedback_line(a, b, round(where.right + 14, 1), stop)
        else:
            points = [(round(a["x"] + NODE / 2, 1), a["y"] + a["height"])]
            for bend in ways[pair][1:-1]:
                x, top, high = where.place[bend]
                points += [(round(x, 1), top), (round(x, 1), top + high)]
            points.append((round(b["x"] + NODE / 2 + entry[pair], 1), b["y"] - stop))
            d = path(points)
        drawn.append({"d": d, "inhibits": inhibits(e["sign"]), "feedback": pair in back})
    return {
        "width": round(where.right + MARGIN + (20 if back else 0)),
        "height": round(where.bottom + MARGIN),
        "nodes": list(by_id.values()),
        "node_width": NODE,
        "edges": drawn,
        "drugs": drug_boxes(
            [d["drug"] for d in report["resist"]["drugs"]], targets, rows, where.tops
        ),
        "feedback": bool(back),
        "hidden": len(everything) - len(nodes),
        "altered": [n for n in by_id.values() if n["named"]],
        "acts": [(d["drug"], d["targets"]) for d in report["resist"]["drugs"]],
    }
