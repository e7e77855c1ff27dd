"""``results/sheet/{patient}.json``: a patient's checked rows of the sample sheet."""

from typing import Annotated, Literal

from resistpanel.records.base import Meta, Number, Record

Sex = Literal["female", "male"]
Role = Literal["normal", "tumor"]


class Sample(Record):
    """A row of the sample sheet."""

    sample: str
    role: Role
    timepoint: str | None
    """``pre``, ``post`` or a label of its own."""
    day: Number | None
    lesion: str | None
    drugs: tuple[str, ...]
    """Given before this sample was taken, as typed."""
    bam: str
    """Absolute path."""
    purity: Annotated[int, Meta(gt=0, le=1)] | Annotated[float, Meta(gt=0, le=1)] | None
    """Fraction of tumour cells, as the sheet gives it."""


class Pair(Record):
    """A later tumour against an earlier one."""

    pre: str
    post: str
    drugs: tuple[str, ...]
    """Canonical names, given in between."""


class Drug(Record):
    """A drug of the sheet, as the catalogue knows it."""

    given: str
    """As typed."""
    drug: str
    """Canonical name."""
    classes: tuple[str, ...]
    targets: tuple[str, ...]
    """HGNC symbols."""


class Sheet(Record):
    """A patient's checked rows of the sample sheet, in the order of treatment, drugs resolved."""

    schema: Literal["resistpanel/sheet/1"]
    patient: str
    sex: Sex | None
    disease: str | None
    samples: Annotated[tuple[Sample, ...], Meta(min_length=1)]
    """Normal first, then tumours by day, lesion, name."""
    pairs: tuple[Pair, ...]
    """Every later tumour against the earliest time point, of the same lesion where one matches."""
    drugs: tuple[Drug, ...]
    tumor_only: bool
    """No matched normal: germline variants cannot be distinguished apart by it."""
