"""How each caller writes counts and verdicts into its VCF.

A format is a function of one record (one allele, split by ``bcftools norm``) that returns the
evidence per column of the VCF and the names of the filters that the allele failed; an allele
without a filter is a somatic call.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pysam

from resistpanel.extras.caller_records import Evidence
from resistpanel.extras.extras_constants import FREEBAYES

#: VarDict's words for what is somatic (its README, "Somatic classification").
VARDICT_SOMATIC = {"StrongSomatic", "LikelySomatic"}


@dataclass(frozen=True)
class Columns:
    """What the columns of a VCF are.

    Attributes
    ----------
    names : dict of str to str
        The patient's sample of each column; columns of strangers are left out.
    normal : str or None
        The patient's normal.
    paired : bool
        The file is of one tumour by itself.
    """

    names: Mapping[str, str]
    normal: str | None
    paired: bool = False


def number(value: object, index: int = 0) -> float | None:
    """Return a VCF value, or its `index`-th part, as a number; None where there is none."""
    if isinstance(value, tuple):
        value = value[index] if index < len(value) else None
    if value is None or isinstance(value, str):
        return None
    return None if math.isnan(value) else float(value)


def count(value: object, index: int = 0) -> int | None:
    """Return a VCF value, or its `index`-th part, as a whole number."""
    found = number(value, index)
    return None if found is None else int(found)


def fraction(alt: int | None, depth: int | None) -> float | None:
    """Return alt / depth, None without depth."""
    return alt / depth if alt is not None and depth else None


def failed(record: pysam.VariantRecord) -> tuple[str, ...]:
    """Return the FILTER names of a record; PASS and ``.`` are none."""
    return tuple(name for name in record.filter if name not in ("PASS", "."))


def samples(record: pysam.VariantRecord, columns: Columns):
    """Yield (the patient's sample, FORMAT fields) of a record."""
    for column, data in record.samples.items():
        if column in columns.names:
            yield columns.names[column], data


def info(record: pysam.VariantRecord, key: str) -> object:
    """Return an INFO value; None where the record has none or the header does not declare it."""
    return record.info[key] if key in record.header.info and key in record.info else None


def field(data: pysam.VariantRecordSample, key: str) -> object:
    """Return a FORMAT value; None where the record does not have the field."""
    return data.get(key)


def freebayes_filters(
    evidence: Mapping[str, Evidence],
    normal: str | None,
    strands: int,
    qual: float,
    settings: Mapping[str, float] = FREEBAYES,
) -> tuple[str, ...]:
    """Return which parts of the simple somatic filter an allele fails; sets `called`.

    ``weak``: no tumour shows enough reads and AF; ``in_normal``: the normal shows too much of
    it; ``one_strand``: no read on a strand; ``low_qual``: QUAL.
    """
    highest = 0.0
    for name, one in evidence.items():
        enough = (one.alt or 0) >= settings["alt"] and (one.af or 0) >= settings["af"]
        one.called = enough and name != normal
        if one.called:
            highest = max(highest, one.af or 0.0)
    beside = evidence[normal].af or 0.0 if normal in evidence else 0.0
    found = []
    if not highest:
        found.append("weak")
    if beside and beside >= settings["normal_share"] * highest:
        found.append("in_normal")
    if strands < settings["strand"]:
        found.append("one_strand")
    if qual < settings["qual"]:
        found.append("low_qual")
    return tuple(found)


def freebayes(record: pysam.VariantRecord, columns: Columns):
    """AO of DP reads; its somatic filter is ours, see `FREEBAYES`."""
    evidence = {}
    for name, data in samples(record, columns):
        alt, depth = count(field(data, "AO")), count(field(data, "DP"))
        evidence[name] = Evidence(alt, depth, fraction(alt, depth))
    strands = min(count(info(record, key)) or 0 for key in ("SAF", "SAR"))
    filters = freebayes_filters(evidence, columns.normal, strands, record.qual or 0.0)
    for one in evidence.values():
        one.called = bool(one.called) and not filters
    return evidence, filters


def mutect2(record: pysam.VariantRecord, columns: Columns):
    """AD and AF; FILTER of FilterMutectCalls and, of one allele among several, AS_FilterStatus."""
    evidence = {
        name: Evidence(
            count(field(data, "AD"), 1),
            count(field(data, "DP")),
            number(field(data, "AF")),
        )
        for name, data in samples(record, columns)
    }
    return evidence, tuple(dict.fromkeys([*failed(record), *own_status(record)]))


def own_status(record: pysam.VariantRecord) -> list[str]:
    """Return the filters of this allele alone, from AS_FilterStatus.

    GATK separates alleles with ``|`` and an allele's filters with ``,``, against the header's
    Number=A, so that splitting the record spoils the field: `resistpanel.extras.caller_vcf` puts
    the whole text and the allele's number into INFO/AS_ALL and INFO/AS_INDEX. ``SITE`` means that
    no allele-specific filter applies.
    """
    text, index = info(record, "AS_ALL"), count(info(record, "AS_INDEX"))
    if not text or not index:
        return []
    parts = text.split("|")
    if not 0 < index <= len(parts):
        return []
    return [name for name in parts[index - 1].split("+") if name not in ("SITE", "PASS", ".")]


def vardict(record: pysam.VariantRecord, columns: Columns):
    """VD of DP reads; FILTER, and what INFO/STATUS says against the normal."""
    evidence = {}
    for name, data in samples(record, columns):
        alt, depth = count(field(data, "VD")), count(field(data, "DP"))
        af = number(field(data, "AF"))
        evidence[name] = Evidence(alt, depth, fraction(alt, depth) if af is None else af)
    filters = list(failed(record))
    status = info(record, "STATUS")
    if status is not None and status not in VARDICT_SOMATIC:
        filters.append(f"status_{status}")
    return evidence, tuple(filters)


def strelka2(record: pysam.VariantRecord, columns: Columns):
    """Tier 1 counts: of SNVs AU, CU, GU, TU, of indels TAR and TIR (its user guide)."""
    evidence = {}
    for name, data in samples(record, columns):
        if "TIR" in record.format:
            alt, other = count(field(data, "TIR")), count(field(data, "TAR"))
        else:
            alt = count(field(data, f"{record.alts[0]}U"))
            other = count(field(data, f"{record.ref}U"))
        depth = None if alt is None or other is None else alt + other
        evidence[name] = Evidence(alt, depth, fraction(alt, depth))
    return evidence, failed(record)


def plain(record: pysam.VariantRecord, columns: Columns):
    """AD, or AO of DP, or AF; FILTER, and INFO/SOMATIC where the header declares it."""
    evidence = {}
    for name, data in samples(record, columns):
        alt, depth = count(field(data, "AD"), 1), count(field(data, "DP"))
        if alt is not None and depth is None:
            depth = alt + (count(field(data, "AD"), 0) or 0)
        if alt is None:
            alt = count(field(data, "AO"))
        af = number(field(data, "AF"))
        evidence[name] = Evidence(alt, depth, fraction(alt, depth) if af is None else af)
    filters = list(failed(record))
    if "SOMATIC" in record.header.info and "SOMATIC" not in record.info:
        filters.append("not_somatic")
    return evidence, tuple(filters)


Format = Callable[[pysam.VariantRecord, Columns], tuple[dict[str, Evidence], tuple[str, ...]]]

#: Format by name, and the text in a VCF's header by which it is known.
FORMATS: dict[str, Format] = {
    "freebayes": freebayes,
    "mutect2": mutect2,
    "vardict": vardict,
    "strelka2": strelka2,
    "vcf": plain,
}
MARKS = {
    "##source=freebayes": "freebayes",
    "##source=mutect2": "mutect2",
    "##gatkcommandline=<id=mutect2": "mutect2",
    "##source=vardict": "vardict",
    "##source=strelka": "strelka2",
    "##content=strelka": "strelka2",
}
#: What a call is, in a sentence, by format.
RULES = {
    "freebayes": (
        f"{FREEBAYES['alt']:.0f} reads and AF {FREEBAYES['af']:.0%} in a tumour, the normal's AF "
        f"below {FREEBAYES['normal_share']:.0%} of the highest tumour's, a read on each strand: "
        "freebayes has no somatic filter"
    ),
    "mutect2": "FILTER of FilterMutectCalls is PASS, and no allele-specific filter applies",
    "vardict": "FILTER is PASS and STATUS is StrongSomatic or LikelySomatic",
    "strelka2": "FILTER is PASS",
    "vcf": "FILTER is PASS or missing, with INFO/SOMATIC where the header declares it",
}


def format_of(header: str) -> str:
    """Return the name of the format of a VCF by its header, ``vcf`` if none is known."""
    for line in header.splitlines():
        for mark, name in MARKS.items():
            if line.casefold().startswith(mark):
                return name
    return "vcf"
