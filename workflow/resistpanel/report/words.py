"""The words of the report: states, mechanisms, filters, in the order and voice of the page."""

from typing import NamedTuple

from resistpanel.core import vocabulary


class State(NamedTuple):
    """How a state is named and explained to a reader."""

    key: str
    tone: str  # up, down, same, unsure: sets the colour; the glyph and the word say it too
    meaning: str


_STATES = {
    state.key: state
    for state in (
        State(
            "acquired",
            "up",
            "Detected after, not detected before, and the lower bound after is above the upper "
            "bound before.",
        ),
        State(
            "emergent",
            "up",
            "Detected after; before it is below what would have been called, but reads or "
            "overlapping bounds suggest that it may have been present; or another sample before "
            "treatment shows it, of another lesion, or of an earlier time after which it had gone.",
        ),
        State("rising", "up", "Detected in both; the fraction increased beyond chance."),
        State("lost", "down", "Detected before, not detected after, bounds apart."),
        State("falling", "down", "Detected in both; the fraction decreased beyond chance."),
        State(
            "stable",
            "same",
            "Detected in both; a change of two-fold or more is excluded, a smaller one is not.",
        ),
        State(
            "undetermined",
            "unsure",
            "Whether it was present in one of the samples, or whether its fraction changed, could "
            "not be decided: too few fragments, no detectable tumour, a purity that is not known, "
            "or too few variants of both samples to compare their tumour content by. With "
            "'present': both samples show it, and only the change of its fraction is open.",
        ),
        State("not covered", "unsure", "No usable reads in one of the samples."),
        State("absent", "unsure", "Assessable in both samples and detected in neither."),
    )
}
#: In the order of the shared vocabulary.
STATES = {name: _STATES[name] for name in vocabulary.STATES}

#: An undetermined state of what samples before and after treatment show.
CHANGE_OPEN = "present, change undetermined"

MECHANISMS = {
    "on_target_mutation": "Mutation of the drug's target",
    "on_target_amplification": "Amplification of the drug's target",
    "on_target_splice_or_duplication": "Splice form or duplication of the drug's target",
    "upstream_activation": "Activation upstream of the target",
    "bypass": "Bypass by another pathway",
    "downstream_mutation": "Mutation downstream of the target",
    "reversion": "Reversion of the gene whose loss sensitises",
    "other": "Other mechanism",
    "none": "No mechanism",
}

EFFECTS = {
    "known": "known resistance alteration",
    "candidate": "candidate: in the pathway, not in the catalogue",
    "driver": "sensitising driver of a drug given",
    "other_driver": "known driver, not of a drug given",
    "not_connected": "not connected with this drug",
    "no_effect": "no known effect",
    "inherited_resistance": "inherited alteration, known to confer resistance",
}

MATCHES = {
    "exact": "the exact change",
    "codon": "the codon",
    "range": "a change in a catalogued range of residues",
    "gene": "this type of alteration of the gene",
    "class": "an activating alteration of the gene",
}

VERDICTS = {
    "mechanism": "Mechanism of resistance found",
    "candidate": "Candidate mechanism, not proven",
    "none": "No mechanism found",
    "not_assessed": "Not assessed",
}
#: The same in a cell of a table.
SHORT_VERDICTS = {
    "mechanism": "mechanism found",
    "candidate": "candidate",
    "none": "none found",
    "not_assessed": "not assessed",
}
INHERITED_ALONE = "Inherited resistance, no somatic mechanism found"
SWAPPED = "Not valid until a sample swap is resolved"


def verdict_title(verdict: dict) -> str:
    """Return the heading of a verdict."""
    if verdict.get("swapped"):
        return SWAPPED
    alone = verdict["kind"] == "none" and verdict.get("inherited")
    return INHERITED_ALONE if alone else VERDICTS[verdict["kind"]]


DRIVER_STATES = {
    "retained": "retained",
    "present": "detected after treatment, not before",
    "lost": "lost",
    "absent": "absent",
    "unknown": "not known",
}

CONSEQUENCES = {
    "missense": "Missense",
    "synonymous": "Synonymous",
    "stop_gained": "Nonsense",
    "stop_lost": "Stop lost",
    "start_lost": "Start lost",
    "frameshift": "Frameshift",
    "inframe_deletion": "In-frame deletion",
    "inframe_insertion": "In-frame insertion",
    "splice_acceptor": "Splice acceptor",
    "splice_donor": "Splice donor",
    "splice_region": "Splice region",
    "intron": "Intron",
    "non_coding": "Non-coding",
    "intergenic": "Intergenic",
    "upstream_gene": "Upstream of the gene",
    "downstream_gene": "Downstream of the gene",
    "stop_retained": "Stop retained",
}


def consequence(term: str | None) -> str:
    """Return a consequence of bcftools csq in words; an unknown term as it stands."""
    if not term:
        return "Not annotated"
    parts = [part.lstrip("*").removesuffix("_variant") for part in term.split("&")]
    return ", ".join(
        CONSEQUENCES.get(part, part.replace("_", " ").capitalize()) for part in parts if part
    )


def rank_state(state: str | None) -> int:
    """Return the place of a state in the order of interest."""
    keys = list(STATES)
    return keys.index(state) if state in STATES else len(keys)
