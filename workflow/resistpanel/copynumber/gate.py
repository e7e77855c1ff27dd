"""The gate of a patient's samples against each other, as data."""

import dataclasses
from collections.abc import Sequence

from resistpanel.copynumber.exchanged import InNormal
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.qc.gate import Condition
from resistpanel.records.copynumber import SampleFailure

TUMOR, BOTH = TUMOR_ROLES, ("normal", *TUMOR_ROLES)
#: Rows are judged where the figure is given; `resistpanel.qc.gate` has the meaning of the fields.
GATE = (
    Condition(
        "discordance",
        "discordance",
        BOTH,
        "<=",
        0.05,
        "it is not of the same person as the patient's other samples: a swap",
        "1",
        "judgement",
    ),
    Condition(
        "sex_mismatch",
        "sex_mismatch",
        BOTH,
        "<=",
        0,
        "the sheet states another sex than the reads show: a swap, or a wrong entry",
        "mismatches",
        "definition: the stated sex must not contradict the reads",
    ),
    Condition(
        "contamination",
        "contamination",
        BOTH,
        "<=",
        0.01,
        "another person's germline variants appear as somatic ones at up to this frequency",
        "1",
        "judgement",
    ),
    Condition(
        "tumor_in_normal",
        "tumor_in_normal",
        ("normal",),
        "<=",
        0.01,
        "somatic variants are in the normal, and can be mistaken for germline or artifacts",
        "1",
        "judgement",
    ),
    Condition(
        "driver_in_normal",
        "driver_in_normal",
        ("normal",),
        "<=",
        0.05,
        "normal and tumour exchanged, or tumour cells or clonal haematopoiesis in the normal? No "
        "inherited variant has this frequency, or a tumour would show it, too",
        "1",
        "judgement",
    ),
)


@dataclasses.dataclass(frozen=True)
class Figures:
    """What a sample is judged by; None is not judged."""

    sample: str
    role: str
    discordance: float | None
    sex_mismatch: int | None
    contamination: float | None
    tumor_in_normal: float | None
    driver_in_normal: InNormal | None = None

    def value(self, metric: str) -> float | None:
        """Return a figure as the number that is judged."""
        found = getattr(self, metric)
        return found.frequency if isinstance(found, InNormal) else found

    def seen(self, metric: str) -> str:
        """Return what more is to be said of a figure than its number, in brackets."""
        found = getattr(self, metric)
        return f" ({found.text})" if isinstance(found, InNormal) else ""


def judge(figures: Figures, gate: Sequence[Condition] = GATE) -> list[SampleFailure]:
    """Return the failures of one sample."""
    failures = []
    for row in gate:
        value = figures.value(row.metric)
        if value is None or figures.role not in row.roles or row.holds(value):
            continue
        failures.append(
            SampleFailure(
                sample=figures.sample,
                metric=row.metric,
                value=float(value),
                condition=row.condition,
                text=f"sample '{figures.sample}': {row.metric} is {value:.3g}, must be "
                f"{row.condition}: {row.text}{figures.seen(row.metric)}",
            )
        )
    return failures
