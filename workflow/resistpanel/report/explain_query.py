"""What a user means by a variant, looked up among all that was examined."""

import dataclasses
import re
from collections.abc import Sequence

from resistpanel.core.builds import with_chr
from resistpanel.core.errors import InputError, InputErrors, nearest
from resistpanel.records.compare import Variant
from resistpanel.report.report_constants import LISTED

#: One-letter codes of residues, ``*`` for a stop.
RESIDUES = {
    **{"Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E"},
    **{"Gly": "G", "His": "H", "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F"},
    **{"Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W", "Tyr": "Y", "Val": "V", "Ter": "*"},
}
#: Words that ask for a copy-number change.
COPY_WORDS = {
    "amplification": "amplification",
    "amplified": "amplification",
    "amp": "amplification",
    "gain": "amplification",
    "deletion": "deletion",
    "loss": "deletion",
    "copynumber": None,
    "copies": None,
}
LOCUS = re.compile(
    r"(?P<chrom>\w+):(?P<pos>[0-9,]+)(?::(?P<ref>[ACGTN-]+):(?P<alt>[ACGTN-]+))?", re.I
)


@dataclasses.dataclass
class Query:
    """A variant as asked for; what was not given is None.

    Attributes
    ----------
    text : str
        As typed.
    gene, protein, coding, site : str or None
        Symbol; short form such as ``C121S``; ``c.362G>C``; id of a catalogue row.
    locus : (chrom, pos, ref, alt) or None
        1-based; ref and alt None where only a position was given.
    copies : bool
        Whether a copy-number change is asked for; `call` is its kind, if given.
    """

    text: str
    gene: str | None = None
    protein: str | None = None
    coding: str | None = None
    site: str | None = None
    locus: tuple | None = None
    copies: bool = False
    call: str | None = None


def is_protein(word: str) -> bool:
    """Tell whether a word is written as a protein change: ``C121S``, ``p.(Cys121Ser)``."""
    start = re.match(r"(?:p\.)?\(?([A-Za-z*]+)[0-9]+", word)
    if start is None:
        return False
    first = start[1].capitalize()
    return word.startswith("p.") or first in RESIDUES or first in set(RESIDUES.values())


def short_protein(text: str) -> str:
    """Return the short form of a protein change: ``p.(Cys121Ser)`` gives ``C121S``."""
    text = re.sub(r"^p\.", "", text.strip()).strip("()")
    for long, short in RESIDUES.items():
        text = re.sub(long, short, text, flags=re.IGNORECASE)
    return text.replace("X", "*") if text.endswith("X") else text


def parse(text: str, genes: set[str]) -> Query:
    """Understand a variant as typed.

    Parameters
    ----------
    text : str
        ``MAP2K1 p.C121S``, ``C121S``, ``MAP2K1:c.362G>C``, ``chr15:66729154:G:C``, ``BRAF
        amplification``, a gene alone, or the id of a catalogue row.
    genes : set of str
        Symbols of the panel.

    Raises
    ------
    InputError
        If the text is an rs number: results do not hold these.
    """
    query = Query(text)
    whole = LOCUS.fullmatch(text.strip())
    if whole and whole["chrom"].upper() not in genes:
        ref, alt = ((whole[key] or "").upper() or None for key in ("ref", "alt"))
        query.locus = (with_chr(whole["chrom"]), int(whole["pos"].replace(",", "")), ref, alt)
        return query
    if text.startswith("copynumber:"):
        _, query.gene, query.call = text.split(":", 2)
        query.copies = True
        return query
    by_key = {gene.upper(): gene for gene in genes}
    for word in re.split(r"[\s:]+", text.strip()):
        if re.fullmatch(r"rs[0-9]+", word, re.I):
            raise InputError(
                f"'{word}': the results hold no rs numbers", "VARIANT",
                "give gene and protein change, or contig:position:ref:alt",
            )  # fmt: skip
        if word.upper() in by_key and query.gene is None:
            query.gene = by_key[word.upper()]
        elif word.casefold() in COPY_WORDS:
            query.copies, query.call = True, COPY_WORDS[word.casefold()]
        elif re.match(r"c\.", word):
            query.coding = word
        elif is_protein(word):
            query.protein = short_protein(word)
        elif word:
            query.site = word
    return query


def _fits(variant: Variant, query: Query) -> bool:
    if query.locus:
        chrom, pos, ref, alt = query.locus
        same = with_chr(variant.chrom) == chrom and variant.pos == pos
        return same and (ref is None or (variant.ref, variant.alt) == (ref, alt))
    if query.site and query.site not in variant.sites:
        return False
    if query.gene and variant.gene != query.gene:
        return False
    if query.coding and variant.hgvs_c != query.coding:
        return False
    if query.protein:
        shorts = {change.short for change in variant.protein_changes}
        shorts.add(short_protein(variant.hgvs_p or ""))
        if query.protein.upper() not in {short.upper() for short in shorts}:
            return False
    return bool(query.gene or query.coding or query.protein or query.site)


def named(variant: Variant) -> str:
    """Return how a list names a variant."""
    change = (variant.hgvs_p and f"p.{variant.protein}") or variant.hgvs_c or ""
    what = "reported" if variant.reported else ", ".join(variant.filters)
    gene = variant.gene or ""
    return f"{gene} {change}".strip() + f" {variant.id} ({what})"


def choose(query: Query, variants: Sequence[Variant], where: str) -> tuple[Variant, list[Variant]]:
    """Return the variant that is meant and the others that fit.

    One reported variant stands for itself, whatever else fits; so do the alleles of one protein
    change of which none was called.

    Raises
    ------
    InputError
        If none fits, or several that differ; the line names what to type.
    """
    fitting = [variant for variant in variants if _fits(variant, query)]
    reported = [variant for variant in fitting if variant.reported]
    called = [v for v in fitting if not v.reported and v.filters != ("absent",)]
    for group in (reported, called if not reported else []):
        if len(group) == 1:
            return group[0], [variant for variant in fitting if variant is not group[0]]
    if fitting and not reported and not called:
        changes = {(v.gene, v.protein) for v in fitting}
        if len(changes) == 1:
            return fitting[0], fitting[1:]
    if not fitting:
        raise _nothing(query, variants, where)
    several = reported or called or fitting
    raise InputErrors(
        [
            InputError(f"{len(several)} variants fit '{query.text}'", where, "name one of them:"),
            *(InputError(named(variant)) for variant in several[:LISTED]),
        ]
    )


def _nothing(query: Query, variants: Sequence[Variant], where: str) -> InputError:
    genes = {variant.gene for variant in variants if variant.gene}
    known = [named(variant) for variant in variants if variant.reported]
    if query.gene:
        of_gene = [named(v) for v in variants if v.gene == query.gene]
        cure = (
            f"of {query.gene} there is {'; '.join(of_gene[:4])}{' ...' if of_gene[4:] else ''}"
            if of_gene
            else f"nothing of {query.gene} was called or asked for"
        )
    elif query.site and (near := nearest(query.site, genes)):
        cure = f"did you mean {near}?"
    else:
        cure = f"reported are {'; '.join(known[:6])}" if known else "no variant was reported"
    return InputError(f"no variant fits '{query.text}'", where, cure)
