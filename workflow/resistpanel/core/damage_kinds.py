"""Kinds of damage of the template, and how the caller's limits of them travel in its header."""

import re
from collections.abc import Iterable, Mapping

#: Substitutions by damage of either strand, by that of the damaged one: of formalin, of oxidation.
KINDS = {
    "C>T": frozenset({("C", "T"), ("G", "A")}),
    "G>T": frozenset({("G", "T"), ("C", "A")}),
}
#: How a report names the substitutions of a kind, and what causes them.
CHANGES = {"C>T": "C>T and G>A", "G>T": "G>T and C>A"}
AGENTS = {"C>T": "formalin damage", "G>T": "oxidative damage"}
#: The header's ``##resistpanel_damage_limit_SAMPLE``, without prefix and sample.
PARAMETER = "damage_limit_"


def kind_of(substitutions: Iterable[tuple[str, str]]) -> str | None:
    """Return the kind of damage that makes all of some substitutions; None if none does.

    Parameters
    ----------
    substitutions : iterable of (str, str)
        Reference and alternative base of each base changed; of an indel none.
    """
    changes = set(substitutions)
    return next((kind for kind, made in KINDS.items() if changes and changes <= made), None)


def written(limits: Mapping[str, float]) -> str:
    """Return a sample's limits as its header line has them: ``C>T:0.05,G>T:0``."""
    return ",".join(f"{kind}:{limit:.4g}" for kind, limit in limits.items())


def stated(text: str) -> dict[str, float]:
    """Return the limits above 0 of a header line, by kind; entries of another form are ignored."""
    found = re.findall(r"(?:^|,)([^:,]+):([0-9.e-]+)(?=,|$)", text)
    limits = {kind: float(limit) for kind, limit in found if kind in KINDS}
    return {kind: limit for kind, limit in limits.items() if 0 < limit < 1}


def below_limit(
    substitutions: Iterable[tuple[str, str]],
    fractions: Mapping[str, float | None],
    limits: Mapping[str, Mapping[str, float]],
) -> tuple[str, dict[str, float]] | None:
    """Return the kind of damage whose limit an allele does not reach in any sample that shows it.

    Parameters
    ----------
    substitutions : iterable of (str, str)
    fractions : mapping of str to float
        Allele frequency by sample that shows the allele.
    limits : mapping of str to mapping of str to float
        By sample and kind.

    Returns
    -------
    (str, dict of str to float) or None
        The kind, and the limits of these samples.
    """
    kind = kind_of(substitutions)
    if kind is None or not fractions:
        return None
    mine = {name: limits.get(name, {}).get(kind, 0.0) for name in fractions}
    if any((af or 0.0) >= mine[name] for name, af in fractions.items()):
        return None
    return kind, mine
