"""The signalling graph: where a gene stands relative to the target of a drug."""

import itertools
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from resistpanel.catalog.drugs import CATALOG
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.tables import read_tsv, split

NODE_COLUMNS = ("id", "label", "role", "genes", "source")
EDGE_COLUMNS = ("from", "to", "sign", "source")

#: receptor: takes up a signal at the membrane, or is itself the start of one; adaptor,
#: transducer: pass it on; regulator: acts on another node from the side; output: what the
#: pathway brings about (cell cycle, transcription, survival).
ROLES = ("receptor", "adaptor", "transducer", "regulator", "output")

#: Which relation to one of a drug's several targets counts, the first first.
_PRIORITY = (
    "on_target_mutation",
    "downstream_mutation",
    "upstream_activation",
    "bypass",
    "other",
)


@dataclass(frozen=True, slots=True)
class Node:
    """A node: a protein or a family that does the same here."""

    id: str
    label: str
    role: str
    genes: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a gene stands relative to a drug's target.

    Attributes
    ----------
    mechanism_class : str
        As in ``resist.json``; copy-number changes of the target itself are refined there.
    target : str
        HGNC symbol of the target that the relation is to.
    needs : str
        ``gain`` or ``loss``: the effect on the gene that would make the tumour resist.
    path : tuple of str
        Labels of the nodes that connect the two, in the direction of the signal.
    """

    mechanism_class: str
    target: str
    needs: str
    path: tuple[str, ...]


class Pathway:
    """A directed graph with signed edges.

    Parameters
    ----------
    nodes : iterable of Node
    edges : iterable of (str, str, int)
        Source id, target id, +1 (activates) or -1 (inhibits).
    """

    def __init__(self, nodes: Iterable[Node], edges: Iterable[tuple[str, str, int]]):
        self.nodes = {node.id: node for node in nodes}
        self.edges = list(edges)
        self._of_gene = {gene: node.id for node in self.nodes.values() for gene in node.genes}
        self._next: dict[str, list[tuple[str, int]]] = {node: [] for node in self.nodes}
        for source, target, sign in self.edges:
            self._next[source].append((target, sign))

    def node_of(self, gene: str) -> Node | None:
        """Return the node that `gene` belongs to, or None."""
        return self.nodes.get(self._of_gene.get(gene, ""))

    def paths(self, start: str) -> dict[str, tuple[tuple[str, ...], int]]:
        """Return, for every node that `start` leads to, a shortest path and its sign.

        The path holds node ids, both ends included; the sign is the product of its edges'.
        """
        found = {start: ((start,), 1)}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            path, sign = found[here]
            for target, edge_sign in self._next[here]:
                if target not in found:
                    found[target] = ((*path, target), sign * edge_sign)
                    queue.append(target)
        return found

    def way(self, start: str, end: str, through: Collection[str]) -> tuple[tuple[str, ...], int]:
        """Return a shortest path between two nodes and its sign; all but its start is in `through`.

        The path holds node ids, both ends included, and is empty if there is none.
        """
        found = {start: ((start,), 1)}
        queue = deque([start])
        while queue:
            path, sign = found[queue.popleft()]
            for target, edge_sign in self._next[path[-1]]:
                if target in through and target not in found:
                    found[target] = ((*path, target), sign * edge_sign)
                    queue.append(target)
        return found.get(end, ((), 0))

    def relate(self, gene: str, targets: Iterable[str]) -> Relation | None:
        """Return how `gene` stands to the first of `targets` in the order of `_PRIORITY`.

        Returns None if the graph does not connect it to any of them.
        """
        relations = [self._relate(gene, target) for target in targets]
        found = [relation for relation in relations if relation]
        return min(found, key=lambda r: _PRIORITY.index(r.mechanism_class), default=None)

    def _relate(self, gene: str, target: str) -> Relation | None:
        here, there = self.node_of(gene), self.node_of(target)
        if gene == target:
            return Relation("on_target_mutation", target, "gain", ())
        if not here or not there:
            return None
        if here is there:
            return Relation("bypass", target, "gain", (here.label,))
        down, up = self.paths(there.id), self.paths(here.id)
        if here.id in down:
            path, sign = down[here.id]
            # Below an output every further step is the outcome, not a way round the drug.
            kind = "other" if _outcome(here, there) else "downstream_mutation"
            return Relation(kind, target, _needs(sign), self._labels(path))
        if there.id in up:
            path, sign = up[there.id]
            kind = "bypass" if here.role == "receptor" else "upstream_activation"
            return Relation(kind, target, _needs(sign), self._labels(path))
        return self._shared(here, there, down, up, target)

    def _shared(
        self,
        here: Node,
        there: Node,
        down: dict[str, tuple[tuple[str, ...], int]],
        up: dict[str, tuple[tuple[str, ...], int]],
        target: str,
    ) -> Relation | None:
        """Relate two nodes that lead to a common one: the nearest to `here` counts."""
        common = [node for node in up if node in down]
        if there.role != "output" and here.role != "output":
            common = [node for node in common if self.nodes[node].role != "output"]
        if not common:
            return None
        path, sign = up[common[0]]
        kind = "other" if _outcome(here, there) else "bypass"
        return Relation(kind, target, _needs(sign * down[common[0]][1]), self._labels(path))

    def _labels(self, path: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.nodes[node].label for node in path)

    def around(self, ids: Iterable[str]) -> "Pathway":
        """Return the part of the graph that is connected with any of the nodes `ids`."""
        neighbours: dict[str, set[str]] = {node: set() for node in self.nodes}
        for source, target, _ in self.edges:
            neighbours[source].add(target)
            neighbours[target].add(source)
        seen: set[str] = set()
        queue = [node for node in ids if node in self.nodes]
        while queue:
            node = queue.pop()
            if node not in seen:
                seen.add(node)
                queue += neighbours[node]
        return Pathway(
            [node for node in self.nodes.values() if node.id in seen],
            [edge for edge in self.edges if edge[0] in seen],
        )


def _outcome(here: Node, there: Node) -> bool:
    """Whether `here` is what the pathway of the target `there` brings about."""
    return here.role == "output" and there.role != "output"


def _errors(problems: dict[str, bool], place: str) -> list[InputError]:
    return [InputError(what, place, "correct it") for what, is_so in problems.items() if is_so]


def _needs(sign: int) -> str:
    return "gain" if sign > 0 else "loss"


def load_pathway(folder: str | Path | None = None) -> Pathway:
    """Read ``pathway_nodes.tsv`` and ``pathway.tsv`` of a catalogue folder.

    Raises
    ------
    InputError
        One line for every node given twice, gene in two nodes, unknown role, edge to a node
        that is not there, or row without source.
    """
    folder = Path(CATALOG if folder is None else folder)
    errors: list[InputError] = []
    nodes: list[Node] = []
    owner: dict[str, str] = {}
    for place, row in read_tsv(folder / "pathway_nodes.tsv", NODE_COLUMNS):
        node = Node(row["id"], row["label"], row["role"], split(row["genes"]), row["source"])
        problems = {
            f"node '{node.id}' is listed twice": node.id in (other.id for other in nodes),
            f"role '{node.role}' is not one of {', '.join(ROLES)}": node.role not in ROLES,
            "a node without genes": not node.genes,
            "a row without source": not node.source,
        }
        problems |= {
            f"gene {gene} belongs to '{owner[gene]}' already": True
            for gene in node.genes
            if gene in owner
        }
        errors += [
            InputError(what, place, "correct it") for what, is_so in problems.items() if is_so
        ]
        owner |= dict.fromkeys(node.genes, node.id)
        nodes.append(node)
    ids = {node.id for node in nodes}
    edges: list[tuple[str, str, int]] = []
    for place, row in read_tsv(folder / "pathway.tsv", EDGE_COLUMNS):
        problems = {
            f"no node is called '{row[end]}'": row[end] not in ids for end in ("from", "to")
        } | {
            f"sign '{row['sign']}' is neither + nor -": row["sign"] not in {"+", "-"},
            "a row without source": not row["source"],
        }
        errors += [
            InputError(what, place, "correct it") for what, is_so in problems.items() if is_so
        ]
        edges.append((row["from"], row["to"], 1 if row["sign"] == "+" else -1))
    errors += [
        InputError(f"edge {source} to {target} is listed twice", str(folder / "pathway.tsv"))
        for (source, target), group in itertools.groupby(sorted(edge[:2] for edge in edges))
        if len(list(group)) > 1
    ]
    if errors:
        raise InputErrors(errors)
    return Pathway(nodes, edges)
