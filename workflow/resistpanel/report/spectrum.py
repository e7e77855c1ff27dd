"""The mutation spectrum: single-base substitutions in the six pyrimidine classes.

Counted as Wagle et al. 2011 (J Clin Oncol 29:3085) count: every substituted base of a somatic
call is one, so the two bases of a CC>TT are two C:G>T:A transitions.
"""

from scipy.stats import beta

CLASSES = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
COMPLEMENT = dict(zip("ACGTN", "TGCAN", strict=True))


def pyrimidine_class(ref: str, alt: str) -> str | None:
    """Return the class of a substitution, written from the pyrimidine of the pair.

    None if a base is N or nothing changes.
    """
    if "N" in (ref, alt) or ref == alt:
        return None
    if ref in "AG":
        ref, alt = COMPLEMENT[ref], COMPLEMENT[alt]
    return f"{ref}>{alt}"


def is_tandem_cc_tt(variant: dict) -> bool:
    """Return whether a variant is CC>TT on either strand (ultraviolet light's tandem change)."""
    return (variant["ref"], variant["alt"]) in {("CC", "TT"), ("GG", "AA")}


def spectrum(variants: list[dict]) -> dict:
    """Count the substitutions of the reported variants.

    Parameters
    ----------
    variants : list of dict
        ``variants`` of compare.json; only those with ``reported`` count.

    Returns
    -------
    dict
        ``classes`` (count by class), ``substitutions`` (their sum), ``c_to_t`` and its fraction
        with the 95 % Jeffreys interval ``low``, ``high`` (Brown, Cai, DasGupta 2001), ``events``
        and ``c_to_t_events`` (phased bases counted as one event; an event is C>T when all its
        bases are), ``tandem_cc_tt``, ``outside`` (reported variants without substitutions).
    """
    classes = dict.fromkeys(CLASSES, 0)
    events = c_to_t_events = tandem = outside = 0
    for variant in variants:
        if not variant["reported"]:
            continue
        named = [pyrimidine_class(s["ref"], s["alt"]) for s in variant["substitutions"]]
        named = [name for name in named if name]
        if not named:
            outside += 1
            continue
        for name in named:
            classes[name] += 1
        events += 1
        c_to_t_events += set(named) == {"C>T"}
        tandem += is_tandem_cc_tt(variant)
    total, hits = sum(classes.values()), classes["C>T"]
    low, high = beta.ppf([0.025, 0.975], hits + 0.5, total - hits + 0.5)
    return {
        "substitutions": total,
        "events": events,
        "classes": classes,
        "c_to_t": hits,
        "c_to_t_fraction": hits / total if total else None,
        # The Jeffreys interval ends at 0 and 1 themselves when nothing or everything is C>T.
        "low": (float(low) if hits else 0.0) if total else None,
        "high": (float(high) if hits < total else 1.0) if total else None,
        "c_to_t_events": c_to_t_events,
        "tandem_cc_tt": tandem,
        "outside": outside,
    }
