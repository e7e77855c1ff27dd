"""Copy-number states: what the purities alone explain is no change."""

import msgspec
import pytest

from resistpanel.core.schemas import from_builtins
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber, GeneChange
from resistpanel.resist.alteration import NOT_EXAMINED, Pair
from resistpanel.resist.copy_changes import copy_changes, copy_state


@pytest.mark.parametrize(
    ("paired", "before", "state"),
    [
        ("higher", False, "acquired"),
        ("higher", True, "rising"),
        ("unchanged", True, "stable"),
        ("unchanged", False, "emergent"),
        (None, True, "stable"),
        (None, False, "emergent"),
    ],
)
def test_a_ratio_called_unchanged_is_no_change(paired, before, state):
    samples = {
        name: msgspec.structs.replace(NOT_EXAMINED, detected=detected)
        for name, detected in (("pre", before), ("post", True))
    }
    change = GeneChange(
        gene="BRAF", chrom="chr7", start=0, end=1, targets=1, log2_ratio=0.6, low=0.4, high=0.8,
        p=None, q=None, expected=None, call=paired,
    )  # fmt: skip
    assert copy_state("amplification", samples, Pair("pre", "post", ()), change).state == state


@pytest.mark.parametrize(
    ("tumour_free", "before", "state"),
    [((), "excluded", "absent"), (("p0",), "not known", "undetermined")],
)
def test_samples_exclude_copies_that_no_later_sample_of_the_line_shows(
    patient, tumour_free, before, state
):
    """The second line brought the amplification; nothing is open about it in the first."""
    samples = [(f"p{number}", 100 * number, None) for number in range(3)]
    lines = [(["erlotinib"], 10), (["osimertinib"], 110)]
    p = patient(disease="NSCLC", samples=samples, lines=lines, tumour_free=tumour_free)
    p.amplify("MET", 0.0, 0.0, 3.2)
    compare = from_builtins(p.compare(), Compare, "hand-made")
    found = from_builtins(p.copynumber(), CopyNumber, "hand-made")
    pairs = tuple(Pair(one["pre"], one["post"], ()) for one in p.pairs)
    (met,) = copy_changes(found, pairs, compare, frozenset(tumour_free))
    first, second = met.lines
    assert (first.before, first.state) == (before, state)
    assert first.excluded_by == (() if tumour_free else ("p0",))
    assert first.inadequate == tumour_free
    # Pairs are with p0 alone; p1, with two copies, excludes it too.
    assert (second.before, second.state) == ("excluded", "acquired")
    assert second.excluded_by == (("p1",) if tumour_free else ("p0", "p1"))
    assert second.lesions[0].pre == ("p1" if tumour_free else "p0")
    assert second.inadequate == tumour_free


def over_lines(patient, log2, unknown=(), silent=()):
    """Return a gene's amplification under lines of therapy.

    `unknown` : samples whose copies per tumour cell are not known; `silent` : without a call too.
    """
    samples = [(f"p{number}", 100 * number, None) for number in range(len(log2))]
    lines = [(["erlotinib"], 10), (["osimertinib"], 110), (["erlotinib"], 210)][: len(log2) - 1]
    p = patient(disease="NSCLC", samples=samples, lines=lines)
    p.amplify("MET", *log2)
    copynumber = p.copynumber()
    for name, sample in copynumber["samples"].items():
        (gene,) = sample["genes"]
        ends = (gene["copies"] * 0.9, gene["copies"] * 1.1)
        gene["copies_low"], gene["copies_high"] = ends
        if name in silent:
            gene["call"] = None
        if name in (*unknown, *silent):
            gene.update(dict.fromkeys(("copies", "copies_low", "copies_high")))
    pairs = tuple(Pair(one["pre"], one["post"], ()) for one in p.pairs)
    (met,) = copy_changes(
        from_builtins(copynumber, CopyNumber, "hand-made"), pairs,
        from_builtins(p.compare(), Compare, "hand-made"), frozenset(),
    )  # fmt: skip
    return met


@pytest.mark.parametrize(
    ("log2", "states", "status"),
    [
        ((0.0, 3.0, 0.0, 3.0), ["acquired", "lost", "emergent"], "present"),
        ((3.0, 0.0, 3.0), ["lost", "emergent"], "present"),
        ((0.0, 3.0, 0.0), ["acquired", "lost"], "gone"),
        ((3.0, 0.0, 0.0), ["lost", "absent"], "gone"),
        ((0.0, 3.0, 3.0), ["acquired", "stable"], "present"),
        # 1.0 and 1.1 lie on either side of the bound of a call: the copies do not differ.
        ((0.0, 1.1, 1.0, 1.1), ["acquired", "undetermined", "stable"], "present"),
    ],
)
def test_copies_that_had_gone_and_return_are_emergent(patient, log2, states, status):
    met = over_lines(patient, log2)
    assert ([line.state for line in met.lines], met.status) == (states, status)


def test_copies_are_not_compared_with_log2_ratios(patient):
    """p1 has 3.7 copies; those of p2 are not known, and a log2 ratio of 1.05 is no number.

    Pairs are with p0 alone, whose copies are not known either.
    """
    met = over_lines(patient, (0.0, 0.9, 1.05), unknown=("p2",), silent=("p0",))
    last = met.lines[-1]
    assert (last.state, last.before, last.excluded_by) == ("undetermined", "not known", ())
    known = over_lines(patient, (0.0, 0.0, 3.0), silent=("p0",)).lines[-1]
    assert (known.state, known.before, known.excluded_by) == ("acquired", "excluded", ("p1",))


@pytest.mark.parametrize(
    ("silent", "said"),
    [
        ((), "no amplification of EGFR or MET was called"),
        # The relapse is too shallow at MET.
        (
            (("p1", "MET"),),
            "no amplification of EGFR was called; amplification of MET could not be examined: no "
            "usable target",
        ),
        # The normal has no reads: no gene has a call in any sample.
        (
            tuple((name, gene) for name in ("p0", "p1") for gene in ("MET", "EGFR")),
            "amplification (EGFR, ERBB2, MAPK1 and MET) was not examined against a normal",
        ),
    ],
    ids=("all", "one gene", "none"),
)
def test_a_gene_without_a_usable_target_was_not_examined(
    patient, context, monkeypatch, silent, said
):
    samples = [("p0", 0, None), ("p1", 100, None)]
    p = patient(disease="NSCLC", samples=samples, lines=[(["osimertinib"], 10)]).background()
    p.amplify("MET", 0.0, 0.0)
    p.amplify("EGFR", 0.0, 0.0)
    copynumber = p.copynumber()
    for name, sample in copynumber["samples"].items():
        for gene in sample["genes"]:
            if (name, gene["gene"]) in silent:
                gene.update(dict.fromkeys(("call", "copies", "log2", "log2_low", "log2_high")))
    monkeypatch.setattr(p, "copynumber", lambda: copynumber)
    sentence = p.resist(context)["verdict"]["sentence"]
    assert said in sentence
    assert sentence.count("called") == (len(silent) < 4)


def test_without_a_usable_normal_the_earlier_tumour_shows_the_change(patient, context, monkeypatch):
    """No gene has a call, as the normal has no reads; the relapse has three doublings more."""
    samples = [("p0", 0, None), ("p1", 100, None)]
    p = patient(disease="NSCLC", samples=samples, lines=[(["osimertinib"], 10)]).background()
    key = p.amplify("MET", 0.0, 3.0)
    copynumber = p.copynumber()
    for sample in copynumber["samples"].values():
        sample["genes"][0].update(dict.fromkeys(("call", "copies")))
    monkeypatch.setattr(p, "copynumber", lambda: copynumber)
    verdict = p.resist(context)["verdict"]
    assert (verdict["kind"], verdict["key_variants"]) == ("mechanism", [key])
    assert "acquired" not in verdict["sentence"]
