"""``results/review/{patient}.json``: decisions on findings, sign-offs, and their trail."""

from typing import Annotated, Literal

from resistpanel.records.base import UNSET, Meta, Record, Text, UnsetType

Choice = Literal["accept", "reject", "comment"]


class Basis(Record):
    """What a decision rests on; it is open again once this has changed."""

    interpretation: tuple[str, ...]
    """Effect, state, catalogue match and mechanism of the finding."""
    samples: dict[str, str]
    """By sample in which the alteration was detected: the counts, ``alt/depth``, or the copies."""


class Decision(Record):
    """A decision on a finding."""

    item: Text
    """Id of the allele in compare.json, or copynumber:GENE:call."""
    label: Text
    decision: Choice
    comment: str
    by: Text
    at: Text
    """ISO 8601, UTC."""
    basis: Basis | None
    """null: of a finding that was no longer there."""


class SignOff(Record):
    """A signed report: its verdict and findings as they were."""

    by: Text
    at: Text
    """ISO 8601, UTC."""
    verdict: Text
    """The sentence."""
    findings: dict[str, Basis]
    """By id."""
    labels: dict[str, str]
    """Names of the findings, by id."""
    version: Text
    """Of resistpanel."""


class Review(Record):
    """Decisions on a patient's findings; nothing is ever removed from `trail` and `signed`."""

    schema: Literal["resistpanel/review/1"]
    patient: Text
    trail: tuple[Decision, ...]
    """All decisions, the earliest first; of each item the last counts."""
    signed: tuple[SignOff, ...]
    """The earliest first."""


class OneDecision(Record):
    """A decision as the page's file has it."""

    item: Text
    decision: Choice
    comment: str = ""


class Decisions(Record):
    """The file that the page's button downloads, for ``resistpanel review import``."""

    schema: Literal["resistpanel/decisions/1"]
    patient: Text
    decisions: Annotated[tuple[OneDecision, ...], Meta(min_length=1)]
    created: str | UnsetType = UNSET
    """When the page was made."""
