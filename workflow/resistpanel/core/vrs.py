"""Computed identifiers of the GA4GH Variation Representation Specification (VRS), version 2.0.

Normalisation (conventions/normalization.rst), serialisation and digests
(conventions/computed_identifiers.rst) are those of github.com/ga4gh/vrs. The identifier of an
allele depends on the sequence that it is on (refget accession), not on its name.
"""

import dataclasses
import functools
import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

from resistpanel.core.allele import trim_bases
from resistpanel.core.contig_checksums import sha512t24u
from resistpanel.core.sequence import Fetch

#: Release of the specification whose classes and digest keys these are.
VERSION = "2.0.1"
#: Bases that are read at a time while an indel is rolled.
STEP = 512


def digest(value: dict[str, Any]) -> str:
    """Return the digest of an object of text, whole numbers and such objects.

    It is of the canonical JSON (RFC 8785).
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha512t24u(hashlib.sha512(text.encode()).digest())


@dataclasses.dataclass(frozen=True)
class VrsAllele:
    """A normalised allele.

    Attributes
    ----------
    sequence : str
        Refget accession of the sequence that the allele is on: ``SQ.`` and 32 characters.
    start, end : int
        Replaced interval, 0-based half-open; of an indel the region in which it can be placed.
    literal : str or None
        What replaces it; None where that is of the reference itself (ReferenceLengthExpression).
    length, unit : int or None
        Of a ReferenceLengthExpression: bases that replace the interval, and of the repeat unit.
    """

    sequence: str
    start: int
    end: int
    literal: str | None = None
    length: int | None = None
    unit: int | None = None

    @property
    def state(self) -> dict[str, Any]:
        """The sequence expression as VRS writes it."""
        if self.literal is not None:
            return {"type": "LiteralSequenceExpression", "sequence": self.literal}
        return {
            "type": "ReferenceLengthExpression",
            "length": self.length,
            "repeatSubunitLength": self.unit,
        }

    @property
    def _location(self) -> dict[str, Any]:
        reference = {"type": "SequenceReference", "refgetAccession": self.sequence}
        return {
            "type": "SequenceLocation",
            "sequenceReference": reference,
            "start": self.start,
            "end": self.end,
        }

    @functools.cached_property
    def location_id(self) -> str:
        """Identifier of the location, ``ga4gh:SL.`` and its digest."""
        return f"ga4gh:SL.{digest(self._location)}"

    @functools.cached_property
    def id(self) -> str:
        """Identifier of the allele, ``ga4gh:VA.`` and its digest."""
        location = self.location_id.removeprefix("ga4gh:SL.")
        value = {"type": "Allele", "location": location, "state": self.state}
        return f"ga4gh:VA.{digest(value)}"

    def made(self) -> dict[str, Any]:
        """Return the Allele as VRS writes it in JSON, with the identifiers."""
        return {
            "id": self.id,
            "type": "Allele",
            "location": {"id": self.location_id, **self._location},
            "state": self.state,
        }


def vrs_allele(
    sequence: str, start: int, ref: str, alt: str, fetch: Fetch, contig: str, length: int
) -> VrsAllele:
    """Return an allele in fully-justified form.

    Parameters
    ----------
    sequence : str
        Refget accession of the contig.
    start : int
        0-based.
    ref, alt : str
        Upper case, padded or not; equal ones give the reference allele.
    fetch : callable
        Bases, or amino acids, of the contig as they are in its sequence, letters for several bases
        included; `ref` may have them reduced to one, as VCF does.
    contig : str
        Name of the contig for `fetch`.
    length : int
        Of the contig.

    Raises
    ------
    ValueError
        Both alleles are empty, or `ref` reaches beyond the contig.
    """
    end = start + len(ref)
    if start < 0 or end > length or not ref + alt:
        raise ValueError(f"{contig}:{start}:{ref}:{alt} is no allele of a contig of {length} bases")
    if ref == alt:
        return VrsAllele(sequence, start, end, length=len(ref), unit=len(ref))
    cut, ref, alt = trim_bases(ref, alt)
    start, end = start + cut, start + cut + len(ref)
    if ref and alt:
        return VrsAllele(sequence, start, end, literal=alt)
    word = alt or fetch(contig, start, end)
    left = _matching(word[::-1], _before(fetch, contig, start))
    right = _matching(word, _after(fetch, contig, end, length))
    wide = fetch(contig, start - left, end + right)
    if not alt:
        unit = len(word)
        return VrsAllele(sequence, start - left, end + right, length=len(wide) - unit, unit=unit)
    whole = wide[:left] + alt + wide[left:]
    if unit := _unit(len(alt), wide, whole):
        return VrsAllele(sequence, start - left, end + right, length=len(whole), unit=unit)
    return VrsAllele(sequence, start - left, end + right, literal=whole)


def _before(fetch: Fetch, contig: str, start: int) -> Iterator[str]:
    """Yield the bases before a position, the next one first."""
    while start > 0:
        yield from reversed(fetch(contig, max(start - STEP, 0), start))
        start -= STEP


def _after(fetch: Fetch, contig: str, end: int, length: int) -> Iterator[str]:
    """Yield the bases from a position on."""
    while end < length:
        yield from fetch(contig, end, min(end + STEP, length))
        end += STEP


def _matching(word: str, bases: Iterator[str]) -> int:
    """Return how many of the bases go on repeating a word."""
    pairs = zip(itertools.cycle(word), bases, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _unit(inserted: int, wide: str, whole: str) -> int:
    """Return the repeat unit of the reference that makes an insertion; 0 if there is none.

    The greatest factor of the insertion's length, of bases that the reference has there and that,
    repeated, give the inserted ones.
    """
    for unit in range(min(inserted, len(wide)), 0, -1):
        if inserted % unit == 0:
            repeated = itertools.cycle(wide[-unit:])
            if all(a == b for a, b in zip(whole[len(wide) :], repeated, strict=False)):
                return unit
    return 0
