"""Table 1: one row per substituted base, as the paper prints them; phased bases share an event.

A published table (``--table1``) may stand beside the calls: its rows are matched by hg19
position and alleles and add what was printed. A printed row that was not called stays in the
table, without a call.
"""

import re
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text
from resistpanel.core.sequence import reverse_complement
from resistpanel.core.tables import parse_table, rows_of
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report.numbers import genomic, genomic_of
from resistpanel.report.words import consequence, rank_state

COLUMNS = (
    "gene_printed", "hg18", "hg19_chrom", "hg19_pos", "ref", "alt", "protein_printed", "type",
    "af_printed", "pre_printed",
)  # fmt: skip

#: An hg18 change as the table gives it, ``chr7:140099605 A>T``.
HG18 = re.compile(r"(\S+):(\d+) ([ACGT]+)>([ACGT]+)")


def bare(chrom: str) -> str:
    """Return a chromosome's name without ``chr``."""
    return chrom[3:] if chrom.lower().startswith("chr") else chrom


def load_published(path: str | Path) -> list[dict]:
    """Read a published table: TSV with the columns `COLUMNS` and, if wanted, ``gene``, ``note``.

    ``hg19_pos`` is 1-based, ``af_printed`` in per cent; ``.`` or nothing means not given.

    Raises
    ------
    InputError
        A column is missing, or a number is none.
    """
    path = Path(path)
    table = parse_table(read_text(path), str(path))
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise InputError(
            f"column {', '.join(missing)} is missing",
            where=f"{path}:{table.header}",
            cure=f"give the columns {' '.join(COLUMNS)}, separated by tabs",
        )
    rows = []
    for place, cells in rows_of(table, str(path)):
        row = {name: None if cell in ("", ".") else cell for name, cell in cells.items()}
        try:
            row["pos"] = int(row["hg19_pos"])
            row["af_printed"] = None if row["af_printed"] is None else float(row["af_printed"])
        except (TypeError, ValueError) as error:
            raise InputError("hg19_pos or af_printed is not a number", where=place) from error
        if not (row["hg19_chrom"] and row["ref"] and row["alt"]):
            raise InputError("hg19_chrom, ref or alt is empty", where=place)
        rows.append(row | {"chrom": row["hg19_chrom"]})
    return rows


def residue_of(variant: dict, index: int) -> int | None:
    """Return the residue that substitution `index` of a variant lies in.

    It is what compare.json says; failing that, it is worked out for two adjacent bases from the
    strand on which the cDNA name's alleles read.
    """
    substitution = variant["substitutions"][index]
    if substitution.get("residue") is not None:
        return substitution["residue"]
    residues = sorted(c["residue"] for c in variant["protein_changes"] if c["residue"] is not None)
    if len(residues) == 1:
        return residues[0]
    if len(residues) != len(variant["substitutions"]):
        return None
    reverse = reverse_complement(variant["alt"])
    name = variant["hgvs_c"] or ""
    if name.endswith(variant["alt"]) and variant["alt"] != reverse:
        return residues[index]
    return residues[-1 - index] if name.endswith(reverse) else None


def proteins_of(variant: dict, index: int) -> str | None:
    """Return the protein change (``p.E727K``) that substitution `index` makes or takes part in."""
    residue = residue_of(variant, index)
    changes = [c for c in variant["protein_changes"] if residue in (None, c["residue"])]
    return ", ".join(f"p.{c['short']}" for c in changes) or None


def type_of(variant: dict, index: int) -> str:
    """Return the kind of change that substitution `index` makes, in words."""
    residue = residue_of(variant, index)
    found = [c for c in variant["protein_changes"] if c["residue"] == residue and residue]
    return consequence((found[0].get("consequence") if found else None) or variant["consequence"])


def _printed(row: dict, samples: dict) -> dict:
    af = row["af_printed"]
    within = {
        name: s["af_low"] <= af / 100 <= s["af_high"]
        for name, s in samples.items()
        if af is not None and s["af_low"] is not None and s["af_high"] is not None
    }
    # As the paper prints it: g.chr7:140099605A>T
    return {
        "gene": row["gene_printed"],
        "change": HG18.sub(r"g.\1:\2\3>\4", row["hg18"]) if row["hg18"] else None,
        "protein": row["protein_printed"],
        "type": row["type"],
        "af_percent": af,
        "before": row["pre_printed"],
        "within": within or None,
        "note": row.get("note"),
    }


def table1(compare: dict, published: list[dict]) -> list[dict]:
    """Return the rows of Table 1.

    Parameters
    ----------
    compare : dict
        compare.json.
    published : list of dict
        Rows of `load_published`, or none.

    Returns
    -------
    list of dict
        ``table1`` of report.json: in the order of the published table, then by state and gene.
    """
    order = {(bare(r["chrom"]), r["pos"], r["ref"], r["alt"]): i for i, r in enumerate(published)}
    tumors = [s["sample"] for s in compare["samples"] if s["role"] in TUMOR_ROLES]
    events: list[tuple[tuple, list[dict]]] = []
    seen = set()
    for variant in compare["variants"]:
        if not variant["reported"]:
            continue
        samples = {
            name: {k: s[k] for k in ("af", "af_low", "af_high", "detected", "ub", "lod")}
            for name, s in variant["samples"].items()
            if name in tumors
        }
        parts = variant["substitutions"] or [None]
        rows = []
        places = []
        for i, part in enumerate(parts):
            chrom = variant["chrom"]
            alleles = (part or variant)["pos"], (part or variant)["ref"], (part or variant)["alt"]
            found = order.get((bare(chrom), *alleles))
            places.append(len(order) if found is None else found)
            if found is not None:
                seen.add(found)
            rows.append(
                {
                    "variant": variant["id"],
                    "gene": variant["gene"],
                    "change": genomic(chrom, *alleles) if part else genomic_of(variant),
                    "protein": proteins_of(variant, i)
                    if part
                    else (f"p.{variant['protein']}" if variant["protein"] else None),
                    "transcript": variant["transcript"],
                    "type": type_of(variant, i) if part else consequence(variant["consequence"]),
                    "state": variant["state"],
                    "published": None if found is None else _printed(published[found], samples),
                    "samples": samples,
                }
            )
        key = (min(places), rank_state(variant["state"]), variant["gene"] or "~", variant["id"])
        events.append((key, rows))
    for i, row in enumerate(published):
        if i not in seen:
            empty = dict.fromkeys(("variant", "protein", "transcript", "state"))
            change = genomic(row["chrom"], row["pos"], row["ref"], row["alt"])
            text = row["type"] or "Not called"
            events.append((
                (i, 0, "", ""),
                [empty | {"gene": row.get("gene") or row["gene_printed"], "change": change,
                          "type": text, "published": _printed(row, {}), "samples": {}}],
            ))  # fmt: skip
    events.sort(key=lambda event: event[0])
    return [row | {"event": i} for i, (_, rows) in enumerate(events, 1) for row in rows]
