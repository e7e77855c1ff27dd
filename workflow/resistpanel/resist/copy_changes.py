"""Copy-number changes as alterations, by the same rule of what was there before as variants."""

import dataclasses
from collections.abc import Container, Mapping, Sequence

import msgspec

from resistpanel.catalog.drugs import Drug
from resistpanel.compare.lesions import course_samples, distribution, times
from resistpanel.core.text import join
from resistpanel.core.vocabulary import GAINED, OPEN, STATES
from resistpanel.records.compare import Compare, LesionState, LineState, SampleAtLocus
from resistpanel.records.copynumber import CopyNumber, GeneChange, GeneCopies
from resistpanel.resist.alteration import NOT_EXAMINED, Alteration, Change, Pair, status_of
from resistpanel.resist.resist_constants import MULTIPLIED

#: Of a line of therapy without a sample before it or after it.
NOT_COMPARED = "not compared"


def copy_changes(
    copynumber: CopyNumber,
    pairs: tuple[Pair, ...],
    compare: Compare,
    without_tumour: frozenset[str],
) -> list[Alteration]:
    """Return the amplified and the deleted genes of any sample."""
    by_sample = {
        name: {gene.gene: gene for gene in sample.genes}
        for name, sample in copynumber.samples.items()
    }
    calls = {
        (gene.gene, gene.call)
        for genes in by_sample.values()
        for gene in genes.values()
        if gene.call in {"amplification", "deletion"}
    }
    paired = {
        (pair.pre, pair.post, gene.gene): gene for pair in copynumber.pairs for gene in pair.genes
    }
    multiplied = _multiplied(copynumber, by_sample)
    found = []
    for gene, call in sorted(calls | {(gene, "amplification") for gene in multiplied}):
        samples = {
            name: msgspec.structs.replace(
                NOT_EXAMINED,
                detected=name in multiplied.get(gene, ()) or _called(genes.get(gene), call),
            )
            for name, genes in by_sample.items()
        }
        states = [
            copy_state(
                call,
                samples,
                pair,
                paired.get((pair.pre, pair.post, gene)),
                without_tumour,
                _copies(*(by_sample.get(name, {}).get(gene) for name in (pair.pre, pair.post))),
            )
            for pair in pairs
        ]
        of_gene = {name: genes.get(gene) for name, genes in by_sample.items()}
        lines = copy_lines(states, samples, compare, without_tumour, of_gene)
        told = [line for line, therapy in zip(lines, compare.lines, strict=True) if therapy.samples]
        row = distribution(compare.lesions.samples, {n: s.detected for n, s in samples.items()},
                           without_tumour)  # fmt: skip
        found.append(
            Alteration(
                id=f"copynumber:{gene}:{call}",
                gene=gene,
                copy_number=call,
                protein="",
                changes=(),
                consequence=call,
                splice=False,
                state=told[-1].state if told else None,
                states=tuple(states),
                samples=samples,
                reported=True,
                germline=False,
                lines=lines,
                status=_status(compare, samples, without_tumour),
                kind=row.kind,
            )
        )
    return found


def _status(
    compare: Compare, samples: Mapping[str, SampleAtLocus], without_tumour: frozenset[str]
) -> str:
    """Return whether the latest sample of any lesion, or of plasma, shows a change of copies."""
    time = times(compare.samples)
    latest = []
    for names in course_samples(compare.samples).values():
        last = max(time[name] for name in names)
        latest += [name for name in names if time[name] == last]
    return status_of(samples, latest, without_tumour)


def _called(gene: GeneCopies | None, call: str) -> bool | None:
    """Return whether a gene has a call; None if it has no usable target."""
    return None if gene is None or gene.call is None else gene.call == call


def _multiplied(
    copynumber: CopyNumber, by_sample: Mapping[str, Mapping[str, GeneCopies]]
) -> dict[str, set[str]]:
    """Return genes that a later tumour has many more copies of, with the samples; by gene.

    Of samples without gene calls, for want of normals to compare their depth with: the later
    against the earlier tumour alone shows the change.
    """
    found: dict[str, set[str]] = {}
    for pair in copynumber.pairs:
        rows = (by_sample.get(name, {}).values() for name in (pair.pre, pair.post))
        if any(gene.call is not None for one in rows for gene in one):
            continue
        for gene in pair.genes:
            if gene.call == "higher" and gene.low is not None and gene.low >= MULTIPLIED:
                found.setdefault(gene.gene, set()).add(pair.post)
    return found


def copy_state(
    call: str,
    samples: dict[str, SampleAtLocus],
    pair: Pair,
    change: GeneChange | None,
    without_tumour: frozenset[str] = frozenset(),
    copies: str = "",
) -> Change:
    """Return the state of a copy-number call between two samples.

    Detected in both is rising or falling only if the interval of the paired log2 ratio is on
    one side of 0; detected after alone is acquired under the same condition, else emergent. A
    ratio that the copy-number stage calls unchanged (as the samples' purities alone give it) is
    neither. A sample without detectable tumour shows no loss and no gain. `copies` says how many
    there are before and after, for the text.
    """
    sign = 1 if call == "amplification" else -1
    pre, post = (samples.get(name, NOT_EXAMINED).detected for name in (pair.pre, pair.post))
    low, high = (change.low, change.high) if change else (None, None)
    known = low is not None and high is not None and change.call not in (None, "unchanged")
    more = known and (low > 0 if sign > 0 else high < 0)
    less = known and (high < 0 if sign > 0 else low > 0)
    if pre is None and post and more:
        state = "undetermined"
    elif pre is None or post is None:
        state = "not covered"
    elif post and not pre:
        state = "acquired" if more else "emergent"
    elif post and pre:
        state = "rising" if more else "falling" if less else "stable"
    elif pre:
        state = "lost" if less else "undetermined"
    else:
        state = "undetermined"
    silent = pair.pre if post and not pre else pair.post if pre and not post else None
    if silent in without_tumour:
        text = f"{silent} contains no detectable tumour: the change of {call} is not known"
        return Change(pair, "undetermined", text)
    ratio = ""
    if change and change.log2_ratio is not None:
        ratio = f"log2 ratio after to before {change.log2_ratio:+.2f}"
        if low is not None and high is not None:
            ratio += f" ({low:+.2f} to {high:+.2f})"
        if change.call == "unchanged":
            ratio += ", no change beyond that of tumour purity"
        elif change.call is None:
            ratio += ", not compared: the purities are not known"
        if pre is None and post:
            ratio += "; copies per tumour cell are not known without a normal"
    return Change(pair, state, "; ".join(part for part in (copies, ratio) if part))


def _copies(before: GeneCopies | None, after: GeneCopies | None) -> str:
    """Return the copies per tumour cell before and after; nothing where they are not known."""
    if before is None or after is None or before.copies is None or after.copies is None:
        return ""
    texts = [
        f"{one.copies:.1f} ({one.copies_low:.1f} to {one.copies_high:.1f})"
        if one.copies_low is not None and one.copies_high is not None
        else f"{one.copies:.1f}"
        for one in (before, after)
    ]
    return f"{texts[0]} copies per tumour cell before, {texts[1]} after"


@dataclasses.dataclass(frozen=True)
class _Course:
    """A gene's copies over time.

    Parameters
    ----------
    lesion : mapping of str to str
        Of every sample that has one.
    times : mapping of str to float
        When the samples were taken.
    genes : mapping of str to GeneCopies or None
        By sample.
    without : set of str
        Samples with tumour whose copies are known and that do not show the change.
    """

    lesion: Mapping[str, str]
    times: Mapping[str, float]
    genes: Mapping[str, GeneCopies | None]
    without: Container[str]

    def of_lesion(self, post: str, names: Sequence[str]) -> list[str]:
        """Return those of `names` that are of the lesion of a sample, or of plasma."""
        return [name for name in names if self.lesion.get(name) == self.lesion.get(post)]

    def change(self, pre: str, post: str, state: str, drugs: Sequence[Drug]) -> Change:
        """Return the change between two samples."""
        text = _copies(self.genes.get(pre), self.genes.get(post))
        return Change(Pair(pre, post, drugs), state, text)


def _since(
    change: Change, shown: Sequence[str], showing: bool, earlier: Sequence[str], course: _Course
) -> Change:
    """Return the change since the last sample of the lesion that shows it before the first dose.

    Where the samples of the lesion from earlier lines of therapy that follow exclude it, it had
    gone: what a later sample shows has returned, by the rule of variants.

    Parameters
    ----------
    change : Change
    shown : sequence of str
        Samples before the first dose that show the amplification or deletion.
    showing : bool
        Whether the later sample shows it.
    earlier : sequence of str
        Samples before the first dose that were taken under an earlier line.
    course : _Course
    """
    post, drugs = change.pair.post, change.pair.drugs
    own = course.of_lesion(post, shown)
    if not own:
        return change
    last = own[-1]
    since = [
        name
        for name in course.of_lesion(post, earlier)
        if course.times[name] > course.times[last] and name in course.without
    ]
    genes = course.genes
    if showing:
        if since and all(_apart(genes.get(name), genes.get(post)) for name in since):
            return course.change(since[-1], post, "emergent", drugs)
        if last == change.pair.pre or change.state not in GAINED:
            return change
        return course.change(last, post, _moved(genes.get(last), genes.get(post)), drugs)
    if post not in course.without:
        return change
    if since:
        return course.change(since[-1], post, "absent", drugs)
    if last == change.pair.pre:
        return change
    state = "lost" if _apart(genes.get(last), genes.get(post)) else "undetermined"
    return course.change(last, post, state, drugs)


def _moved(before: GeneCopies | None, after: GeneCopies | None) -> str:
    """Return the state of a change that two samples show, by the intervals of their copies."""
    ends = _intervals(before, after)
    if ends is None:
        return "stable"
    (low, high), (later_low, later_high) = ends
    more, less = later_low > high, later_high < low
    if after.call == "deletion":
        more, less = less, more
    return "rising" if more else "falling" if less else "stable"


def _against(change: Change, excluding: Sequence[str], course: _Course) -> Change:
    """Return a gain that its pair leaves open against the last sample that excludes it.

    Of the same lesion if there is one. Pairs are with the first samples alone.
    """
    post = change.pair.post
    if change.state not in OPEN or not excluding:
        return change
    pre = (course.of_lesion(post, excluding) or excluding)[-1]
    return course.change(pre, post, "acquired", change.pair.drugs)


def _apart(one: GeneCopies | None, other: GeneCopies | None) -> bool:
    """Return whether the 95 % intervals of two samples' copies per tumour cell do not overlap.

    Log2 ratios do not decide: they differ with the purity alone.
    """
    if not _known(one) or not _known(other):
        return False
    ends = _intervals(one, other)
    return ends is not None and (ends[0][1] < ends[1][0] or ends[1][1] < ends[0][0])


def _known(gene: GeneCopies | None) -> bool:
    """Return whether the copies of a gene per tumour cell are known."""
    return gene is not None and gene.copies is not None


def _intervals(
    one: GeneCopies | None, other: GeneCopies | None
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the 95 % intervals of two samples on one scale; None if there is none.

    Of the copies per tumour cell, or of the log2 ratio where those of one sample are not known.
    """
    if one is None or other is None:
        return None
    for low, high in (("copies_low", "copies_high"), ("log2_low", "log2_high")):
        ends = [(getattr(gene, low), getattr(gene, high)) for gene in (one, other)]
        if None not in (*ends[0], *ends[1]):
            return ends[0], ends[1]
    return None


def copy_lines(
    states: list[Change],
    samples: dict[str, SampleAtLocus],
    compare: Compare,
    without_tumour: frozenset[str],
    genes: Mapping[str, GeneCopies | None],
) -> tuple[LineState, ...]:
    """Return a copy-number change under each line of therapy.

    By the same rule as that of a variant: what any sample before the first dose shows was not
    acquired, and a sample without detectable tumour excludes nothing. Where no later sample shows
    it, every sample before whose copies are known excludes it. A sample that no pair compares
    excludes it if the intervals of the copies are apart. Where an earlier line brought it to a
    lesion, that lesion's copies before and after decide.
    """
    course = _Course(
        lesion={n: place for place, names in compare.lesions.samples.items() for n in names},
        times=times(compare.samples),
        genes=genes,
        without={
            name
            for name, one in samples.items()
            if one.detected is False and name not in without_tumour and _known(genes.get(name))
        },
    )
    without, earlier = course.without, set()
    there = {name for name, one in samples.items() if one.detected}
    found = []
    for therapy in compare.lines:
        mine = [
            one
            for one in states
            if one.pair.pre in therapy.baseline and one.pair.post in therapy.samples
        ]
        known = {name: samples.get(name, NOT_EXAMINED).detected for name in therapy.baseline}
        shown = tuple(name for name, seen in known.items() if seen)
        new = {one.pair.pre for one in mine if one.state == "acquired"}
        showing = {one.pair.post for one in mine if one.pair.post in there}
        # Where no later sample shows it, any sample before excludes it by its call; else one that
        # has no pair excludes it by its copies.
        paired = {one.pair.pre for one in mine} if showing else set()
        new |= {
            name
            for name in without.intersection(therapy.baseline) - paired
            if all(_apart(genes[name], genes.get(post)) for post in showing)
        }
        excluding = [name for name in therapy.baseline if name in new]
        mine = [
            _against(one, excluding, course) if one.pair.post in showing else one for one in mine
        ]
        excluded = tuple(name for name, seen in known.items() if seen is False and name in new)
        possible = any(one.state == "emergent" for one in mine)
        inadequate = tuple(name for name in therapy.baseline if name not in {*shown, *new})
        before = (
            "present" if shown else "possible" if possible else "excluded" if excluded
            else "not known"
        )  # fmt: skip
        treated = [name for name in therapy.baseline if name in earlier]
        mine = [_since(one, shown, one.pair.post in there, treated, course) for one in mine]
        earlier.update(therapy.samples)
        told = [
            "emergent" if one.state == "acquired" and before != "excluded" else one.state
            for one in mine
        ]
        examined = [
            any(
                samples.get(n, NOT_EXAMINED).detected is not False
                for n in (one.pair.pre, one.pair.post)
            )
            for one in mine
        ]
        if any(examined):
            # A lesion that has it neither before nor after does not leave the others open.
            told = [state if here else "absent" for state, here in zip(told, examined, strict=True)]
        elif all({one.pair.pre, one.pair.post} <= without for one in mine):
            told = ["absent" for _ in told]
        silent = [name for name in inadequate if name in without_tumour]
        why = f"{join(silent)} contains no detectable tumour" if silent else None
        found.append(
            LineState(
                line=therapy.number,
                state=min(told, key=STATES.index, default=None),
                before=before if therapy.baseline else None,
                shown_by=shown,
                excluded_by=excluded,
                inadequate=inadequate,
                ub_ccf=None,
                why=why if before == "not known" else None,
                lesions=tuple(
                    LesionState(
                        lesion=course.lesion.get(one.pair.post, one.pair.post),
                        pre=one.pair.pre,
                        post=one.pair.post,
                        state=state,
                        text=one.text or state,
                    )
                    for one, state in zip(mine, told, strict=True)
                ),
                text="; ".join(dict.fromkeys(one.text or one.state for one in mine))
                or NOT_COMPARED,
            )
        )
    return tuple(found)
