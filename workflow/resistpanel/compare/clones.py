"""Clones of a patient with three or more samples, and the trees that relate them."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from resistpanel.compare.clusters import Clusters, Counts, clusters
from resistpanel.compare.compare_constants import CLONE_SAMPLES, MOST_CLONE_VARIANTS, TREES_LISTED
from resistpanel.compare.evidence import View
from resistpanel.compare.fraction_before import one_copy
from resistpanel.compare.read_calls import Record
from resistpanel.compare.states import Rules, rho_of
from resistpanel.compare.trees import ROOT, Conflict, Trees, trees
from resistpanel.core.text import join, percent
from resistpanel.records import compare as records
from resistpanel.records.sheet import Line


@dataclasses.dataclass(frozen=True)
class Patient:
    """What clones are found from.

    Parameters
    ----------
    variants : sequence of Record
        Somatic variants, as `content.proving` returns them.
    samples : sequence of str
        Tumour and plasma samples with detectable tumour.
    without : sequence of str
        Those without.
    lines : sequence of Line
    view : callable
        Variant, sample -> View.
    names : mapping of str to str
        What a sentence calls each sample.
    """

    variants: Sequence[Record]
    samples: Sequence[str]
    without: Sequence[str]
    lines: Sequence[Line]
    view: Callable[[Record, str], View]
    names: Mapping[str, str]


def clones(patient: Patient, rules: Rules) -> records.Clones | None:
    """Return the clones; None with fewer than three samples with tumour, or without variants."""
    if len(patient.samples) < CLONE_SAMPLES:
        return None
    views = {
        record.fields["id"]: [patient.view(record, name) for name in patient.samples]
        for record in patient.variants
    }
    # Amounts that are not known in a sample say nothing of the clone there.
    used = {
        name: row for name, row in views.items() if any(v.evidence.detected for v in row)
        and sum(one_copy(v) is not None and v.evidence.depth > 0 for v in row) >= CLONE_SAMPLES
    }  # fmt: skip
    if not used:
        return None
    most = sorted(used, key=lambda name: -sum(v.evidence.alt for v in used[name]))
    ids = sorted(most[:MOST_CLONE_VARIANTS])
    found = clusters(counted([used[name] for name in ids], rules))
    return _record(patient, ids, found, trees(found.draws))


def counted(rows: Sequence[Sequence[View]], rules: Rules) -> Counts:
    """Return the counts of variants, a row of views over the samples for each."""
    scales = [[one_copy(view) for view in row] for row in rows]
    known = np.array([[one is not None for one in row] for row in scales])
    depth = np.array([[view.evidence.depth for view in row] for row in rows]) * known
    # What hops over from the patient's other libraries is no evidence of the clone.
    hopped = np.array([[view.hopped is not None for view in row] for row in rows])
    alt = np.array([[view.evidence.alt for view in row] for row in rows]) * (depth > 0) * ~hopped
    copies = [
        [view.locus.normal_copies if view.locus.copies is None else round(view.locus.copies)
         for view in row]
        for row in rows
    ]  # fmt: skip
    error = [[one[1] if one else np.nan for one in row] for row in scales]
    return Counts(
        alt=alt,
        depth=depth,
        one_copy=np.array([[one[0] if one else 0.5 for one in row] for row in scales]),
        most=np.maximum(copies, 1),
        scale_sd=np.nan_to_num(np.nanmedian(np.where(known, error, np.nan), axis=0)),
        rho=np.array([[rho_of(view.rho, rules) for view in row] for row in rows]),
        error=np.array([view.error for view in rows[0]]),
    )


def _record(patient: Patient, ids: Sequence[str], found: Clusters, placed: Trees) -> records.Clones:
    names = [str(k + 1) for k in range(len(found.members))]
    median, (low, high), upper = found.median(), found.interval(), found.upper()
    best = placed.found[0].parents if placed.found else {}
    alone = _alone(median, best)
    made = []
    for k, members in enumerate(found.members):
        in_samples = {
            sample: records.CloneInSample(
                ccf=_rounded(median[k, s]), low=_rounded(low[k, s]), high=_rounded(high[k, s]),
                upper=_rounded(upper[k, s]), absent=_rounded(found.absent()[k, s]),
                alone=_rounded(alone[k][s]) if k in best else None,
            )
            for s, sample in enumerate(patient.samples)
        }  # fmt: skip
        made.append(
            records.Clone(
                name=names[k],
                variants=tuple(ids[i] for i in members),
                samples=in_samples,
                position=_position(k, placed),
                parent=names[best[k]] if _agreed(k, placed) and best[k] != ROOT else None,
                before=tuple(_before(in_samples, line) for line in patient.lines),
            )
        )
    return records.Clones(
        samples=tuple(patient.samples),
        without_tumor=tuple(patient.without),
        clones=tuple(made),
        trees=tuple(
            records.CloneTree(
                parents={names[k]: None if p == ROOT else names[p]
                         for k, p in sorted(tree.parents.items())},
                probability=_rounded(tree.probability),
            )
            for tree in placed.found[:TREES_LISTED]
        ),
        tree_count=len(placed.found),
        ancestors=tuple((names[a], names[b]) for a, b in placed.ancestors()),
        apart=tuple((names[a], names[b]) for a, b in placed.apart()),
        conflicts=tuple(_conflict(one, names, patient) for one in placed.conflicts),
    )  # fmt: skip


def _agreed(clone: int, placed: Trees) -> bool:
    return clone in placed.parents()


def _position(clone: int, placed: Trees) -> str:
    if any(one.clone == clone for one in placed.conflicts):
        return "in no tree"
    if clone in placed.open:
        return "not placed"
    if not _agreed(clone, placed):
        return "varies"
    return "first" if placed.parents()[clone] == ROOT else "below"


def _alone(median: np.ndarray, parents: Mapping[int, int]) -> np.ndarray:
    """Return the fraction of cells of each clone that no descendant has, (clones, samples)."""
    alone = median.copy()
    for clone, above in parents.items():
        if above != ROOT:
            alone[above] -= median[clone]
    return np.maximum(alone, 0.0)


def _before(samples: Mapping[str, records.CloneInSample], line: Line) -> records.CloneBefore:
    bounds = {name: samples[name].upper for name in line.baseline if name in samples}
    return records.CloneBefore(line=line.number, upper=max(bounds.values(), default=None),
                               samples=tuple(bounds))  # fmt: skip


def _conflict(one: Conflict, names: Sequence[str], patient: Patient) -> records.SumRuleConflict:
    sample = patient.samples[one.sample]
    parent = None if one.parent == ROOT else names[one.parent]
    with_it = join([f"clone {names[k]}" for k in one.siblings])
    room = f"clone {parent}" if parent else "the tumour"
    if one.children and not one.siblings:
        inside = join([f"clone {names[k]}" for k in one.children])
        what = f"{inside} would be in more cells than clone {names[one.clone]}"
    else:
        together = f"together with {with_it} it" if with_it else "it"
        what = f"{together} is in more cells than {room}"
    return records.SumRuleConflict(
        clone=names[one.clone],
        parent=parent,
        siblings=tuple(names[k] for k in one.siblings),
        children=tuple(names[k] for k in one.children),
        sample=sample,
        excess=_rounded(one.excess),
        probability=_rounded(one.probability),
        text=f"clone {names[one.clone]} is in no tree: {patient.names[sample]} {what}, "
        f"by {percent(one.excess)} of the tumour cells",
    )


def _rounded(value: float) -> float:
    """Return a number with four significant digits."""
    return float(f"{value:.4g}")
