"""The gate: conditions that a sample's figures must meet, as data."""

import argparse
import dataclasses
import operator
from collections.abc import Mapping, Sequence
from typing import Any

from resistpanel.core.errors import InputError, did_you_mean
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.records.qc import Failure, Gate, SampleQc

_HOLDS = {">=": operator.ge, "<=": operator.le}


@dataclasses.dataclass(frozen=True)
class Condition:
    """One row of the gate.

    Attributes
    ----------
    name : str
        Key of the row in the configuration's section `qc`.
    metric : str
        Key of the sample's figures; ``fraction_at.100`` means the entry 100 of `fraction_at`.
    roles : tuple of str
        Roles of the samples that it applies to.
    sign : str
        ``>=`` or ``<=``.
    threshold : float
    text : str
        What the condition is for.
    unit : str
        Of the threshold; "1" for fractions.
    origin : str
        Of the threshold, as in `resistpanel.core.parameters.Parameter`.
    """

    name: str
    metric: str
    roles: tuple[str, ...]
    sign: str
    threshold: float
    text: str
    unit: str = ""
    origin: str = ""

    @property
    def condition(self) -> str:
        """The condition as text, ``>= 250``."""
        return f"{self.sign} {self.threshold:g}"

    def holds(self, value: float) -> bool:
        """Return whether a value meets the condition."""
        return _HOLDS[self.sign](value, self.threshold)


BOTH = ("normal", *TUMOR_ROLES)
#: Probabilities are binomial, at the threshold: docs/qc.md has the sums.
GATE = (
    Condition(
        "tumor_mean_depth",
        "mean_depth",
        TUMOR_ROLES,
        ">=",
        250,
        "at 250 fragments an allele frequency of 5 % shows in 5 or more of them with p = 0.995",
        "fragments",
        "derived: binomial probability of fewer than 5 of 250 at 0.05, 0.0046",
    ),
    Condition(
        "tumor_fraction_100",
        "fraction_at.100",
        TUMOR_ROLES,
        ">=",
        0.9,
        "below 100 fragments an allele frequency of 5 % shows in fewer than 5 with p > 0.43, "
        "so that absence cannot be claimed",
        "1",
        "judgement: at 100 fragments, the binomial probability of fewer than 5 at 0.05 is 0.436",
    ),
    Condition(
        "normal_mean_depth",
        "mean_depth",
        ("normal",),
        ">=",
        30,
        "at 30 fragments a heterozygous germline variant shows in fewer than 3 with p = 4e-7",
        "fragments",
        "derived: binomial probability of fewer than 3 of 30 at 0.5, 4.3e-7",
    ),
    Condition(
        "on_target_fraction",
        "on_target_fraction",
        BOTH,
        ">=",
        0.2,
        "capture failed, or this is not a capture of this panel",
        "1",
        "judgement",
    ),
    Condition(
        "duplicate_fraction",
        "duplicate_fraction",
        BOTH,
        "<=",
        0.7,
        "few distinct fragments were sequenced",
        "1",
        "judgement",
    ),
    Condition(
        "mapped_fraction",
        "mapped_fraction",
        BOTH,
        ">=",
        0.8,
        "much of the DNA is not of this genome",
        "1",
        "judgement",
    ),
    Condition(
        "error_rate",
        "error_rate",
        BOTH,
        "<=",
        0.02,
        "sequencing errors or damage hide variants at low allele frequency",
        "mismatches per base",
        "judgement",
    ),
    Condition(
        "oxog_q",
        "error_spectrum.oxog_q",
        BOTH,
        ">=",
        30,
        "oxidised G reads as T on one strand: G>T and C>A at low allele frequency need both "
        "orientations",
        "Phred",
        "judgement",
    ),
    Condition(
        "deamination_q",
        "error_spectrum.deamination_q",
        BOTH,
        ">=",
        30,
        "deaminated C reads as T on one strand (formalin): C>T and G>A at low allele frequency "
        "need both orientations",
        "Phred",
        "judgement",
    ),
)


def thresholds(texts: Sequence[str]) -> dict[str, float | None]:
    """Parse ``NAME=VALUE`` arguments; the value ``off`` becomes None."""
    changes: dict[str, float | None] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            changes[name] = None if value == "off" else float(value)
        except ValueError:
            raise InputError(
                f"'{value}' is not a threshold", f"--gate {text}", "give a number, or off"
            ) from None
    return changes


def gate_with(
    changes: Mapping[str, float | None], gate: Sequence[Condition] = GATE, key: str = "qc"
) -> list[Condition]:
    """Return the gate with thresholds replaced, rows whose threshold is None left out.

    Parameters
    ----------
    changes : mapping of str to float or None
        By the rows' names.
    gate : sequence of Condition
    key : str
        The configuration's section, for messages.

    Raises
    ------
    InputError
        For a name that no row has.
    """
    known = [row.name for row in gate]
    for name in changes:
        if name not in known:
            cure = did_you_mean(name, known) or f"known: {', '.join(known)}"
            raise InputError(f"no row '{name}' in the gate", f"key '{key}'", cure)
    return [
        dataclasses.replace(row, threshold=changes.get(row.name, row.threshold))
        for row in gate
        if changes.get(row.name, row.threshold) is not None
    ]


def rows_text(gate: Sequence[Condition]) -> str:
    """Return the rows of a gate, for a command's help."""
    return "rows of the gate:\n" + "\n".join(
        f"  {row.name:20} {row.condition:8} {' and '.join(row.roles)}" for row in gate
    )


def add_gate(parser: argparse.ArgumentParser) -> None:
    """Add ``--gate NAME=VALUE`` to a command."""
    parser.add_argument(
        "--gate",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="replace the threshold of a row of the gate, or switch it `off`; may be repeated",
    )


def figure(sample: SampleQc, metric: str) -> float | None:
    """Return a figure by its dotted key in JSON; ``fraction_at.100`` is the field at_100."""
    value: Any = sample
    for key in metric.split("."):
        value = getattr(value, f"at_{key}" if key.isdigit() else key)
    return value


def judge(sample: SampleQc, role: str, gate: Sequence[Condition]) -> Gate:
    """Return which conditions a sample's figures do not meet.

    Parameters
    ----------
    sample : SampleQc
        A figure that is None is not judged; its `gate` is not read.
    role : str
        ``normal`` or ``tumor``.
    gate : sequence of Condition
    """
    failures = []
    for row in gate:
        value = figure(sample, row.metric) if role in row.roles else None
        if value is not None and not row.holds(value):
            failures.append(
                Failure(
                    metric=row.metric,
                    value=value,
                    condition=row.condition,
                    text=f"sample '{sample.sample}': {row.metric} is {value:.4g}, must be "
                    f"{row.condition}: {row.text}",
                )
            )
    return Gate(passed=not failures, failures=tuple(failures))
