"""What other tests, taken before a line of therapy, say of a variant, and its state with them.

A variant that an earlier test lists was present before. One that it looked for and did not find is
excluded to the limit that its report states, if the tumour content of its sample is known and the
limit leaves at most `MOST_BEFORE` of the tumour cells. What a test does not state that it covered,
it did not exclude.
"""

import functools
import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from resistpanel.catalog import protein
from resistpanel.catalog.numbering import Numbering, load_numbering
from resistpanel.compare.compare_constants import MOST_BEFORE
from resistpanel.compare.listed_calls import allele_key
from resistpanel.compare.other_tests import CODONS, where_and_when
from resistpanel.core.sequence import THREE_LETTER
from resistpanel.core.text import join, percent_up, rounded
from resistpanel.core.vocabulary import STATES
from resistpanel.records.compare import (
    LesionState,
    LineState,
    LineTest,
    OtherTest,
    PairState,
    Variant,
)
from resistpanel.records.sheet import Line, Sample, Sheet

#: Kinds of tests that read a sequence.
SEQUENCE = ("sequence", "rna")
#: How a protein change is typed beyond its short form.
_PREFIX = re.compile(r"^\(?p\.\(?")
_ONE = {three: one for one, three in THREE_LETTER.items()}
_THREE = re.compile("|".join(map(re.escape, _ONE)))


def plain_name(text: str) -> str:
    """Return the name of an alteration without prefix, gene, blanks and case: ``v600e``."""
    bare = _PREFIX.sub("", text.strip()).rstrip(")")
    return re.sub(r"[\s_:-]+", "", one_letter(bare)).casefold()


def one_letter(name: str) -> str:
    """Return a protein change with one-letter codes: ``V600E`` for ``Val600Glu``."""
    return _THREE.sub(lambda found: _ONE[found.group()], name)


def names(test: OtherTest, variant: Variant) -> bool:
    """Return whether a result is of this variant: by allele, or by gene and name."""
    if test.allele is not None:
        same = not variant.junction and allele_key(test.allele) == allele_key(variant.id)
        if same or not test.alteration:
            return same
    if test.alteration is None or variant.gene not in test.genes:
        return False
    if variant.hgvs_c and test.alteration.replace(" ", "") == variant.hgvs_c:
        return True
    junction = variant.junction or None
    known = [
        variant.protein,
        *(change.short for change in variant.protein_changes),
        variant.usual_name or None,
        junction and junction.name,
        junction and junction.fusion,
    ]
    given = plain_name(test.alteration)
    gene = plain_name(variant.gene or "")
    same = {given, given.removeprefix(gene)}
    if any({plain_name(one), plain_name(one).removeprefix(gene)} & same for one in known if one):
        return True
    return _renumbered(test.alteration, variant)


@functools.cache
def _numbering() -> Numbering:
    return load_numbering()


def _renumbered(alteration: str, variant: Variant) -> bool:
    """Return whether a protein change is the variant's in another numbering (`Numbering.read`)."""
    gene, numbering = variant.gene or "", _numbering()
    if not numbering.of_gene(gene):
        return False
    given = protein.parse(one_letter(_PREFIX.sub("", alteration.removeprefix(gene).strip())))
    if given is None:
        return False
    transcripts = (variant.transcript or "", variant.refseq or "")
    changes = [protein.parse(one.short) for one in variant.protein_changes]
    mine = [numbering.read(gene, one, transcripts) or one for one in changes if one]
    return (numbering.read(gene, given) or given) in mine


def covers(test: OtherTest, variant: Variant) -> bool:
    """Return whether a negative result says that it looked for this variant.

    A result of a gene without an alteration is of its coding sequence, or of the codons that it
    names: it covers changes of the protein, and neither junctions nor changes outside of exons.
    """
    if test.result != "negative" or test.kind not in SEQUENCE:
        return False
    if names(test, variant):
        return True
    codons = CODONS.fullmatch(test.alteration or "")
    if variant.gene not in test.genes or (test.alteration is not None and not codons):
        return False
    if variant.junction or not variant.protein_changes:
        return False
    if codons is None:
        return True
    first, last = int(codons["first"]), int(codons["last"] or codons["first"])
    return all(first <= one.residue and one.residue_end <= last for one in variant.protein_changes)


def taken_before(test: OtherTest, line: Line, samples: Sequence[Sample]) -> bool:
    """Return whether a test's sample was taken before the first dose of a line.

    A sample of the sheet is where the sheet puts it; else the time point ``pre`` is before every
    line, and a day is compared with the first dose, or with the last sample before it.
    """
    known = {sample.sample: sample for sample in samples}
    if test.sample in known:
        return test.sample in line.baseline
    if test.timepoint == "pre":
        return True
    if test.day is None:
        return False
    if line.start is not None:
        return test.day <= line.start
    days = [known[name].day for name in line.baseline if known[name].day is not None]
    return bool(days) and test.day <= max(days)


class OtherResults:
    """The results of other tests of a patient.

    Parameters
    ----------
    results : tuple of OtherTest
    sheet : Sheet
    lesions : mapping of str to sequence of str
        Samples of each lesion (and of plasma), in order of time.
    """

    def __init__(
        self, results: tuple[OtherTest, ...], sheet: Sheet, lesions: Mapping[str, Sequence[str]]
    ):
        self.results, self.sheet, self.lesions = results, sheet, lesions

    def apply(
        self, variants: Sequence[Variant]
    ) -> tuple[tuple[Variant, ...], tuple[OtherTest, ...]]:
        """Return the variants with states by the tests too, and the results with what they name."""
        results = tuple(
            msgspec.structs.replace(one, variants=tuple(v.id for v in variants if names(one, v)))
            for one in self.results
        )
        somatic = {v.id for v in variants if v.reported and v.model == "somatic"}
        tests = OtherResults(results, self.sheet, self.lesions)
        return tuple(tests.variant(v, somatic) for v in variants), results

    def variant(self, variant: Variant, somatic: Collection[str]) -> Variant:
        """Return a variant with its states by the tests too."""
        detected = {name: one.detected for name, one in variant.samples.items()}
        tumors = [sample.sample for sample in self.sheet.samples if sample.tumor]
        if not any(detected[name] for name in tumors):
            return variant
        lines = tuple(
            with_tests(state, self.of_line(variant, line, somatic), line, self.lesions, detected)
            for state, line in zip(variant.lines, self.sheet.lines, strict=True)
        )
        if lines == variant.lines:
            return variant
        told = [one for one, line in zip(lines, self.sheet.lines, strict=True) if line.samples]
        return msgspec.structs.replace(
            variant, lines=lines, state=told[-1].state if told else None,
            states=tuple(self._pair(one, lines) for one in variant.states),
        )  # fmt: skip

    def _pair(self, pair: PairState, lines: Sequence[LineState]) -> PairState:
        """Return a pair's state; what an earlier test lists was not acquired."""
        if pair.state != "acquired":
            return pair
        for state, line in zip(lines, self.sheet.lines, strict=True):
            told = [one.text for one in state.tests or () if one.says == "present"]
            if told and pair.pre in line.baseline and pair.post not in line.baseline:
                text = f"{pair.text}; but {join(told)}: not acquired"
                return msgspec.structs.replace(pair, state="emergent", text=text)
        return pair

    def of_line(
        self, variant: Variant, line: Line, somatic: Collection[str]
    ) -> tuple[LineTest, ...]:
        """Return what the tests before a line say of a variant, one entry for each test.

        Of a test that lists it, that result; else its result with the lowest limit that covers it.

        Parameters
        ----------
        variant : Variant
        line : Line
        somatic : collection of str
            Ids of the variants by which a test shows that its sample contains tumour.
        """
        by_test: dict[tuple, list[OtherTest]] = {}
        for one in self.results:
            if one.kind in SEQUENCE and taken_before(one, line, self.sheet.samples):
                by_test.setdefault(_test(one), []).append(one)
        found = []
        for results in by_test.values():
            listing = [r for r in results if r.result == "positive" and names(r, variant)]
            covering = [r for r in results if covers(r, variant)]
            if listing:
                found.append(LineTest(listing[0].number, "present", None, listing[0].text))
            elif covering:
                best = min(covering, key=lambda r: (r.limit_af is None, r.limit_af or 0))
                found.append(_excluding(best, _clonal(results, somatic), variant))
            else:
                text = (
                    f"{where_and_when(results[0])} does not state that it covered {_label(variant)}"
                )
                found.append(LineTest(results[0].number, "not covered", None, text))
        return tuple(found)


def _excluding(test: OtherTest, clonal: float | None, variant: Variant) -> LineTest:
    """Return what a negative result leaves open of a variant."""
    where, label = where_and_when(test), _label(variant)
    if test.limit_af is None:
        text = f"{where} did not detect {label} and states no limit"
        return LineTest(test.number, "open", None, text)
    limit = percent_up(test.limit_af)
    if clonal is None:
        text = (
            f"{where} did not detect {label} (limit {limit}); the tumour content of its sample is "
            "not stated"
        )
        return LineTest(test.number, "open", None, text)
    bound = rounded(min(test.limit_af / clonal, 1.0))
    says = "excluded" if bound <= MOST_BEFORE else "open"
    text = (
        f"{where} did not detect {label}: limit {limit}, at most {percent_up(bound)} of the tumour "
        "cells"
    )
    return LineTest(test.number, says, bound, text)


def _test(result: OtherTest) -> tuple:
    """Return what the results of one test have in common."""
    return result.assay, result.sample, result.timepoint, result.day, result.lesion, result.source


def _label(variant: Variant) -> str:
    return f"{variant.gene or ''} {variant.protein or variant.id}".strip()


def _clonal(results: Sequence[OtherTest], somatic: Collection[str]) -> float | None:
    """Return the AF of a mutation on one of two copies in all tumour cells of a test's sample.

    By the stated purity, and by the highest AF of the somatic variants that the test lists, the
    lower of the two; None without either.
    """
    purity = next((one.purity for one in results if one.purity is not None), None)
    listed = [
        one.af for one in results if one.result == "positive" and one.af
        and set(somatic) & set(one.variants)
    ]  # fmt: skip
    known = [] if purity is None else [purity / 2]
    # An AF above one half is of a lost other copy, or of several.
    known += [min(max(listed), 0.5)] if listed else []
    return min(known, default=None)


def with_tests(
    state: LineState,
    said: tuple[LineTest, ...],
    line: Line,
    lesions: Mapping[str, Sequence[str]],
    detected: Mapping[str, bool | None],
) -> LineState:
    """Return the state of a variant under a line with what other tests before it say.

    Parameters
    ----------
    state : LineState
        By the samples of the sheet alone.
    said : tuple of LineTest
        See `OtherResults.of_line`.
    line : Line
    lesions : mapping of str to sequence of str
        Samples of each lesion (and of plasma), in order of time.
    detected : mapping of str to (bool or None)
        By sample.
    """
    if not said:
        return state
    state = msgspec.structs.replace(state, tests=said)
    present = [one for one in said if one.says == "present"]
    excluded = [one for one in said if one.says == "excluded"]
    shown = any(detected.get(name) for name in line.samples)
    if present:
        return _present(state, present, line, lesions, detected)
    if excluded and shown and state.before in (None, "not known"):
        return _excluded(state, excluded, line, lesions, detected)
    told = excluded or [one for one in said if one.says == "open"]
    if not told or not shown:
        return state
    return msgspec.structs.replace(state, text="; ".join([state.text, *(t.text for t in told)]))


def _posts(
    line: Line, lesions: Mapping[str, Sequence[str]], detected: Mapping[str, bool | None]
) -> dict[str, str]:
    """Return the latest sample of a line that shows a variant, by lesion."""
    found = {}
    for lesion, samples in lesions.items():
        showing = [name for name in samples if name in line.samples and detected.get(name)]
        if showing:
            found[lesion] = showing[-1]
    return found


def _made(
    line: Line,
    lesions: Mapping[str, Sequence[str]],
    detected: Mapping[str, bool | None],
    state: str,
    told: Sequence[LineTest],
) -> tuple[LesionState, ...]:
    """Return the states of lesions that have no earlier sample but the tests."""
    text = "; ".join(one.text for one in told)
    return tuple(
        LesionState(lesion=lesion, pre=f"other test {told[0].test}", post=post, state=state,
                    text=text)
        for lesion, post in _posts(line, lesions, detected).items()
    )  # fmt: skip


def _present(
    state: LineState,
    told: Sequence[LineTest],
    line: Line,
    lesions: Mapping[str, Sequence[str]],
    detected: Mapping[str, bool | None],
) -> LineState:
    """Return the state of a variant that an earlier test lists."""
    text = join([one.text for one in told])
    changed = tuple(
        msgspec.structs.replace(one, state="emergent", text=f"{one.text}; but {text}: not acquired")
        if one.state == "acquired"
        else one
        for one in state.lesions
    ) or _made(line, lesions, detected, "undetermined", told)
    over = "emergent" if state.state == "acquired" else state.state
    if over is None and changed:
        over = "undetermined"
    return msgspec.structs.replace(
        state, state=over, before="present", why=None, ub_ccf=None, lesions=changed,
        text=f"{state.text}; {text}",
    )  # fmt: skip


def _excluded(
    state: LineState,
    told: Sequence[LineTest],
    line: Line,
    lesions: Mapping[str, Sequence[str]],
    detected: Mapping[str, bool | None],
) -> LineState:
    """Return the state of a variant that earlier tests alone exclude."""
    text = "; ".join(one.text for one in told)
    changed = tuple(
        msgspec.structs.replace(one, state="acquired", text=f"{one.text}; {text}")
        if one.state in ("undetermined", "not covered") and detected.get(one.post)
        else one
        for one in state.lesions
    ) or _made(line, lesions, detected, "acquired", told)
    return msgspec.structs.replace(
        state,
        state=min((one.state for one in changed), key=STATES.index),
        before="excluded",
        why=None,
        ub_ccf=max(one.ub_ccf for one in told),
        lesions=changed,
        text=f"{state.text}; {text}",
    )
