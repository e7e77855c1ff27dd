"""Short protein names (``C121S``) and the HGVS p. names (``p.Cys121Ser``) they stand for."""

import dataclasses
import re

from resistpanel.core.sequence import THREE_LETTER

_SHORT = re.compile(r"([A-Z*])(\d+)(?:_([A-Z*])(\d+))?(.+)")


@dataclasses.dataclass(frozen=True)
class Change:
    """One protein change.

    Parameters
    ----------
    residue, residue_end : int
        First and last residue named, 1-based; the flanking ones for an insertion.
    ref : str
        One-letter code of the residue `residue`, ``*`` for the stop.
    alt : str
        For a substitution the one-letter code of the new residue; otherwise what the short
        name says after the position: ``del``, ``dup``, ``insSVD``, ``delinsS``, ``fs*23``,
        ``ext*17``, ``?``.
    short : str
        Short name, ``C121S``; ``T726T`` where nothing changes.
    """

    residue: int
    residue_end: int
    ref: str
    alt: str
    short: str

    @property
    def hgvs(self) -> str:
        """HGVS p. name without brackets of prediction, e.g. ``p.Cys121Ser``."""
        return "p." + long_name(self.short)

    @property
    def consequence(self) -> str:
        """Sequence Ontology term."""
        if self.alt == "?":
            return "start_lost"
        if "ext" in self.alt:
            return "stop_lost"
        if "fs" in self.alt:
            return "frameshift_variant"
        if self.alt.endswith("*"):
            return "stop_retained_variant" if self.ref == "*" else "stop_gained"
        if len(self.alt) == 1:
            return "synonymous_variant" if self.alt == self.ref else "missense_variant"
        if self.alt == "del":
            return "inframe_deletion"
        if self.alt == "dup" or self.alt.startswith("ins"):
            return "inframe_insertion"
        gain = len(self.alt) - len("delins") - (self.residue_end - self.residue + 1)
        if gain == 0:
            return "missense_variant"
        return "inframe_insertion" if gain > 0 else "inframe_deletion"


def parse_short(short: str) -> Change:
    """Parse a short name.

    Raises
    ------
    ValueError
        If `short` is no short protein name.
    """
    found = _SHORT.fullmatch(short)
    if not found:
        raise ValueError(f"not a short protein name: {short!r}")
    ref, residue, _, residue_end, alt = found.groups()
    return Change(int(residue), int(residue_end or residue), ref, alt, short)


def long_name(short: str) -> str:
    """Return the three-letter name of a short one: ``C121S`` gives ``Cys121Ser``."""
    change = parse_short(short)
    if change.alt == change.ref and change.residue == change.residue_end:
        return f"{THREE_LETTER[change.ref]}{change.residue}="
    found = _SHORT.fullmatch(short)
    where = f"{THREE_LETTER[found[1]]}{found[2]}"
    if found[3]:
        where += f"_{THREE_LETTER[found[3]]}{found[4]}"
    return where + "".join(THREE_LETTER.get(letter, letter) for letter in found[5])


def short_name(hgvs: str) -> str | None:
    """Return the short name of an HGVS p. name; None of one that names no residue (``p.=``)."""
    text = hgvs.removeprefix("p.").replace("(", "").replace(")", "")
    for letter, name in THREE_LETTER.items():
        if len(name) == 3:
            text = text.replace(name, letter)
    text = text.replace("Ter", "*")
    if text.endswith("="):
        text = text[:-1] + text[0]
    return text if _SHORT.fullmatch(text) else None
