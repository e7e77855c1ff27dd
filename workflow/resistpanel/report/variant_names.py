"""Spellings of a variant: what people type and what reports, papers and browsers print."""

import re
from collections.abc import Collection, Mapping

from resistpanel.core.builds import with_chr
from resistpanel.core.sequence import THREE_LETTER

#: Three-letter codes of residues and their letters, ``Ter`` for a stop.
RESIDUES = {name: letter for letter, name in THREE_LETTER.items() if len(name) == 3} | {"Ter": "*"}
#: Typographic dashes, arrows and blanks, as documents and spreadsheets have them.
TYPOGRAPHY = str.maketrans(
    {**dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"), "\u2192": ">", "\u203a": ">"}
    | {"\u00a0": " ", "\u202f": " ", ",": ","}
)
#: Words that ask for a copy-number change, without blanks and dashes.
COPY_WORDS = {
    **dict.fromkeys(("amplification", "amplified", "amp", "gain"), "amplification"),
    **dict.fromkeys(("deletion", "deleted", "del", "homdel", "loss", "lost"), "deletion"),
    **dict.fromkeys(("copynumber", "copies", "copy", "cn", "cnv", "cna", "number"), None),
}
_CHROM = r"(?:chr)?(?:[0-9]{1,2}|[XYM]|MT)|NC_0000[0-9]{2}(?:\.[0-9]+)?"
_BASES = r"[ACGTN]+|-"
#: A genomic position with or without alleles: ``chr7:140453136:A:T``, ``7-140453136-A-T``,
#: ``chr7:g.140453136A>T``, ``7 140453136 . A T``, ``NC_000007.13:g.140453136A>T``.
_LOCUS = re.compile(
    rf"(?P<chrom>{_CHROM}|\w+(?=:[0-9]))(?:[:\-_\s]+)(?:g\.)?(?P<pos>[0-9][0-9,]*)"
    rf"(?:(?:[:\-_\s.]|\brs[0-9]+\b)*(?P<ref>{_BASES})\s*[:>/\-_\s]+\s*(?P<alt>{_BASES}))?",
    re.I,
)
_CODING = re.compile(
    r"(?:c\.)?[-*]?[0-9]+(?:[+-][0-9]+)?(?:_[-*]?[0-9]+(?:[+-][0-9]+)?)?"
    r"(?:[ACGT]+>[ACGT]+|(?:del|dup|ins|inv)[ACGT]*(?:ins[ACGT]+)?)",
    re.I,
)
_PROTEIN = re.compile(
    r"(?:p\.)?\(?[A-Za-z*]{1,3}[0-9]+(?:[_-](?:[A-Za-z]|[A-Z][a-z]{2})[0-9]+)?"
    r"(?:[A-Za-z*=?]+[0-9*]*)?\)?"
)
#: Ids of transcripts and proteins: Ensembl, RefSeq.
TRANSCRIPT = re.compile(r"((?:ENS[TP]|N[MP]_|X[MP]_)[0-9]+)(?:\.[0-9]+)?", re.I)


def locus_of(text: str, contigs: Collection[str] = ()) -> tuple | None:
    """Return (contig, 1-based position, REF, ALT) if a text is a genomic position, else None.

    REF and ALT are None where only the position is given. Contigs of another kind than
    chromosomes are read where they are among `contigs`, or followed by ``:`` and a number.
    """
    match = _LOCUS.fullmatch(text.strip())
    if match is None:
        return None
    chrom = match["chrom"]
    if accession := re.match(r"NC_0000([0-9]{2})", chrom, re.I):
        number = int(accession[1])
        chrom = {23: "X", 24: "Y"}.get(number, str(number))
    bare = re.sub(r"^chr", "", chrom, flags=re.I)
    if chrom not in contigs:
        chrom = with_chr(bare.upper() if bare.upper() in {"X", "Y", "M", "MT"} else bare)
        if not chrom.startswith("chr"):
            chrom = match["chrom"]
    ref, alt = ((match[key] or "").upper() or None for key in ("ref", "alt"))
    return with_chr(chrom), int(match["pos"].replace(",", "")), ref, alt


def is_protein(word: str) -> bool:
    """Tell whether a word is written as a protein change: ``C121S``, ``p.(Cys121Ser)``."""
    start = re.match(r"(?:p\.)?\(?([A-Za-z*]+)[0-9]+", word)
    if start is None:
        return False
    first = start[1].capitalize()
    return word.startswith("p.") or first in RESIDUES or first in set(RESIDUES.values())


def short_protein(text: str) -> str:
    """Return the short form of a protein change: ``p.(Cys121Ser)`` gives ``C121S``.

    A stop is ``*``, no change ``=``; the length of a shifted frame is left out.
    """
    text = re.sub(r"^p\.", "", text.strip(), flags=re.I).strip("()")
    for long, short in RESIDUES.items():
        text = re.sub(f"{long}(?![a-z])" if long == "Ter" else long, short, text, flags=re.I)
    text = re.sub(r"(?i)stop$|X$", "*", text)
    return text


def comparable_protein(text: str) -> str:
    """Return one spelling for all of a protein change, for comparison."""
    text = short_protein(text).upper().replace("INS*", "INSX")
    if shifted := re.match(r"([A-Z*][0-9]+)[A-Z]?FS", text):
        return f"{shifted[1]}FS"
    if same := re.fullmatch(r"([A-Z])([0-9]+)(?:\1|=)", text):
        return f"{same[1]}{same[2]}="
    ranged = re.match(r"([A-Z*])([0-9]+)[-_]([A-Z*])([0-9]+)(.*)", text)
    return f"{ranged[1]}{ranged[2]}_{ranged[3]}{ranged[4]}{ranged[5]}" if ranged else text


def comparable_coding(text: str) -> str:
    """Return one spelling for all of a coding change: capitals, deleted bases left out."""
    text = re.sub(r"^C\.", "", text.strip().upper())
    return re.sub(r"(DEL|DUP)[ACGT]+", r"\1", text)


def is_coding(word: str) -> bool:
    """Tell whether a word is written as a change of the coding sequence: ``c.362G>C``."""
    return bool(re.match(r"c\.[-*0-9]", word, re.I) or _CODING.fullmatch(word))


def split_gene(word: str, genes: Mapping[str, str]) -> list[str]:
    """Split a gene off the head of a word: ``BRAF-V600E`` and ``BRAF_amp`` give two.

    `genes` are the known symbols by their capitals. The longest symbol is taken, since a symbol
    may have a dash. The id of a catalogue row (``MAP2K1-C121S-PLX4720``) is left whole.
    """
    upper = word.upper()
    for end in range(len(word) - 1, 1, -1):
        if word[end] in "-_/:|.,;(" and upper[:end] in genes:
            rest = word[end + 1 :].rstrip(")") if word[end] == "(" else word[end + 1 :]
            whole = is_coding(rest) or _PROTEIN.fullmatch(rest) or rest.casefold() in COPY_WORDS
            return [word[:end], rest] if whole or not rest else [word]
    return [word]


def words_of(text: str, genes: Mapping[str, str]) -> list[str]:
    """Return the words of a query, without what reports put in brackets behind a name."""
    text = re.sub(r"\s\((?!p\.)[^()]*\)\s*$", "", f" {text.translate(TYPOGRAPHY)} ")
    text = re.sub(r"(?i)\b(?:c|p)\.\s+", lambda match: match[0].strip(), text)
    text = text.replace("&gt;", ">").replace("->", ">")
    # A transcript with its gene in brackets: NM_002755.3(MAP2K1):c.362G>C.
    text = re.sub(rf"({TRANSCRIPT.pattern})\(([A-Za-z0-9-]+)\)", r"\1 \3", text, flags=re.I)
    found = []
    for word in text.split():
        parts = [part for part in re.split(r":(?!-?[0-9])", word) if part]
        if locus_of(word):
            parts = [word]
        for part in parts:
            found += [piece for piece in split_gene(part, genes) if piece]
    return [word.strip(",;").removeprefix("(") for word in found]
