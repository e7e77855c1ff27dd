"""``results/sheet/{patient}.json``: a patient's checked rows of the sample sheet."""

from typing import Annotated, Literal

from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.records.base import UNSET, Meta, Number, Position, Record, UnsetType

Sex = Literal["female", "male"]
Role = Literal["normal", "tumor", "plasma"]


class Sample(Record):
    """A row of the sample sheet."""

    sample: str
    role: Role
    timepoint: str | None
    """``pre``, ``post`` or another label."""
    day: Number | None
    lesion: str | None
    drugs: tuple[str, ...]
    """Given before this sample was taken, as typed."""
    bam: str
    """Absolute path."""
    purity: Annotated[int, Meta(gt=0, le=1)] | Annotated[float, Meta(gt=0, le=1)] | None
    """Fraction of tumour cells, as the sheet gives it."""
    ng: Annotated[int, Meta(gt=0)] | Annotated[float, Meta(gt=0)] | UnsetType = UNSET
    """DNA that went into the library, in nanograms; absent where the sheet does not give it."""

    @property
    def tumor(self) -> bool:
        """Whether the sample is of a tumour or of plasma."""
        return self.role in TUMOR_ROLES


class Pair(Record):
    """A later tumour against an earlier one."""

    pre: str
    post: str
    drugs: tuple[str, ...]
    """Canonical names, given in between."""


class Line(Record):
    """A line of therapy: the drugs given between two time points."""

    number: Position
    """1 for the first."""
    drugs: tuple[str, ...]
    """Canonical names; empty where the sheet states none."""
    start: Number | None
    """Day of the first dose; null: not given, after the last sample of the baseline."""
    stop: Number | None
    """Day of the last dose; null: not given."""
    baseline: tuple[str, ...]
    """Tumour and plasma samples taken before the first dose, of every lesion."""
    samples: tuple[str, ...]
    """Tumour and plasma samples taken after the first dose and before that of the next line."""


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
    """Normal first, then tumour and plasma samples by day, lesion, name."""
    pairs: tuple[Pair, ...]
    """Every sample after the first dose against those before it, of the same lesion where one
    matches."""
    lines: tuple[Line, ...]
    """Lines of therapy, in order."""
    drugs: tuple[Drug, ...]
    tumor_only: bool
    """No matched normal: germline variants cannot be distinguished apart by it."""
