"""Junctions as records of the VCF: symbolic alleles, and breakends in pairs."""

import dataclasses

from resistpanel.call.vcf_writer import Record
from resistpanel.core.junction import LEFT, Junction
from resistpanel.core.reference import Reference


def name(junction: Junction) -> str:
    """Return what the identifiers of a junction's two breakends begin with."""
    sides = "".join("LR"[end.side] for end in (junction.first, junction.second))
    ends = "_".join(f"{end.contig}_{end.base + 1}" for end in (junction.first, junction.second))
    return f"bnd_{ends}_{sides}"


def interval(junction: Junction, second: bool) -> list[int] | None:
    """Return CIPOS of a breakend, None where its place is exact.

    By homology, the second one moves to the right with the first if it is on the other side. An
    imprecise one is beyond the reads of the pairs that show it.
    """
    end = junction.second if second else junction.first
    if not junction.precise:
        return [0, junction.uncertain] if end.side == LEFT else [-junction.uncertain, 0]
    if not junction.homology:
        return None
    along = not second or junction.first.side != junction.second.side
    return [0, junction.homology] if along else [-junction.homology, 0]


def junction_record(
    junction: Junction, failed: list[str], info: dict, samples: list[dict], reference: Reference
) -> Record:
    """Return the record of a junction: of a breakend, that of the first."""
    homology = junction.homology
    end = junction.first
    told = {
        "SVTYPE": junction.type,
        "END": None if junction.type == "BND" else junction.second.pos,
        "SVLEN": junction.length,
        "IMPRECISE": not junction.precise,
        "CIPOS": interval(junction, second=False),
        "HOMLEN": homology or None,
        "HOMSEQ": reference(end.contig, end.pos, end.pos + homology) if homology else None,
        "SVINSLEN": len(junction.inserted) or None,
        "SVINSSEQ": junction.inserted or None,
    }
    identifier = "."
    if junction.type == "BND":
        identifier = f"{name(junction)}_1"
        told["MATEID"] = f"{name(junction)}_2"
    place = junction.contig, junction.pos + 1, junction.ref, junction.alt
    return Record(*place, failed, info | told, samples, identifier)


def mate_record(record: Record, junction: Junction, reference: Reference) -> Record:
    """Return the record of a breakend's mate, with the same evidence."""
    contig, pos, ref, alt, inserted = junction.mate(reference)
    info = dict(record.info, MATEID=record.id)
    homology = junction.homology
    info["CIPOS"] = interval(junction, second=True)
    if homology:
        along = junction.first.side != junction.second.side
        start = junction.second.pos if along else junction.second.pos - homology
        info["HOMSEQ"] = reference(contig, start, start + homology)
    info["SVINSSEQ"] = inserted or None
    return dataclasses.replace(
        record, contig=contig, pos=pos, ref=ref, alt=alt, info=info, id=f"{record.id[:-1]}2"
    )
