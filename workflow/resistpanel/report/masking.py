"""Keep withheld inherited variants out of a report's other inputs: copy number, VCF, reads."""

from collections.abc import Collection

import pysam

from resistpanel.report.numbers import percent

#: INFO fields of the annotated VCF that name the alleles of the variant's haplotype together.
TOGETHER = ("BCSQ", "PROTEIN", "HAPLOTYPE", "HGVSP_ALONE", "RESIDUES")
#: INFO fields whose entries name another allele, as ``POS_REF_ALT...``.
OTHERS = ("PHASE", "REVERTS", "HGVSP_UNPHASED")


def policy_of(report: dict) -> dict | None:
    """Return what was withheld of inherited variants, None if nothing was."""
    return report["compare"].get("germline")


def listed(report: dict) -> list[str]:
    """Return the inherited variants that a policy keeps, in words, with their AF in each sample."""
    policy = policy_of(report)
    found = []
    for variant in report["compare"]["variants"] if policy else ():
        if variant["id"] not in policy["listed"]:
            continue
        seen = "; ".join(
            f"{name} {percent(sample['af'])}"
            for name, sample in variant["samples"].items()
            if sample["af"] is not None
        )
        name = variant["hgvs_p"] or variant["hgvs_c"] or variant["id"]
        found.append(f"{variant['gene']} {name} (AF {seen})")
    return found


def copies_without(copynumber: dict | None, policy: dict | None) -> dict | None:
    """Return copynumber.json without genotypes and origins of alleles, where a policy asks."""
    if copynumber is None or policy is None:
        return copynumber
    identity = copynumber["identity"]
    samples = dict.fromkeys(identity["genotypes"]["samples"], "")
    kept = {key: value for key, value in copynumber.items() if key != "origins"}
    return kept | {"identity": identity | {"genotypes": {"sites": [], "samples": samples}}}


def callers_without(
    callers: dict | None, policy: dict | None, kept: Collection[str]
) -> dict | None:
    """Return callers.json without variants that compare.json does not hold.

    What another caller alone took for somatic may be inherited: it is withheld, too.
    """
    if callers is None or policy is None:
        return callers
    return callers | {"variants": [v for v in callers["variants"] if v["id"] in kept]}


def reads_without(reads: dict | None, policy: dict | None, variants: list[dict]) -> dict | None:
    """Return the read evidence with the bases of the variants themselves alone.

    Neighbouring bases are shown as covered, whatever they are: any of them may be inherited.
    """
    if reads is None or policy is None:
        return reads
    by_id = {v["id"]: v for v in variants}
    found = {}
    for name, window in reads["variants"].items():
        variant = by_id[name]
        first = variant["pos"] - 1 - window["start"]
        shown = slice(max(first, 0), first + len(variant["ref"]))
        found[name] = window | {
            "samples": {
                sample: one | {"lines": [_line(line, shown) for line in one["lines"]]}
                for sample, one in window["samples"].items()
            }
        }
    return reads | {"variants": found}


def _line(line: dict, shown: slice) -> dict:
    chars, marks = line["chars"], line["marks"]
    reverse = chars.count(",") > chars.count(".") + chars.count(":")
    same = "," if reverse else "."
    hidden = "".join(c if c in " .,:" else same for c in chars)
    quiet = "".join("q" if mark == "q" else " " for mark in marks)
    return line | {
        "chars": hidden[: shown.start] + chars[shown] + hidden[shown.stop :],
        "marks": quiet[: shown.start] + marks[shown] + quiet[shown.stop :],
    }


def clean_record(record: pysam.VariantRecord, variant: dict, kept: Collection[str]) -> None:
    """Remove what a record of the annotated VCF says of alleles that are withheld.

    Parameters
    ----------
    record : pysam.VariantRecord
        Changed in place.
    variant : dict
        The same variant in compare.json, see `resistpanel.compare.inherited`.
    kept : collection of str
        Ids of the variants in compare.json.
    """
    for name in OTHERS:
        if name not in record.info:
            continue
        given = record.info[name]
        entries = [given] if isinstance(given, str) else list(given)
        left = [entry for entry in entries if _other(record.chrom, entry) in kept]
        del record.info[name]
        if left:
            record.info[name] = tuple(left)
    if "HAPLOTYPE" in record.info and not variant.get("haplotype"):
        for name in TOGETHER:
            if name in record.info:
                del record.info[name]
        for name, key in (("HGVSP", "hgvs_p"), ("CONSEQUENCE", "consequence")):
            if name in record.info and variant[key]:
                record.info[name] = variant[key].replace("=", "%3D")


def _other(contig: str, entry: str) -> str:
    pos, ref, alt = entry.split("_")[:3]
    return f"{contig}:{pos}:{ref}:{alt}"
