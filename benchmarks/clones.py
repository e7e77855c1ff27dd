"""Clones and trees: a published tree, and simulated patients.

    python -m benchmarks.clones --seed 41 --patients 1000 --publish

Counts are drawn for patients with 3 to 8 samples and 5 to 40 variants
(`benchmarks.clone_patients`), and given to `resistpanel.compare.clusters` and
`resistpanel.compare.trees`. CLL003, five dated samples, needs `../shared/facts/evolution`: read
counts of five clusters (Schuh et al., Blood 2012;120:4191) and the tree that CALDER prints for four
of them (Myers, Satas and Raphael, Cell Systems 2019;8:514).
"""

import argparse
import csv
import dataclasses
import hashlib
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.clone_patients import Patient, patient
from benchmarks.genome import ROOT
from benchmarks.publish import revision
from resistpanel.compare.clusters import Clusters, Counts, clusters
from resistpanel.compare.compare_constants import DEFAULT_ERROR
from resistpanel.compare.trees import ROOT as NO_PARENT
from resistpanel.compare.trees import Conflict, Trees, trees
from resistpanel.core.stats import clopper_pearson_interval

PAGE = ROOT / "docs" / "validation" / "clones.md"
EVOLUTION = ROOT.parent / "shared" / "facts" / "evolution"
#: Edges of the true cancer cell fraction; 0 and 1 are cells by themselves.
EDGES = (-1.0, 0.0, 0.02, 0.1, 0.3, 0.7, 0.98, 0.999999, 1.0)
#: Patients whose answer is computed twice.
TWICE = 20
#: Error of the scale of CLL003, whose purity is not known; the samples are blood.
UNKNOWN_SD = 0.2


@dataclasses.dataclass(frozen=True)
class NamedConflict:
    """A conflict by the names of clusters and samples."""

    clone: str
    parent: str | None
    siblings: tuple[str, ...]
    sample: str
    excess: float
    probability: float


@dataclasses.dataclass(frozen=True)
class Published:
    """Trees of CLL003.

    Parameters
    ----------
    names : tuple of str
        Of the clusters, in the order of the clones.
    found : Trees
    chain_in_set : bool
        Whether CALDER's tree is in the 95 % set.
    conflicts : tuple of NamedConflict
    """

    names: tuple[str, ...]
    found: Trees
    chain_in_set: bool
    conflicts: tuple[NamedConflict, ...]


def cll003() -> tuple[Published, Published]:
    """Return the trees of the four clusters of CALDER's tree, and of all five."""
    names, samples, table = _counts()
    edges = _edges((EVOLUTION / "cll003_tree.dot").read_text())
    in_tree = {name for edge in edges for name in edge}
    four = [k for k, name in enumerate(names) if name in in_tree]
    return tuple(
        _published([names[k] for k in used], samples, table[:, used], edges)
        for used in (four, list(range(len(names))))
    )


def _counts() -> tuple[list[str], list[str], np.ndarray]:
    """Return clusters, samples, and fragments without and with: (samples, clusters, 2)."""
    with (EVOLUTION / "cll003_clustered.tsv").open() as handle:
        header, *rows = csv.reader(handle, delimiter="\t")
    table = np.array([row[1:] for row in rows], dtype=int).reshape(len(rows), -1, 2)
    return header[1::2], [row[0] for row in rows], table


def pooled_overdispersion() -> float:
    """Return how much the counts vary about CALDER's solution: mean squared error over f (1 - f).

    Counts are pooled over the variants of a cluster, and vary more than fragments do.
    """
    names, _, table = _counts()
    with (EVOLUTION / "cll003_solution.csv").open() as handle:
        lines = [line.strip().split(",") for line in handle]
    fitted = np.array([row[1:] for row in lines[2:7]], dtype=float) / 2
    used = [names.index(name) for name in lines[1][1:]]
    seen = (table[..., 1] / table.sum(-1))[:, used]
    # What is fitted to be absent says nothing of the variance.
    there = fitted > 0
    squared = (seen - fitted)[there] ** 2 / (fitted * (1 - fitted))[there]
    return float(squared.mean())


def _edges(dot: str) -> set[tuple[str, str]]:
    labels, edges = {}, set()
    for line in dot.splitlines():
        if "label" in line:
            labels[line.split()[0]] = line.split('"')[1]
        elif "->" in line:
            above, below = line.strip(" ;").split(" -> ")
            edges.add((above, below))
    return {(labels[a], labels[b]) for a, b in edges}


def _published(
    names: Sequence[str], samples: Sequence[str], table: np.ndarray, edges: set
) -> Published:
    alt, depth = table[..., 1].T, table.sum(-1).T
    counts = Counts(
        alt, depth, np.full(alt.shape, 0.5), np.ones(alt.shape, int),
        np.full(len(samples), UNKNOWN_SD),
        np.full(alt.shape, pooled_overdispersion()), np.full(len(samples), DEFAULT_ERROR),
    )  # fmt: skip
    found = clusters(counts, given=[[k] for k in range(len(names))])
    ordered = tuple(names[k] for (k,) in found.members)
    result = trees(found.draws)

    def named(tree) -> set[tuple[str, str]]:
        return {(ordered[p], ordered[k]) for k, p in tree.parents.items() if p != NO_PARENT}

    return Published(
        ordered, result, any(named(tree) == edges for tree in result.found),
        tuple(_named(one, ordered, samples) for one in result.conflicts),
    )  # fmt: skip


def _named(one: Conflict, names: Sequence[str], samples: Sequence[str]) -> NamedConflict:
    return NamedConflict(
        names[one.clone],
        None if one.parent == NO_PARENT else names[one.parent],
        tuple(names[k] for k in one.siblings),
        samples[one.sample],
        one.excess,
        one.probability,
    )


def digest(found: Clusters, placed: Trees) -> str:
    """Return a hash of an answer."""
    value = (found.members, found.weights.tobytes(), repr(placed))
    return hashlib.sha256(repr(value).encode()).hexdigest()


def answer(made: Patient) -> tuple[Clusters, Trees]:
    """Return clusters and trees of a patient."""
    found = clusters(made.counts)
    return found, trees(found.draws)


def rows(seed: int, k: int) -> Iterator[dict]:
    """Yield the measures of a patient, and one for each cell that it is in."""
    made = patient(np.random.default_rng([seed, k]))
    start = time.process_time()
    found, placed = answer(made)
    seconds = time.process_time() - start
    again = digest(*answer(made)) == digest(found, placed) if k < TWICE else None
    yield {
        "patient": k,
        "kind": "patient",
        "seconds": seconds,
        "again": again,
        **_of_patient(made, found, placed),
    }
    yield from _of_cells(made, found, np.random.default_rng([seed, k, 1]), k)


def _of_patient(made: Patient, found: Clusters, placed: Trees) -> dict:
    true = {tuple(np.flatnonzero(made.clone == k)): k for k in set(made.clone.tolist())}
    exact = set(found.members) == set(true)
    right = claimed = in_set = None
    lineage = _ancestors(made.parents)
    if exact:
        clone = [true[members] for members in found.members]
        truth = _restricted(made.parents, clone)
        in_set = not placed.conflicts and not placed.open and truth in [
            {clone[k]: None if p == NO_PARENT else clone[p] for k, p in tree.parents.items()}
            for tree in placed.found
        ]  # fmt: skip
    # Ancestors that are claimed, by the clone that most variants of either are of.
    main = [int(np.bincount(made.clone[list(m)]).argmax()) for m in found.members]
    pairs = [(main[a], main[b]) for a, b in placed.ancestors()]
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    claimed, right = len(pairs), sum(pair in lineage for pair in pairs)
    return {
        "variants": len(made.clone), "samples": len(made.fractions),
        "depth": made.depth, "clones": len(true), "found": len(found.members), "exact": exact,
        "in_set": in_set, "trees": len(placed.found), "claimed": claimed, "right": right,
        "conflict": bool(placed.conflicts), "open": bool(placed.open),
    }  # fmt: skip


def _ancestors(parents: Sequence[int]) -> set[tuple[int, int]]:
    found = set()
    for k in range(len(parents)):
        above = parents[k]
        while above >= 0:
            found.add((above, k))
            above = parents[above]
    return found


def _restricted(parents: Sequence[int], clones: Sequence[int]) -> dict[int, int | None]:
    """Return the parents of clones in a tree, by the nearest ancestor that is one of them."""
    found = {}
    for clone in clones:
        above = parents[clone]
        while above >= 0 and above not in clones:
            above = parents[above]
        found[clone] = above if above >= 0 else None
    return found


def _of_cells(made: Patient, found: Clusters, rng, k: int) -> Iterator[dict]:
    """Yield one variant and sample of every cell of the true fraction."""
    of = np.empty(len(made.clone), int)
    for cluster, members in enumerate(found.members):
        of[list(members)] = cluster
    low, high = (bound[of] for bound in found.interval())
    upper, truth = found.upper()[of], made.fractions[:, made.clone].T
    for start, stop in itertools.pairwise(EDGES):
        places = np.argwhere((truth > start) & (truth <= stop))
        if len(places):
            v, s = places[rng.integers(len(places))]
            c = truth[v, s]
            yield {
                "patient": k, "kind": "cell", "truncal": bool((made.clone == 0).any()),
                "cell": stop, "depth": made.depth,
                "inside": bool(low[v, s] <= c + 1e-9 and c <= high[v, s] + 1e-9),
                "below": bool(c <= upper[v, s] + 1e-9), "width": float(high[v, s] - low[v, s]),
            }  # fmt: skip


def _cell_name(stop: float) -> str:
    start = EDGES[EDGES.index(stop) - 1]
    if stop == 0:
        return "0"
    if stop == 1:
        return "1"
    return f"{100 * start:g} to {100 * min(stop, 1):.4g} %"


def coverage(cells: pd.DataFrame) -> pd.DataFrame:
    """Return coverage with its 99 % interval, by true fraction."""
    made = []
    for stop, group in cells.groupby("cell"):
        n, inside, below = len(group), int(group.inside.sum()), int(group.below.sum())
        a, b = (float(x) for x in clopper_pearson_interval(inside, n, 0.99))
        c, d = (float(x) for x in clopper_pearson_interval(below, n, 0.99))
        one_sided = stop in (0.0, 1.0)
        made.append({
            "true fraction": _cell_name(stop), "patients": n,
            "interval holds it": f"{100 * inside / n:.1f} ({100 * a:.1f} to {100 * b:.1f}) %",
            "upper bound holds it": f"{100 * below / n:.1f} ({100 * c:.1f} to {100 * d:.1f}) %",
            "median width": f"{group.width.median():.3f}",
            "outside 93 to 97 %": "one-sided" if one_sided and b >= 0.93
            else "yes" if a > 0.97 or b < 0.93 or d < 0.93 else "no",
        })  # fmt: skip
    return pd.DataFrame(made)


def page(table: pd.DataFrame, command: str) -> str:
    """Return docs/validation/clones.md."""
    people, cells = table[table.kind == "patient"], table[table.kind == "cell"]
    lines = [
        "# Clones and trees",
        "",
        f"Written by `{command}` at {revision()}. Counts are drawn, no reads are simulated; see",
        "`benchmarks/clone_patients.py` for the patients: 3 to 8 samples, 5 to 40 variants of 2",
        "to 6 clones, 200 to 2,000 fragments, overdispersion 0.0002 to 0.002, a stated purity with",
        "an error of 0.05.",
        "",
        "## Cancer cell fractions of clones",
        "",
        "One variant and sample per patient in each row. A row fails if its 99 % interval is",
        "wholly outside 93 to 97 %, or below 93 % for the upper bound. At 0 and 1 the interval is",
        "one-sided.",
        "",
    ]
    for title, chosen in (
        ("Patients with a variant in all tumour cells", True),
        ("Patients without such a variant (the largest clone may be mistaken for it)", False),
    ):
        some = cells[cells.truncal.astype(bool) == chosen]
        if len(some):
            shown = coverage(some).to_markdown(index=False, disable_numparse=True)
            lines += [f"{title}:", "", shown, ""]
    lines += ["## Clusters and trees", "", *_trees_page(people), ""]
    return "\n".join(lines + (published_page() if EVOLUTION.is_dir() else []))


def _trees_page(people: pd.DataFrame) -> list[str]:
    exact = people[people.exact.astype(bool)]
    held = exact.in_set.astype(bool)
    claimed, right = int(people.claimed.sum()), int(people.right.sum())
    again = people.again.dropna().astype(bool)
    return [
        f"- {len(people):,} patients; {people.seconds.mean():.2f} s of CPU on average, "
        f"{people.seconds.max():.1f} s at most.",
        f"- The same result when computed again: {int(again.sum())} of {len(again)} patients.",
        f"- All variants in the correct cluster: {len(exact):,} of {len(people):,}. Clones "
        "with the same fraction in every sample cannot be separated.",
        f"- Of these the true tree is in the 95 % set in {int(held.sum()):,} of {len(exact):,} "
        f"({100 * held.mean():.1f} %).",
        f"- Ancestors that all trees of the set agree on: {right:,} of {claimed:,} correct "
        f"({100 * right / max(claimed, 1):.1f} %).",
        f"- A clone in no tree: {int(people.conflict.sum())} patients; a clone not placed because "
        f"more than 1,000 trees fit: {int(people.open.sum())}.",
        f"- Median size of the 95 % set: {people.trees.median():.0f}; greatest: "
        f"{people.trees.max():.0f}.",
    ]


def published_page() -> list[str]:
    """Return the section on CLL003."""
    four, every = cll003()
    lines = [
        "## A published tree",
        "",
        "CLL003: chronic lymphocytic leukaemia, five dated samples; counts per cluster and the",
        "tree that CALDER prints. The counts are pooled over the variants of a cluster; their",
        f"spread about CALDER's solution is {pooled_overdispersion():.2g}. The purity is not",
        "known.",
        "",
        f"- Over the four clusters of CALDER's tree: its chain is "
        f"{'' if four.chain_in_set else 'not '}in the 95 % set, of "
        f"{len(four.found.found)} tree(s), the first with probability "
        f"{four.found.found[0].probability:.3f}.",
    ]
    lines += [
        f"- Over all five: {one.clone} is in no tree. In sample {one.sample} it is, together with "
        f"{' and '.join(one.siblings) or 'no other'}, in more cells than "
        f"{one.parent or 'the tumour'}, by {100 * one.excess:.1f} % of the tumour cells; the sum "
        f"rule holds there with probability {one.probability:.3f}."
        for one in every.conflicts
    ]
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--rows", type=Path, help="keep the rows as JSON lines; go on from these")
    parser.add_argument("--publish", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    found = []
    if args.rows and args.rows.exists():
        found = [json.loads(line) for line in args.rows.read_text().splitlines()]
    done = {row["patient"] for row in found}
    for k in range(args.patients):
        if k not in done:
            of_patient = list(rows(args.seed, k))
            found += of_patient
            if args.rows:
                with args.rows.open("a") as out:
                    out.writelines(json.dumps(row) + "\n" for row in of_patient)
    number = len({row["patient"] for row in found})
    command = f"python -m benchmarks.clones --seed {args.seed} --patients {number} --publish"
    text = page(pd.DataFrame(found), command)
    if args.publish:
        PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
