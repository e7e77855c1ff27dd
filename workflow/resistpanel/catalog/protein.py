"""Protein changes in short form: `C121S`, `L747_A750del`, `V769_D770insASV`, `M695fs`."""

import re
from dataclasses import dataclass

#: One-letter codes of the residues, and `*` for a stop.
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"

_SUBSTITUTION = re.compile(r"([A-Z*])(\d+)([A-Z*=])")
_CODON = re.compile(r"([A-Z])(\d+)")
_INDEL = re.compile(r"([A-Z*])(\d+)(?:_([A-Z*])(\d+))?(delins|del|dup|ins)([A-Z*]*)")
_FRAMESHIFT = re.compile(r"([A-Z*])(\d+)(?:[A-Z])?fs(?:\*|Ter)?\d*")
#: Start loss as it is annotated: what is translated instead is not known.
_START = "M1?"
_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class ProteinChange:
    """One change of a protein.

    Attributes
    ----------
    kind : str
        ``substitution``, ``synonymous``, ``nonsense``, ``stop_lost``, ``start_lost``,
        ``deletion``, ``insertion``, ``duplication``, ``delins`` or ``frameshift``.
    start, end : int
        First and last residue concerned (1-based, inclusive); of an insertion the residues
        on its two sides.
    ref, ref_end : str
        Residues at `start` and `end`.
    alt : str
        New residues; empty for a pure deletion, duplication or frameshift.
    """

    kind: str
    start: int
    end: int
    ref: str
    ref_end: str
    alt: str

    @property
    def truncating(self) -> bool:
        """Whether the change takes the protein's end away."""
        return self.kind in {"nonsense", "frameshift", "start_lost"}

    @property
    def inframe(self) -> bool:
        """Whether residues are added or removed with the frame kept."""
        return self.kind in {"deletion", "insertion", "duplication", "delins"}


def parse(short: str) -> ProteinChange | None:
    """Parse a protein change in short form (no ``p.``, one-letter residues).

    Returns None for what is no such change (``?``, an empty string, a splice-site note).
    """
    short = short.strip().removeprefix("p.").strip("()")
    if short == _START:
        return ProteinChange("start_lost", 1, 1, "M", "M", "")
    if match := _SUBSTITUTION.fullmatch(short):
        ref, residue, alt = match.group(1), int(match.group(2)), match.group(3)
        if alt in {ref, "="}:
            kind, alt = "synonymous", ref
        elif alt == "*":
            kind = "nonsense"
        elif ref == "*":
            kind = "stop_lost"
        elif residue == 1 and ref == "M":
            kind = "start_lost"
        else:
            kind = "substitution"
        return ProteinChange(kind, residue, residue, ref, ref, alt)
    if match := _FRAMESHIFT.fullmatch(short):
        residue = int(match.group(2))
        return ProteinChange("frameshift", residue, residue, match.group(1), match.group(1), "")
    if match := _INDEL.fullmatch(short):
        ref, start, ref_end, end, what, alt = match.groups()
        kind = {"del": "deletion", "dup": "duplication", "ins": "insertion"}.get(what, what)
        if kind in {"insertion", "delins"} and not alt:
            return None
        if kind == "insertion" and ref_end is None:
            return None
        # Residues after `del` or `dup` (`L747_A750delLREA`) repeat what the positions say.
        alt = alt if kind in {"insertion", "delins"} else ""
        return ProteinChange(kind, int(start), int(end or start), ref, ref_end or ref, alt)
    return None


def parse_codon(text: str) -> tuple[str, int] | None:
    """Parse a codon such as ``F53``: the reference residue and its number."""
    match = _CODON.fullmatch(text)
    return (match.group(1), int(match.group(2))) if match else None


def parse_range(text: str) -> tuple[int, int] | None:
    """Parse a residue range such as ``762-775``, both ends included."""
    match = _RANGE.fullmatch(text)
    if not match or int(match.group(1)) > int(match.group(2)):
        return None
    return int(match.group(1)), int(match.group(2))
