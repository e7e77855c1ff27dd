"""Adapters: which a lane has, and where each read's insert ends.

Pairs are judged by the overlap of the mates and by what follows it (`overlap.Overlap`), so that an
adapter need not be known. Single reads are left to cutadapt's alignment with known adapters.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from cutadapt.adapters import BackAdapter

from resistpanel.align.align_constants import (
    ADAPTER_ERROR,
    ADAPTER_LENGTH,
    INFERRED_LENGTH,
    KNOWN_ADAPTERS,
    LEAST_KNOWN,
    LEAST_LEAD,
    LEAST_ODDS,
    LEAST_TAILS,
    SINGLE_ERRORS,
    SINGLE_OVERLAP,
    SINGLE_SEEN,
    SURVEY_INSERT,
    SURVEY_TAILS,
    SURVEYED,
    TAIL_SHARE,
)
from resistpanel.align.overlap import Overlap
from resistpanel.core.errors import InputError

#: By name: what read 1 and read 2 show behind their insert.
KNOWN = {name: tuple(words.split()) for name, words in KNOWN_ADAPTERS.items()}


def parse(text: str) -> dict[str, tuple[str, str]] | None:
    """Return the adapters that a setting names, by name; None for ``none``.

    Parameters
    ----------
    text : str
        ``auto`` (those of `KNOWN`), ``none``, one sequence, or those of read 1 and read 2 with a
        comma between.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if text == "none":
        return None
    if text == "auto":
        return dict(KNOWN)
    words = text.upper().split(",")
    for word in words:
        if len(words) > 2 or not len(word) >= LEAST_KNOWN or set(word) - set("ACGTN"):
            raise InputError(
                f"'{text}' is no adapter",
                "key 'align.adapter'",
                f"give auto, none, or one or two sequences of {LEAST_KNOWN} bases or more, with a "
                "comma between",
            )
    return {"given": (words[0][:ADAPTER_LENGTH], words[-1][:ADAPTER_LENGTH])}


def _consensus(tails: Sequence[str]) -> str:
    """Return the sequence that ends behind short inserts have in common, empty without one."""
    word = ""
    for column in range(INFERRED_LENGTH):
        bases = Counter(tail[column] for tail in tails if len(tail) > column)
        seen = sum(bases.values())
        if seen < LEAST_TAILS:
            break
        base, number = bases.most_common(1)[0]
        word += base if number >= TAIL_SHARE * seen and base in "ACGT" else "N"
    word = word.rstrip("N")
    return word if sum(base != "N" for base in word) >= LEAST_KNOWN else ""


def infer(pairs: Iterable, offset: int = 33) -> tuple[str, str] | None:
    """Infer the adapters of a lane from its first pairs, None if no insert is short.

    Parameters
    ----------
    pairs : iterable of (read 1, read 2)
        With `sequence` and `qualities`.
    offset : int
        Of the quality characters.
    """
    overlap = Overlap((), ADAPTER_ERROR, offset)
    tails: tuple[list[str], list[str]] = ([], [])
    for one, two in islice(pairs, SURVEYED):
        length, score, other = overlap.insert(
            one.sequence, one.qualities, two.sequence, two.qualities
        )
        if length < SURVEY_INSERT or score < 2 * LEAST_ODDS or score - other < 2 * LEAST_LEAD:
            continue
        for read, found in zip((one, two), tails, strict=True):
            if len(read.sequence) >= length + LEAST_KNOWN:
                found.append(read.sequence[length : length + INFERRED_LENGTH].upper())
        if min(map(len, tails)) >= SURVEY_TAILS:
            break
    words = _consensus(tails[0]), _consensus(tails[1])
    return (words[0] or words[1], words[1] or words[0]) if any(words) else None


def _alike(one: str, other: str) -> bool:
    """Return whether two adapters are one as far as both go, N apart."""
    return all(a == b or "N" in (a, b) for a, b in zip(one, other, strict=False))


@dataclass
class PairTrimmer:
    """Finds the inserts of read pairs.

    Attributes
    ----------
    adapters : dict of str to (str, str)
        By name, for read 1 and read 2.
    offset : int
        Of the quality characters.
    """

    adapters: dict[str, tuple[str, str]]
    offset: int = 33
    _overlap: Overlap = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._overlap = Overlap(list(self.adapters.values()), ADAPTER_ERROR, self.offset)

    @classmethod
    def of(cls, pairs: Iterable, adapter: str, offset: int = 33) -> "PairTrimmer | None":
        """Return the trimmer of a lane; with ``auto`` its adapter is inferred, too."""
        adapters = parse(adapter)
        if adapters is None:
            return None
        if adapter == "auto":
            found = infer(pairs, offset)
            if found and not any(all(map(_alike, found, known)) for known in adapters.values()):
                adapters["inferred"] = found
        return cls(adapters, offset)

    def insert(self, one, two) -> int | None:
        """Return the length of a pair's insert, None where it cannot be determined from the mates.

        It is below that of a read if and only if the read passes its mate's start.
        """
        length, score, other = self._overlap.insert(
            one.sequence, one.qualities, two.sequence, two.qualities
        )
        if score < LEAST_ODDS:
            return None
        short = length < max(len(one.sequence), len(two.sequence))
        return None if short and score - other < LEAST_LEAD else length


@dataclass
class SingleTrimmer:
    """Finds adapters in single reads, with cutadapt.

    Attributes
    ----------
    adapters : dict of str to str
        Those that the reads have, by name.
    """

    adapters: dict[str, str]
    _backs: list[BackAdapter] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._backs = [
            BackAdapter(word, max_errors=SINGLE_ERRORS, min_overlap=SINGLE_OVERLAP)
            for word in self.adapters.values()
        ]

    @classmethod
    def of(cls, reads: Iterable, adapter: str) -> "SingleTrimmer | None":
        """Return the trimmer of a lane; with ``auto`` known adapters are used that occur."""
        adapters = parse(adapter)
        if adapters is None:
            return None
        words = {name: word for name, (word, _) in adapters.items()}
        if adapter != "auto":
            return cls(words)
        seen: Counter = Counter()
        for read in islice(reads, SURVEYED):
            for name, word in words.items():
                seen[name] += word[:SINGLE_SEEN] in read.sequence
        return cls({name: words[name] for name in words if seen[name] >= LEAST_TAILS})

    def insert(self, read) -> int:
        """Return how many bases of a read are before its adapter."""
        found = [
            match.rstart for match in (b.match_to(read.sequence) for b in self._backs) if match
        ]
        return min(found, default=len(read.sequence))
