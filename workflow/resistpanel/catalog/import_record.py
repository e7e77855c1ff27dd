"""What the three importers have in common: a record, and its catalogue row."""

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from resistpanel.catalog import protein
from resistpanel.catalog.classes import Diseases
from resistpanel.catalog.drugs import Drugs
from resistpanel.catalog.numbering import Numbering
from resistpanel.catalog.pathway import Pathway
from resistpanel.core.text import counted

#: Words by which the knowledge bases call alterations of a whole gene.
_GENE_LEVEL = {
    "amplification": ("amplification", "amplification", "gene"),
    "amp": ("amplification", "amplification", "gene"),
    "deletion": ("deletion", "deletion", "gene"),
    "del": ("deletion", "deletion", "gene"),
    "loss": ("deletion", "deletion", "gene"),
    "copy number loss": ("deletion", "deletion", "gene"),
    "loss-of-function": ("loss_of_function", "loss of function", "gene"),
    "loss of function": ("loss_of_function", "loss of function", "gene"),
    "truncating mutation": ("loss_of_function", "loss of function", "gene"),
    "inactivating mutation": ("loss_of_function", "loss of function", "gene"),
    "overexpression": ("overexpression", "overexpression", "none"),
    "over": ("overexpression", "overexpression", "none"),
}


#: Words for a mutation that is not named: it may be anywhere in the gene.
_UNNAMED = {"mutation", "any mutation", "oncogenic mutation", ".", ""}

#: Symbols by which fusions are called.
_SYMBOLS = {"ABL": "ABL1", "PDGFRa": "PDGFRA"}

#: A change that the fusion's kinase has: ``T315I``, ``T1151dup``; ``E255K/V`` is none.
_CHANGE = re.compile(r"(?:p\.)?[A-Z]\d+(?:_[A-Z]\d+)?(?:[A-Z]|(?:del|ins|dup|delins)[A-Z*]*)?")


@dataclass(frozen=True, slots=True)
class Record:
    """One statement of a knowledge base that an alteration resists, or does not resist, drugs.

    Attributes
    ----------
    identifier : str
        Unique within the export, e.g. ``EID1602``.
    gene, alteration : str
        As the knowledge base writes them.
    drugs : tuple of str
    disease : str
    direction : str
        ``resistance`` or ``none``.
    evidence_level : str
        In the words of the catalogue.
    pmid : tuple of str
    note : str
    """

    identifier: str
    gene: str
    alteration: str
    drugs: tuple[str, ...]
    disease: str
    direction: str
    evidence_level: str
    pmid: tuple[str, ...] = ()
    note: str = ""


@dataclass
class Imported:
    """The rows of an import, and how many statements were left out for which reason."""

    rows: list[dict[str, str]] = field(default_factory=list)
    skipped: Counter = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """Return one line on the rows and one per reason, the commonest first."""
        lines = [f"{counted(len(self.rows), 'row')} imported"]
        lines += [f"{number} left out: {why}" for why, number in self.skipped.most_common()]
        return lines


def alteration_of(text: str) -> tuple[str, str, str] | None:
    """Return (alteration_type, alteration, match_level) of a knowledge base's wording, or None.

    Understood are protein changes (``V600E``, ``E746_A750DEL``), codons (``V600``, ``V600.``,
    ``.12.``), words for whole genes (``AMPLIFICATION``, ``amp``), and CGI's consequences with a
    range (``consequence::inframe_insertion:762-823``). A mutation that is not named is none.
    """
    text = text.strip().removeprefix("p.")
    if found := _GENE_LEVEL.get(text.lower()):
        return found
    if text.startswith("consequence::"):
        return _consequence(text)
    if "::" in text or "fusion" in text.lower():
        return "fusion", text, "none"
    if match := re.fullmatch(r"\.(\d+)\.", text):
        return "substitution", f"{match[1]}-{match[1]}", "range"
    if protein.parse_codon(text.rstrip(".")):
        return "substitution", text.rstrip("."), "codon"
    # CIViC writes the words of an indel in capitals.
    text = re.sub(r"(?<=\d)(DELINS|DEL|INS|DUP|FS)", lambda word: word[0].lower(), text)
    change = protein.parse(text)
    if change is None or change.kind in {"synonymous", "stop_lost"}:
        return None
    if change.truncating:
        return "loss_of_function", text, "exact"
    kind = {"deletion": "inframe_deletion", "delins": "inframe_indel"}.get(
        change.kind, "inframe_insertion" if change.inframe else "substitution"
    )
    return kind, text, "exact"


def _consequence(text: str) -> tuple[str, str, str] | None:
    """Return the alteration of CGI's ``consequence::inframe_insertion:762-823``, or None."""
    kind, _, place = text.removeprefix("consequence::").partition(":")
    if kind not in {"inframe_insertion", "inframe_deletion"} or protein.parse_range(place) is None:
        return None
    return kind, place, "range"


def of_kinase(gene: str, alteration: str, genes: Collection[str]) -> tuple[str, str]:
    """Return gene and alteration of a change that is written with the fusion it is in.

    ``ALK``, ``FUSION G1202R`` is ALK G1202R; ``BCR-ABL``, ``T315I`` and ``BCR``, ``ABL T315I`` are
    ABL1 T315I; ``EML4::ALK Fusion AND ALK L1196M`` is ALK L1196M. A fusion without a change stays
    as it is, and so do two changes, which may have to be together.

    Parameters
    ----------
    gene, alteration : str
        As the knowledge base writes them.
    genes : collection of str
        Symbols of the kinases: of two partners, the one among these is meant.
    """
    words = [part.strip(" ()") for part in re.split(r"\s+AND\s+", f"{gene} {alteration}")]
    fusions = [word for word in words if "::" in word or "fusion" in word.lower()]
    changes = [word for word in words if word not in fusions]
    if len(words) > 1:
        if len(changes) != 1 or len(fusions) != len(words) - 1:
            return gene, alteration
        symbol, _, change = changes[0].partition(" ")
        return symbol, change
    bare = re.sub(r"\bfusion\b", " ", f"{gene} {alteration}", flags=re.IGNORECASE)
    *partners, change = [part for part in re.split(r"::|-|\s+", bare) if part] or [""]
    if not _CHANGE.fullmatch(change):
        return gene, alteration
    partners = [_SYMBOLS.get(part, part) for part in partners]
    kinases = [part for part in partners if part in genes] if len(partners) == 2 else partners
    if len(kinases) == 1 and (len(partners) == 2 or "fusion" in alteration.lower()):
        return kinases[0], change
    return gene, alteration


def to_rows(
    records: Iterable[Record], base: str, stamp: str, drugs: Drugs, diseases: Diseases,
    pathway: Pathway, numbering: Numbering | None = None,
) -> Imported:  # fmt: skip
    """Return catalogue rows of the records that can be read.

    Parameters
    ----------
    records : iterable of Record
    base : str
        Name of the knowledge base, e.g. ``CIViC``.
    stamp : str
        Date and checksum of the export, for the source column.
    drugs, diseases, pathway
        Of the catalogue. The mechanism class is where the gene stands in the pathway relative
        to the drugs' targets; ``other`` where it is not connected.
    numbering : Numbering, optional
        Changes in another numbering than the catalogue's are imported in this one, with a note.
    """
    imported = Imported()
    kinases = {target for drug in drugs for target in drug.targets}
    for record in records:
        gene, text = of_kinase(record.gene, record.alteration, kinases)
        record = dataclasses.replace(record, gene=gene, alteration=text)
        if text.strip().lower() in _UNNAMED:
            imported.skipped["a mutation that is not named"] += 1
            continue
        found = alteration_of(text)
        if found is None:
            imported.skipped["the alteration cannot be matched on a panel"] += 1
            continue
        if not re.fullmatch(r"[A-Z0-9][A-Za-z0-9-]*", record.gene):
            imported.skipped["more than one gene"] += 1
            continue
        known = [drugs.get(name) for name in record.drugs]
        if not known or None in known:
            imported.skipped["a drug that drugs.tsv does not know"] += 1
            continue
        kind, alteration, level = found
        note = " ".join(record.note.split())
        if numbering and (read := numbering.read_text(record.gene, alteration)):
            note = "; ".join(filter(None, [f"{alteration} in the numbering of the source", note]))
            alteration = read
        names = ";".join(dict.fromkeys(drug.name for drug in known))
        mechanism = "none"
        if record.direction == "resistance":
            targets = [target for drug in known for target in drug.targets]
            relation = pathway.relate(record.gene, targets)
            mechanism = relation.mechanism_class if relation else "other"
            if mechanism == "on_target_mutation" and kind == "amplification":
                mechanism = "on_target_amplification"
        label = re.sub(r"[^A-Za-z0-9._*-]+", "_", f"{record.gene}-{alteration}")
        imported.rows.append(
            {
                "id": f"{base.lower()}-{record.identifier}-{label}",
                "gene": record.gene,
                "alteration_type": kind,
                "alteration": alteration,
                "match_level": level,
                "drugs": names,
                "drug_class": "",
                "disease": diseases.canonical(record.disease),
                "mechanism_class": mechanism,
                "direction": record.direction,
                "evidence_level": record.evidence_level,
                "effect_size": "",
                "source": f"{base} {record.identifier} ({stamp})",
                "pmid": ";".join(record.pmid),
                "note": note,
            }
        )
    return imported


def pmids(text: object) -> tuple[str, ...]:
    """Return the PubMed ids in a cell such as ``PMID:21383288;PMID:19915144`` or ``21383288``."""
    return tuple(dict.fromkeys(re.findall(r"(?<![A-Za-z0-9])\d{6,8}(?!\d)", str(text or ""))))
