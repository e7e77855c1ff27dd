"""What the user says of a sample's assay, where it is not detected from the reads."""

import argparse
import dataclasses
import re
from collections.abc import Mapping, Sequence

from resistpanel.core.consensus import CONSENSUS, TIERS
from resistpanel.core.errors import InputError, did_you_mean

AUTO = "auto"
#: What may be set, and the values.
CHOICES = {
    "library": (AUTO, "capture", "amplicon"),
    "reads": (AUTO, "raw", "marked", *TIERS[1:]),
    "umi": (AUTO, "none", "single", "duplex", "RX", "MI", "name"),
    "consensus": (AUTO, *(name for name in CONSENSUS if name not in TIERS)),
}
KEYS = (*CHOICES, "primers")


@dataclasses.dataclass(frozen=True)
class Given:
    """What the user says of a sample's assay; None: detected from the reads.

    Attributes
    ----------
    library, reads, umi, consensus : str or None
        Values of `CHOICES`, without ``auto``.
    primers : path or None
        BED of its amplicons' primers.
    """

    library: str | None = None
    reads: str | None = None
    umi: str | None = None
    consensus: str | None = None
    primers: str | None = None

    def with_values(self, values: Mapping[str, str]) -> "Given":
        """Return it with some values replaced; ``auto`` means detected."""
        return dataclasses.replace(
            self, **{key: None if value == AUTO else value for key, value in values.items()}
        )

    def convention(self, detected: str) -> str:
        """Return by which convention reads are consensus reads, a key of `CONSENSUS`.

        Parameters
        ----------
        detected : str
            What the reads show.
        """
        if self.reads is None:
            return self.consensus or detected
        return self.reads if self.reads in ("simplex", "duplex") else "none"


#: Everything is detected from the reads.
DETECTED = Given()


def choice(key: str, value: str, where: str) -> str:
    """Return a value of `CHOICES` as it is spelt there.

    Raises
    ------
    InputError
        If `key` has no such value.
    """
    found = next((one for one in CHOICES[key] if one.casefold() == value.casefold()), None)
    if found is None:
        near = did_you_mean(value, CHOICES[key])
        raise InputError(f"'{value}' is not one of {', '.join(CHOICES[key])}", where, near)
    return found


def assay_value(text: str) -> tuple[str | None, str, str]:
    """Parse ``[SAMPLE:]KEY=VALUE``: (sample or None, key, value)."""
    match = re.fullmatch(rf"(?:(.+?):)?({'|'.join(KEYS)})=(.+)", text)
    where = f"--assay {text}"
    if not match:
        raise InputError("is not [SAMPLE:]KEY=VALUE", where, f"keys: {', '.join(KEYS)}")
    sample, key, value = match.groups()
    return sample, key, value if key == "primers" else choice(key, value, where)


def add_assay(parser: argparse.ArgumentParser) -> None:
    """Add ``--assay [SAMPLE:]KEY=VALUE`` to a command."""
    parser.add_argument(
        "--assay",
        type=assay_value,
        action="append",
        default=[],
        metavar="[SAMPLE:]KEY=VALUE",
        help="set part of the assay of a sample, or of all: library, reads, umi, consensus or "
        "primers (default: detected from the reads); may be repeated",
    )


def add_umi(parser: argparse.ArgumentParser) -> None:
    """Add ``--umi`` to a command."""
    parser.add_argument(
        "--umi",
        choices=CHOICES["umi"],
        default=AUTO,
        help="how raw reads are grouped into molecules: duplex (both strands, UMIs of two halves), "
        "single (each strand by itself) or none; RX, MI or name give the location of the UMI. "
        "auto: detected from the reads",
    )


def given_assays(
    values: Sequence[tuple[str | None, str, str]], samples: Sequence[str], usual: Given = DETECTED
) -> list[Given]:
    """Return what the user says of the assay of each sample.

    Parameters
    ----------
    values : sequence of (sample or None, key, value)
        Those of a sample go before those of all.
    samples : sequence of str
    usual : Given
        Where nothing else is said.

    Raises
    ------
    InputError
        If a sample is named that is none of these.
    """
    for sample, key, value in values:
        if sample is not None and sample not in samples:
            near = did_you_mean(sample, samples)
            raise InputError(
                f"no sample '{sample}'",
                f"--assay {sample}:{key}={value}",
                near or f"samples: {', '.join(samples)}",
            )
    usual = usual.with_values({key: v for sample, key, v in values if sample is None})
    return [
        usual.with_values({key: v for sample, key, v in values if sample == name})
        for name in samples
    ]
