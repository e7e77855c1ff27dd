"""What an edit of the coding sequence does to the protein: HGVS p. and consequence.

Source of the rules: HGVS Nomenclature, recommendations for protein,
https://hgvs-nomenclature.org/stable/recommendations/protein/; terms are those of the
Sequence Ontology, http://www.sequenceontology.org.
"""

import dataclasses

from resistpanel.annotate.residues import long_name, parse_short
from resistpanel.core.sequence import STANDARD, STARTS, translate

UNKNOWN = "p.?"


@dataclasses.dataclass(frozen=True)
class ProteinEffect:
    """What happens to the protein.

    Parameters
    ----------
    hgvs : str
        HGVS p. name; ``p.?`` where it cannot be determined.
    shorts : tuple of str
        Short names, one per codon of a substitution; empty where it cannot be determined.
    terms : tuple of str
        Sequence Ontology terms.
    """

    hgvs: str
    shorts: tuple[str, ...]
    terms: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Translation:
    """How a coding sequence is translated.

    Parameters
    ----------
    code : int
        NCBI translation table.
    selenocysteines : tuple of int
        First bases of the selenocysteine codons, 0-based from the first whole codon on.
    complete : bool
        Whether the sequence begins with the start codon, which is read as methionine.
    """

    code: int = STANDARD
    selenocysteines: tuple[int, ...] = ()
    complete: bool = True

    @property
    def usual(self) -> bool:
        """Whether it is the standard code without selenocysteine."""
        return self.code == STANDARD and not self.selenocysteines

    def starts(self, bases: str) -> bool:
        """Whether `bases` begin with a start codon."""
        return self.complete and bases[:3] in STARTS[self.code]

    def read(self, bases: str) -> str:
        """Translate the coding sequence from its first whole codon on."""
        protein = translate(bases, self.code, self.selenocysteines)
        return "M" + protein[1:] if self.starts(bases) else protein

    def edited(self, start: int, end: int, size: int) -> "Translation":
        """Return how the sequence is translated after `start` to `end` became `size` bases."""
        net = size - (end - start)
        kept = [p + net if p >= end else p for p in self.selenocysteines]
        return dataclasses.replace(self, selenocysteines=tuple(kept))


def protein_effect(
    coding: str, trailing: str, start: int, end: int, alt: str, how: Translation = Translation()
) -> ProteinEffect:
    """Return the effect of replacing bases `start` to `end` by `alt`.

    Parameters
    ----------
    coding : str
        Coding sequence from the first whole codon on, 5' to 3'; N where not known.
    trailing : str
        Bases that follow it.
    start, end : int
        Replaced range, 0-based half-open, in `coding` + `trailing`; ``start`` is inside
        `coding`. ``start == end`` is an insertion.
    alt : str
        New bases on the coding strand.
    how : Translation
    """
    bases = coding + trailing
    altered = bases[:start] + alt + bases[end:]
    after = how.edited(start, end, len(alt))
    if how.starts(coding) and "N" not in altered[:3] and not after.starts(altered):
        return ProteinEffect("p.Met1?", ("M1?",), ("start_lost",))
    old, new = how.read(coding), after.read(altered)
    if len(alt) == end - start:
        changed = [i for i in range(start, min(end, len(coding))) if bases[i] != altered[i]]
        return _substitution(old, new, sorted({i // 3 for i in changed if i // 3 < len(old)}))
    return _indel(old, new, start, end, len(alt))


def _until_stop(protein: str, first: int) -> tuple[str, bool]:
    """Cut `protein` after the first stop at or after residue index `first`."""
    stop = protein.find("*", first)
    return (protein, False) if stop < 0 else (protein[: stop + 1], True)


def _extension(residue: int, protein: str) -> str:
    """Name the loss of the stop at index `residue`; `protein` is the altered one."""
    stop = protein.find("*", residue)
    new = protein[residue] if residue < len(protein) else "X"
    count = "?" if stop < 0 or "X" in protein[residue:stop] else str(stop - residue)
    return f"*{residue + 1}{new}ext*{count}"


def _substitution(old: str, new: str, codons: list[int]) -> ProteinEffect:
    """Return the effect of a change of `codons` (indices) from the protein `old` to `new`."""
    if not codons:  # an incomplete last codon of a truncated annotation
        return ProteinEffect(UNKNOWN, (), ("coding_sequence_variant",))
    shorts = []
    for codon in codons:
        if "X" in (old[codon], new[codon]):
            return ProteinEffect(UNKNOWN, (), ("coding_sequence_variant",))
        if old[codon] == "*" and new[codon] != "*":
            shorts.append(_extension(codon, new))
        else:
            shorts.append(f"{old[codon]}{codon + 1}{new[codon]}")
        if new[codon] == "*" and old[codon] != "*":
            break  # what follows a new stop is not translated
    return ProteinEffect(_several(shorts), tuple(shorts), _terms(shorts))


def _terms(shorts: list[str]) -> tuple[str, ...]:
    terms = dict.fromkeys(parse_short(short).consequence for short in shorts)
    if len(terms) > 1:  # where something changes, what stays the same is not mentioned
        terms = {t: None for t in terms if t not in ("synonymous_variant", "stop_retained_variant")}
    return tuple(terms)


def _several(shorts: list[str]) -> str:
    """Name the changes of several codons of one event."""
    changes = [parse_short(short) for short in shorts]
    moved = [change for change in changes if change.alt != change.ref]
    if not moved:
        first, last = changes[0], changes[-1]
        if first == last:
            return f"p.{long_name(first.short)}"
        return "p." + "_".join(long_name(c.short)[:-1] for c in (first, last)) + "="
    runs: list[list] = []
    for change in moved:
        joins = runs and runs[-1][-1].residue + 1 == change.residue and "ext" not in change.alt
        if joins:
            runs[-1].append(change)
        else:
            runs.append([change])
    names = []
    for run in runs:
        if len(run) == 1:
            names.append(long_name(run[0].short))
            continue
        first, last, new = run[0], run[-1], "".join(change.alt for change in run)
        span = f"{first.ref}{first.residue}_{last.ref}{last.residue}"
        names.append(long_name(f"{span}delins{new}"))
    return f"p.{names[0]}" if len(names) == 1 else f"p.[{';'.join(names)}]"


def _indel(whole: str, altered: str, start: int, end: int, size: int) -> ProteinEffect:
    """Return the effect of an indel from the protein `whole` to `altered`."""
    net = size - (end - start)
    first = start // 3
    old, old_ends = _until_stop(whole, first)
    # Without a stop in the annotation (or with it unknown) an in-frame change is looked at no
    # further than the annotated end; a shifted frame is read on.
    seen = altered if old_ends or net % 3 else altered[: len(whole) + net // 3]
    new, new_ends = _until_stop(seen, first)
    i = first
    while i < min(len(old), len(new)) and old[i] == new[i]:
        i += 1
    if old_ends and new_ends and old == new and "X" not in old[first:]:
        term = "stop_retained_variant" if first == len(old) - 1 else "synonymous_variant"
        return ProteinEffect("p.=", (), (term,))
    if net % 3:
        return _frameshift(old, new, new_ends, first, i)
    kind = "inframe_insertion" if net > 0 else "inframe_deletion"
    if "X" in old[first:i]:
        return ProteinEffect(UNKNOWN, (), (kind,))
    if new_ends and len(new) < len(old) + net // 3:
        return _inframe_stop(old, new, seen, i, net // 3, end, kind)
    if len(new) > len(old) + net // 3 or new_ends != old_ends:  # the stop went with its codons
        return ProteinEffect(UNKNOWN, (), ("stop_lost", kind))
    return _inframe(old, new, i, kind)


def _frameshift(old: str, new: str, ends: bool, first: int, i: int) -> ProteinEffect:
    """Name a shift of the frame; `i` is the index of the first differing residue."""
    kind = "frameshift_variant"
    if i >= min(len(old), len(new)) or "X" in old[first : i + 1] + new[i]:
        return ProteinEffect(UNKNOWN, (), (kind,))
    if old[i] == "*":
        return _named(_extension(i, new), "stop_lost", kind)
    if new[i] == "*":
        return _named(f"{old[i]}{i + 1}*", "stop_gained", kind)
    hidden = not ends or "X" in new[i:]
    return _named(f"{old[i]}{i + 1}{new[i]}fs*{'?' if hidden else len(new) - i}", kind)


def _named(short: str, *terms: str) -> ProteinEffect:
    return ProteinEffect(f"p.{long_name(short)}", (short,), tuple(terms))


def _inframe(old: str, new: str, i: int, kind: str) -> ProteinEffect:
    """Name an in-frame change whose first differing residue is at index `i`."""
    same = 0
    while same < min(len(old), len(new)) - i and old[-1 - same] == new[-1 - same]:
        same += 1
    gone, come = old[i : len(old) - same], new[i : len(new) - same]
    if "X" in gone + come:
        return ProteinEffect(UNKNOWN, (), (kind,))
    last = i + len(gone) - 1
    span = f"{old[i]}{i + 1}" if len(gone) == 1 else f"{old[i]}{i + 1}_{old[last]}{last + 1}"
    if not come:
        return _named(f"{span}del", kind)
    if not gone:
        size = len(come)
        if i >= size and old[i - size : i] == come:
            first = f"{come[0]}{i - size + 1}"
            return _named(f"{first}dup" if size == 1 else f"{first}_{come[-1]}{i}dup", kind)
        return _named(f"{old[i - 1]}{i}_{old[i]}{i + 1}ins{come}", kind)
    return _named(f"{span}delins{come}", kind)


def _inframe_stop(
    old: str, new: str, seen: str, i: int, gain: int, end: int, kind: str
) -> ProteinEffect:
    """Name an in-frame change that brings a stop after other new residues.

    `seen` is the altered protein read on beyond the stop, `gain` the residues that it has more.
    """
    come = new[i:]
    if "X" in come:
        return ProteinEffect(UNKNOWN, (), ("stop_gained", kind))
    if come == "*":
        return _named(f"{old[i]}{i + 1}*", "stop_gained", kind)
    if gain > 0 and seen[i + gain : len(old) + gain] == old[i:]:  # what follows is as it was
        return _named(f"{old[i - 1]}{i}_{old[i]}{i + 1}ins{come}", "stop_gained", kind)
    last = min(max(i, (end - 1) // 3), len(old) - 1)
    span = f"{old[i]}{i + 1}" if last == i else f"{old[i]}{i + 1}_{old[last]}{last + 1}"
    return _named(f"{span}delins{come}", "stop_gained", kind)
