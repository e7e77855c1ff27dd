"""What a user means by a variant, looked up among all that was examined."""

import dataclasses
import math
import re
from collections.abc import Collection, Mapping, Sequence

from resistpanel.core.builds import with_chr
from resistpanel.core.errors import InputError, InputErrors, did_you_mean, nearest
from resistpanel.records.compare import Variant
from resistpanel.report.report_constants import LISTED
from resistpanel.report.variant_names import (
    COPY_WORDS,
    TRANSCRIPT,
    TYPOGRAPHY,
    comparable_coding,
    comparable_protein,
    is_coding,
    is_protein,
    locus_of,
    short_protein,
    words_of,
)

#: Variants of a gene that a message names.
NEAREST = 4
#: Least similarity at which an unknown word is a misspelt gene rather than another gene.
CLOSE = 0.8


@dataclasses.dataclass
class Query:
    """A variant as asked for; what was not given is None.

    Attributes
    ----------
    text : str
        As typed.
    gene, protein, coding, site : str or None
        Symbol; short form such as ``C121S``; ``c.362G>C``; id of a catalogue row.
    renumbered : str or None
        `protein` in the catalogue's numbering, if it is given in another.
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
    renumbered: str | None = None
    copies: bool = False
    call: str | None = None


def parse(
    text: str,
    genes: Collection[str],
    contigs: Collection[str] = (),
    transcripts: Mapping[str, str] | None = None,
) -> Query:
    """Understand a variant as typed.

    Parameters
    ----------
    text : str
        ``MAP2K1 p.C121S``, ``C121S``, ``MAP2K1:c.362G>C``, ``NM_002755.3:c.362G>C``,
        ``chr15:66729154:G:C``, ``15-66729154-G-C``, ``BRAF amplification``, a gene alone, the id
        of a catalogue row, or a line that resistpanel prints.
    genes : collection of str
        Symbols of the panel, and what else they are called.
    contigs : collection of str
        Names of the contigs.
    transcripts : mapping of str to str
        Gene of each transcript and protein that is known, without versions.

    Raises
    ------
    InputError
        If the text is an rs number or an unknown transcript.
    """
    query = Query(text)
    by_key = {gene.upper(): gene for gene in genes}
    transcripts = transcripts or {}
    plain = text.translate(TYPOGRAPHY).strip()
    head = re.split(r"[\s:_-]", plain)[0].upper()
    if head not in by_key and (locus := locus_of(plain, contigs)):
        query.locus = locus
        return query
    if plain.startswith("copynumber:"):
        _, query.gene, query.call = plain.split(":", 2)
        query.copies = True
        return query
    for word in words_of(plain, by_key):
        if re.fullmatch(r"rs[0-9]+", word, re.I):
            raise InputError(
                f"'{word}': the results contain no rs numbers", "VARIANT",
                "give gene and protein change, or contig:position:ref:alt",
            )  # fmt: skip
        if transcript := TRANSCRIPT.fullmatch(word):
            gene = transcripts.get(transcript[1].upper())
            if gene is None and query.gene is None:
                raise InputError(
                    f"'{word}' is no transcript of the panel", "VARIANT",
                    "give the gene and the change on the panel's transcript",
                )  # fmt: skip
            query.gene = query.gene or gene
        elif word.upper() in by_key and query.gene in (None, by_key[word.upper()]):
            query.gene = by_key[word.upper()]
        else:
            _read_word(query, word, contigs)
    if query.locus:  # a line as printed, with gene and change beside the position
        query.protein = query.coding = query.site = None
        query.copies = False
    return query


def _read_word(query: Query, word: str, contigs: Collection[str]) -> None:
    """Take what a word says of the change."""
    if word.casefold().strip("-") in COPY_WORDS:
        query.copies = True
        query.call = query.call or COPY_WORDS[word.casefold().strip("-")]
    elif locus := locus_of(word, contigs):
        query.locus = locus
    elif is_coding(word):
        query.coding = word
    elif is_protein(word):
        query.protein = short_protein(word)
    elif re.fullmatch(r"[0-9.]+|g\.[0-9].*", word) and (query.copies or query.gene):
        pass  # a number of copies, or a position that another word repeats
    else:
        query.site = word


def _fits(variant: Variant, query: Query) -> bool:
    if query.locus:
        chrom, pos, ref, alt = query.locus
        same = with_chr(variant.chrom) == chrom and variant.pos == pos
        return same and (ref is None or (variant.ref, variant.alt) == (ref, alt))
    if query.site and query.site not in variant.sites:
        return False
    if query.gene and variant.gene != query.gene:
        return False
    if query.coding and comparable_coding(variant.hgvs_c or "") != comparable_coding(query.coding):
        return False
    if query.protein:
        names = {change.short for change in variant.protein_changes} | {variant.hgvs_p or ""}
        names |= set((variant.protein or "").split(","))
        asked = {query.protein, query.renumbered or query.protein}
        if not {*map(comparable_protein, asked)} & {*map(comparable_protein, names)}:
            return False
    return bool(query.gene or query.coding or query.protein or query.site)


def named(variant: Variant) -> str:
    """Return how a list names a variant."""
    change = (variant.hgvs_p and f"p.{variant.protein}") or variant.hgvs_c or ""
    what = "reported" if variant.reported else ", ".join(variant.filters)
    gene = variant.gene or ""
    return f"{gene} {change}".strip() + f" {variant.id} ({what})"


def choose(
    query: Query, variants: Sequence[Variant], where: str, panel: Collection[str] = ()
) -> tuple[Variant, list[Variant]]:
    """Return the variant that is meant and the others that fit.

    One reported variant stands for itself, whatever else fits; so do the alleles of one protein
    change of which none was called. `panel` are the panel's genes, if they are known.

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
        raise _nothing(query, variants, where, panel)
    several = reported or called or fitting
    raise InputErrors(
        [
            InputError(f"{len(several)} variants fit '{query.text}'", where, "name one of them:"),
            *(InputError(named(variant)) for variant in several[:LISTED]),
        ]
    )


def _nothing(
    query: Query, variants: Sequence[Variant], where: str, panel: Collection[str]
) -> InputError:
    genes = {variant.gene for variant in variants if variant.gene} | set(panel)
    known = [named(variant) for variant in variants if variant.reported]
    if query.gene and query.site:
        return InputError(
            f"no variant fits '{query.text}': '{query.site}' is no protein or coding change", where,
            "give it as E746_A750del or c.2235_2249del, or give contig:position:ref:alt; "
            + _of_gene(query, variants),
        )  # fmt: skip
    if query.gene:
        return InputError(
            f"no variant fits '{query.text}': neither called nor a forced site, so no limit of it "
            "was calculated", where,
            f"{_of_gene(query, variants)}; for its limit give it to `resistpanel call --sites` "
            "(docs/faq.md)",
        )  # fmt: skip
    if query.site and (near := nearest(query.site, genes, CLOSE)):
        cure = f"did you mean {near}?"
    elif query.site and re.fullmatch(r"[A-Za-z][A-Za-z0-9-]+", query.site) and panel:
        return off_panel(query.site, where, panel)
    elif query.site and (near := nearest(query.site, genes)):
        cure = f"did you mean {near}?"
    else:
        cure = f"reported are {'; '.join(known[:6])}" if known else "no variant was reported"
    return InputError(f"no variant fits '{query.text}'", where, cure)


def _of_gene(query: Query, variants: Sequence[Variant]) -> str:
    """Return what there is of a gene: the variants nearest to the residue, else those reported."""
    found = [v for v in variants if v.gene == query.gene]
    if not found:
        return f"nothing of {query.gene} was called or is a forced site"
    residue = re.search(r"[0-9]+", query.renumbered or query.protein or "")
    if residue:
        found.sort(key=lambda v: _distance(v, int(residue[0])))
        what = "nearest are"
    else:
        found.sort(key=lambda v: not v.reported)
        what = "there is"
    more = " ..." if found[NEAREST:] else ""
    return f"of {query.gene} {what} {'; '.join(map(named, found[:NEAREST]))}{more}"


def _distance(variant: Variant, residue: int) -> float:
    """Return the residues between a variant's change and another residue, 0 where it is changed."""
    return min(
        (
            max(one.residue - residue, residue - one.residue_end, 0)
            for one in variant.protein_changes
        ),
        default=math.inf,
    )


def off_panel(gene: str, where: str, panel: Collection[str], spelling: bool = True) -> InputError:
    """Return the error of a gene that the panel does not have.

    With `spelling` it may be a misspelt gene of the panel.
    """
    size = f"the panel has {len(set(panel))} gene{'' if len(set(panel)) == 1 else 's'}"
    return InputError(
        f"gene '{gene}' is off the panel: not sequenced, neither found nor excluded",
        where,
        (spelling and did_you_mean(gene, panel)) or size,
    )
