"""The mutation spectrum: single-base substitutions in the six pyrimidine classes.

Counted as Wagle et al. 2011 (J Clin Oncol 29:3085) count: every substituted base of a somatic
call is one, so the two bases of a CC>TT are two C:G>T:A transitions.
"""

from pathlib import Path

import pysam

from resistpanel.core.files import open_fasta
from resistpanel.core.sequence import COMPLEMENT, reverse_complement

CLASSES = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")


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


def context(reference: pysam.FastaFile, chrom: str, pos: int, ref: str, alt: str) -> str | None:
    """Return a substitution with its neighbours, ``T[C>T]G``, from the pyrimidine's strand.

    None at the end of a contig, beside an N, or where the reference has another base.
    """
    if pos < 2 or pos + 1 > reference.get_reference_length(chrom):
        return None
    bases = reference.fetch(chrom, pos - 2, pos + 1).upper()
    if set(bases) - set("ACGT") or bases[1] != ref or len(bases) != 3:
        return None
    if ref in "AG":
        bases, ref, alt = reverse_complement(bases), COMPLEMENT[ref], COMPLEMENT[alt]
    return f"{bases[0]}[{ref}>{alt}]{bases[2]}"


def contexts(variants: list[dict], path: str | Path) -> dict:
    """Return the trinucleotide contexts of the reported substitutions.

    Returns
    -------
    dict
        ``counts`` by context (of the 96, those that occur), ``known`` (their sum), and
        ``dipyrimidine``: C>T beside another pyrimidine, where ultraviolet light acts
        (Alexandrov 2013, Nature 500:415; Brash 2015, Photochem Photobiol 91:15).
    """
    counts: dict[str, int] = {}
    with open_fasta(path) as reference:
        names = set(reference.references)
        for variant in variants:
            if not variant["reported"] or variant["chrom"] not in names:
                continue
            for s in variant["substitutions"]:
                if s["ref"] == s["alt"]:
                    continue
                found = context(reference, variant["chrom"], s["pos"], s["ref"], s["alt"])
                if found:
                    counts[found] = counts.get(found, 0) + 1
    light = sum(
        n
        for name, n in counts.items()
        if name[2:5] == "C>T" and (name[0] in "CT" or name[6] in "CT")
    )
    return {
        "counts": dict(sorted(counts.items())),
        "known": sum(counts.values()),
        "dipyrimidine": light,
        "c_to_t": sum(n for name, n in counts.items() if name[2:5] == "C>T"),
    }


def spectrum(variants: list[dict], reference: str | Path | None = None) -> dict:
    """Count the substitutions of the reported variants.

    Parameters
    ----------
    variants : list of dict
        ``variants`` of compare.json; only those with ``reported`` count.
    reference : path, optional
        Indexed FASTA, for the contexts.

    Returns
    -------
    dict
        ``classes`` (count by class), ``substitutions`` (their sum), ``c_to_t`` and its fraction
        with the 95 % Jeffreys interval ``low``, ``high`` (Brown, Cai, DasGupta 2001), ``events``
        and ``c_to_t_events`` (phased bases counted as one event; an event is C>T when all its
        bases are), ``tandem_cc_tt``, ``outside`` (reported variants without substitutions);
        ``contexts`` as `contexts` returns them, None without a reference.
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
    # SciPy takes a third of a second to import, which a page made from its JSON can do without.
    from resistpanel.core.stats import jeffreys_interval

    low, high = jeffreys_interval(hits, total)
    return {
        "substitutions": total,
        "events": events,
        "classes": classes,
        "c_to_t": hits,
        "c_to_t_fraction": hits / total if total else None,
        "low": float(low) if total else None,
        "high": float(high) if total else None,
        "c_to_t_events": c_to_t_events,
        "tandem_cc_tt": tandem,
        "outside": outside,
        "contexts": contexts(variants, reference) if reference else None,
    }
