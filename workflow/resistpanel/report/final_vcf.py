"""The final VCF: the annotated calls with state, mechanism and catalogue level on each record.

Records, alleles and FORMAT fields are those of `resistpanel annotate`; what compare and resist
found is added, so that the answer can be taken on to other tools. Values hold no character that
VCF 4.3 reserves: those are percent-encoded (section 1.2 of the specification), spaces become
underscores.
"""

from pathlib import Path

import pysam

from resistpanel import __version__
from resistpanel.core.errors import InputError
from resistpanel.core.files import rename, replacing
from resistpanel.core.text import counted
from resistpanel.report.clones import clone_of
from resistpanel.report.masking import clean_record, policy_of
from resistpanel.report.parts import effects, line_of, state_at, trajectory
from resistpanel.report.review import decisions_of

#: INFO fields: name, Number, Type, Description.
INFO = (
    ("RP_REPORTED", 0, "Flag", "Reported as a somatic variant"),
    ("RP_KEY", 0, "Flag", "Stands behind the verdict"),
    ("RP_DRIVER", 0, "Flag", "The sensitising driver"),
    ("RP_STATE", 1, "String",
     "State under the latest line of therapy: acquired, emergent, rising, lost, falling, stable, "
     "undetermined, not_covered or absent"),
    ("RP_BEFORE", 1, "String", "Before the first dose of that line: present, possible, excluded or "
     "not_known"),
    ("RP_STATUS", 1, "String", "In the latest samples: present, gone, absent or not_known"),
    ("RP_TRAJECTORY", 1, "String", "Course in the lesions with three or more samples"),
    ("RP_RANK", 1, "Integer", "Rank among the findings, 1 is first"),
    ("RP_EFFECT", 1, "String", "Against the drugs given: known, candidate, driver, "
     "other_driver, not_connected or no_effect; of germline variants inherited_resistance"),
    ("RP_MECHANISM", 1, "String", "How it acts against the drugs given"),
    ("RP_MATCH", 1, "String", "Catalogue match: exact, codon, range, gene, class or pathway"),
    ("RP_DIRECTION", 1, "String", "Direction in the catalogue: resistance, none or sensitivity"),
    ("RP_EVIDENCE", ".", "String", "Catalogue rows on the drugs given, as ID|level|drugs (joined "
     "by &)|PMIDs (joined by &)"),
    ("RP_NEGATIVE", ".", "String",
     "Catalogue rows for which this site was examined and found in no sample"),
    ("RP_DISTRIBUTION", 1, "String", "Over the lesions: truncal, shared, private or absent"),
    ("RP_CLONE", 1, "String", "Clone that the variant is of, where there are three or more samples "
     "with tumour"),
    ("RP_REVIEW", 1, "String", "Decision of a reader on the finding: accepted, rejected, or "
     "reopened where its basis has changed since"),
    ("RP_CALLERS", ".", "String", "Callers that called it, where others were run"),
)  # fmt: skip
#: FORMAT fields.
FORMAT = (
    ("RPST", 1, "String", "State of this sample against the earlier one it is compared with"),
    ("CCF", 1, "Float", "Cancer cell fraction, where purity and copy number are known"),
)  # fmt: skip

RESERVED = {c: f"%{ord(c):02X}" for c in "%:;=,|&\t\r\n"} | {" ": "_"}


def coded(value: object) -> str:
    """Return text as a VCF value; nothing becomes ``.``."""
    return "".join(RESERVED.get(c, c) for c in str(value)) or "."


def info_of(report: dict) -> dict[str, dict]:
    """Return the INFO fields of each variant by its id."""
    resist = report["resist"]
    findings = {f["variant"]: f for f in resist["findings"]}
    effect = effects(report)
    keys = set(resist["verdict"]["key_variants"])
    negative: dict[str, dict] = {}
    for site in resist["negative_sites"]:
        negative.setdefault(site["site"], {}).update(dict.fromkeys(site["ids"]))
    lesions = report["compare"]["lesions"]["variants"]
    clone, decided = clone_of(report), decisions_of(report)
    callers = {v["id"]: v["called_by"] for v in (report.get("callers") or {}).get("variants", ())}
    found = {}
    for v in report["compare"]["variants"]:
        f = findings.get(v["id"], {})
        values = {
            "RP_REPORTED": v["reported"], "RP_KEY": v["id"] in keys,
            "RP_DRIVER": v["id"] == resist["driver"]["variant"],
            "RP_STATE": v["state"], "RP_BEFORE": (line_of(v) or {}).get("before"),
            "RP_STATUS": v["status"], "RP_TRAJECTORY": "; ".join(trajectory(v)) or None,
            "RP_RANK": f.get("rank"), "RP_EFFECT": effect.get(v["id"]),
            "RP_MECHANISM": f.get("mechanism_class"), "RP_MATCH": f.get("match_level"),
            "RP_DIRECTION": f.get("direction"),
            "RP_EVIDENCE": [evidence(row) for row in f.get("evidence", ())],
            "RP_NEGATIVE": [] if found_at_all(v) else [coded(i) for i in negative.get(v["id"], ())],
            "RP_DISTRIBUTION": (lesions.get(v["id"]) or {}).get("kind"),
            "RP_CLONE": clone.get(v["id"]),
            "RP_REVIEW": decided.get(v["id"]),
            "RP_CALLERS": [coded(c) for c in callers.get(v["id"], ())],
        }  # fmt: skip
        found[v["id"]] = {
            name: coded(value) if isinstance(value, str) else value
            for name, value in values.items()
            if value not in (None, False, [])
        }
    return found


def found_at_all(variant: dict) -> bool:
    """Return whether a variant was detected in any sample."""
    return any(e["detected"] for e in variant["samples"].values())


def evidence(row: dict) -> str:
    """Return one row of evidence as ``ID|level|drugs|PMIDs``."""
    drugs = "&".join(coded(d) for d in row["drugs"])
    pmids = "&".join(coded(p.strip()) for p in str(row["pmid"] or "").split(";") if p.strip())
    return "|".join([coded(row["id"]), coded(row["evidence_level"] or "."), drugs or ".", pmids])


def formats_of(report: dict) -> dict[str, dict[str, dict]]:
    """Return the FORMAT fields of each variant and sample."""
    found = {}
    for v in report["compare"]["variants"]:
        state = {name: state_at(v, name).get("state") for name in v["samples"]}
        found[v["id"]] = {
            name: {"RPST": coded(state.get(name) or "."), "CCF": seen["ccf"]}
            for name, seen in v["samples"].items()
        }
    return found


def add_header(header: pysam.VariantHeader, report: dict, where: str) -> None:
    """Add what the fields mean, and the verdict in words."""
    for kind, place, fields in (
        ("INFO", header.info, INFO),
        ("FORMAT", header.formats, FORMAT),
    ):
        for name, number, data, text in fields:
            if name in place:
                raise InputError(
                    f"has {kind}/{name} already", where, "give the VCF of `resistpanel annotate`"
                )
            place.add(name, number, data, text)
    verdict = report["resist"]["verdict"]
    lines = {
        "resistpanel_report": __version__,
        "resistpanel_patient": report["patient"],
        "resistpanel_verdict": verdict["kind"],
        "resistpanel_confidence": verdict["confidence"],
        "resistpanel_sentence": verdict["sentence"],
    }
    if policy := policy_of(report):
        lines["resistpanel_germline"] = f"{policy['policy']}: {policy['text']}"
    decided = decisions_of(report)
    for f in report["resist"]["findings"]:
        if f["variant"].startswith("copynumber:"):
            name = f["variant"].replace(":", "_").replace("copynumber", "resistpanel_copynumber")
            words = [f["effect"], f["mechanism_class"], f["state"], decided.get(f["variant"])]
            lines[name] = ", ".join(str(word) for word in words[: 3 + bool(words[3])])
    for key, text in lines.items():
        # A line break would end the header line; htslib ends a value at a NUL.
        header.add_line(f"##{key}={' '.join(str(text).replace(chr(0), '').split()) or '.'}")


def write_vcf(
    report: dict, source: str | Path, output: str | Path, only_pass: bool = False
) -> None:
    """Write the final VCF, bgzipped, with its index beside it.

    Parameters
    ----------
    report : dict
        report.json.
    source : path
        The VCF of `resistpanel annotate` that the report was made from.
    output : path
        ``.vcf.gz``; the index is written to ``.vcf.gz.tbi``.
    only_pass : bool
        Leave out records whose FILTER is not PASS: near misses and sites that were not detected.

    Raises
    ------
    InputError
        The VCF cannot be read, is of other samples, or lacks a variant of the report.
    """
    if not str(output).endswith(".vcf.gz"):
        raise InputError("is not named .vcf.gz", str(output), "name it so: it is bgzipped")
    infos, formats = info_of(report), formats_of(report)
    names = {s["sample"] for s in report["compare"]["samples"]}
    loud = pysam.set_verbosity(0)  # a missing index, of which htslib complains, is no fault here
    try:
        opened = pysam.VariantFile(str(source))
    except (OSError, ValueError) as error:
        raise InputError("cannot be read as VCF", str(source), str(error)) from error
    finally:
        pysam.set_verbosity(loud)
    with opened as records, replacing(output) as temporary:
        if set(records.header.samples) != names:
            other = sorted(set(records.header.samples) ^ names)
            raise InputError(
                f"names other samples than the report: {', '.join(other)}",
                str(source),
                "give the VCF of the same patient",
            )
        add_header(records.header, report, str(source))
        policy, left = policy_of(report), set(infos)
        variants = {v["id"]: v for v in report["compare"]["variants"]} if policy else {}
        with pysam.VariantFile(str(temporary), "wz", header=records.header) as target:
            for record in records:
                identifier = f"{record.chrom}:{record.pos}:{record.ref}:{(record.alts or '.')[0]}"
                left.discard(identifier)
                if policy:
                    if identifier in variants:
                        clean_record(record, variants[identifier], variants)
                    elif not second_breakend(record):
                        continue  # withheld
                add(record, infos.get(identifier, {}), formats.get(identifier, {}))
                if not only_pass or list(record.filter) == ["PASS"]:
                    target.write(record)
        if left:
            raise InputError(
                f"lacks {counted(len(left), 'variant')} of the report, the first {min(left)}",
                str(source),
                "give the VCF that the report was made from",
            )
        index(temporary, output)


def second_breakend(record: pysam.VariantRecord) -> bool:
    """Return whether a record is of a somatic pair of breakends; the first alone is compared."""
    return "MATEID" in record.info and record.info.get("MODEL") == "somatic"


def add(record: pysam.VariantRecord, info: dict, formats: dict[str, dict]) -> None:
    """Add the fields of one record."""
    for name, value in info.items():
        record.info[name] = tuple(value) if isinstance(value, list) else value
    for sample, values in formats.items():
        for name, value in values.items():
            if value is not None:
                record.samples[sample][name] = value


def index(written: Path, output: str | Path) -> None:
    """Index the temporary file under the name that its final name asks for."""
    made = Path(f"{written}.tbi")
    try:
        pysam.tabix_index(str(written), preset="vcf", force=True)
        rename(made, f"{output}.tbi")
    finally:
        made.unlink(missing_ok=True)
