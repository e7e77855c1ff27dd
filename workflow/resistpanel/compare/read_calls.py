"""Read the annotated VCF."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from resistpanel.annotate.residues import parse_short
from resistpanel.compare.compare_constants import DEFAULT_ERROR, ERROR_GROUP
from resistpanel.compare.reality import probability_real
from resistpanel.core import damage_kinds
from resistpanel.core.errors import InputError
from resistpanel.core.text import decode, rounded
from resistpanel.core.vcf import Call, CallVcf, Genotype, number
from resistpanel.core.vrs import VrsAllele
from resistpanel.records.compare import (
    Haplotype,
    Junction,
    Phase,
    ProteinChange,
    Reverted,
    Substitution,
    Unphased,
    Vrs,
)


@dataclasses.dataclass(frozen=True)
class Record:
    """One allele of the VCF.

    Parameters
    ----------
    fields : dict
        Fields of `resistpanel.records.compare.Variant` that describe the allele itself.
    evidence : dict of str to Genotype
        By sample.
    """

    fields: dict
    evidence: dict[str, Genotype]


class AnnotatedVcf:
    """The annotated VCF of a patient.

    Parameters
    ----------
    path : path

    Raises
    ------
    InputError
        If the file is missing, is no VCF, is not annotated, or lacks fields that the caller
        writes.
    """

    def __init__(self, path: str | Path):
        self.path = str(path)
        self._vcf = CallVcf(path, step="resistpanel annotate")
        self.samples = self._vcf.samples
        if "##INFO=<ID=HGVSC," not in self._vcf.header:
            raise InputError("is not annotated", str(path), "run `resistpanel annotate` on it")
        self._accessions = stated_accessions(self._vcf.parameters)
        self._errors = learned_errors(self._vcf.header)
        self._overdispersion = stated_overdispersion(self._vcf.header)

    def error(self, sample: str) -> float:
        """Return the expected rate of one wrong base in a sample, per fragment."""
        return self._errors.get(sample, DEFAULT_ERROR)

    def unit(self, sample: str) -> str:
        """Return what a sample's counts are of, fragments or molecules."""
        return self._vcf.unit(sample)

    def overdispersion(self, sample: str) -> float | None:
        """Return rho of a sample's allele counts, None if the caller states none."""
        return self._overdispersion.get(sample)

    def damage(self, sample: str) -> dict[str, float]:
        """Return the AF that damage reaches in an amplicon sample, by its kind; else nothing."""
        return damage_kinds.stated(
            self._vcf.parameters.get(f"{damage_kinds.PARAMETER}{sample}", "")
        )

    def __iter__(self) -> Iterator[Record]:
        for call in self._vcf:
            yield Record(describe(call, self._accessions), call.genotypes)
        seen = set()
        for call in self._vcf.junctions():
            # Of a pair of breakends the first; of two alleles of one name at a place, likewise.
            if not str(call.info.get("MATEID") or "").endswith("_1") and call.id not in seen:
                seen.add(call.id)
                yield Record(describe(call), call.genotypes)


def learned_errors(header: str) -> dict[str, float]:
    """Return the error rates that the caller states in its header, by sample.

    ``##resistpanel_error_rate_SAMPLE`` lists the rate of mismatches by quality group; a third
    of it is the rate of one wrong base.
    """
    found = {}
    for line in header.splitlines():
        match = re.fullmatch(r"##resistpanel_error_rate_(.+?)=([-+0-9.e,]+)", line)
        if match:
            rates = [float(rate) for rate in match[2].split(",") if rate not in ("", ".")]
            if rates:
                found[match[1]] = min(max(rates[min(ERROR_GROUP, len(rates) - 1)] / 3, 1e-6), 0.1)
    return found


def stated_overdispersion(header: str) -> dict[str, float]:
    """Return the overdispersion that the caller states in its header, by sample.

    ``##resistpanel_overdispersion_SAMPLE=rho:0.0004,low:...``; values outside [0, 1) are ignored.
    """
    found = {}
    for line in header.splitlines():
        match = re.fullmatch(r"##resistpanel_overdispersion_(.+?)=rho:([-+0-9.e]+),.*", line)
        if match and 0 <= float(match[2]) < 1:
            found[match[1]] = float(match[2])
    return found


def stated_accessions(parameters: dict[str, str]) -> dict[str, str]:
    """Return the refget accessions of the contigs that annotate states in its header."""
    entries = parameters.get("refget", "").split(",")
    return dict(entry.rsplit(":", 1) for entry in entries if ":" in entry)


def describe(call: Call, accessions: Mapping[str, str] = MappingProxyType({})) -> dict:
    """Return the fields of a variant's record that describe the allele itself.

    Parameters
    ----------
    call : Call
    accessions : mapping of str to str
        Refget accessions by contig.
    """
    info = call.info
    changes = tuple(_change(parse_short(short)) for short in call.words("PROTEIN"))
    phred = number(info.get("SOMATIC_PHRED"))
    population = number(info.get("POPAF"))
    real = probability_real(info, bool(call.words("SITE")))
    return {
        "id": call.id,
        "chrom": call.chrom,
        "pos": call.pos,
        "ref": call.ref,
        "alt": call.alt,
        "type": info.get("TYPE"),
        "filters": tuple(call.filters),
        "model": info.get("MODEL"),
        "somatic_phred": None if phred is None else max(phred, 0.0),
        "gene": info.get("GENE"),
        "transcript": info.get("TRANSCRIPT"),
        "consequence": info.get("CONSEQUENCE"),
        "hgvs_c": _decoded(info.get("HGVSC")),
        "hgvs_p": _decoded(info.get("HGVSP")),
        "protein": ",".join(change.short for change in changes) or None,
        "protein_changes": changes,
        "substitutions": _substitutions(call),
        "splice": bool(info.get("SPLICE")),
        "sites": tuple(call.words("SITE")),
        "reported": call.passed,
        "phase": tuple(_phase(call.chrom, entry) for entry in call.words("PHASE")),
        **_read_together(call),
        **{
            field: _decoded(info.get(field.upper()))
            for field in ("refseq", "usual_name", "not_annotated")
            if info.get(field.upper())
        },
        "real": rounded(real),
        **({"junction": _junction(call)} if call.symbolic else {}),
        **_vrs(call, accessions),
        **({} if population is None else {"population_af": min(max(population, 0.0), 1.0)}),
    }


def _vrs(call: Call, accessions: Mapping[str, str]) -> dict[str, Vrs]:
    """Return the Allele of GA4GH VRS, of an allele that annotate gave an identifier."""
    ids = call.words("VRS_Allele_IDs")
    if len(ids) != 2 or call.filters == ("absent",) or call.chrom not in accessions:
        return {}
    values = {
        key: call.info.get(f"VRS_{name}")[1]
        for key, name in (
            ("start", "Starts"),
            ("end", "Ends"),
            ("length", "Lengths"),
            ("unit", "RepeatSubunitLengths"),
        )
    }
    literal = str(call.info.get("VRS_States")).split(",")[1]
    if literal == ".":
        allele = VrsAllele(accessions[call.chrom], **values)
    else:
        allele = VrsAllele(accessions[call.chrom], values["start"], values["end"], literal=literal)
    return {"vrs": msgspec.convert(allele.made(), Vrs)}


def _junction(call: Call) -> Junction:
    """Return what the caller and annotate say of a junction."""
    info = call.info
    mate = re.search(r"[\[\]](.+):(\d+)[\[\]]", call.alt)
    kind = info.get("SVTYPE")
    return Junction(
        name=_decoded(info.get("SVNAME")),
        chrom=mate[1] if mate else call.chrom,
        pos=int(mate[2]) if mate else int(info.get("END") or call.pos),
        length=int(info["SVLEN"]) if kind in ("DEL", "DUP") and info.get("SVLEN") else None,
        inserted=int(info.get("SVINSLEN") or 0),
        homology=int(info.get("HOMLEN") or 0),
        precise=not info.get("IMPRECISE"),
        exons=_decoded(info.get("EXONS")),
        fusion=_decoded(info.get("FUSION")),
        frame=info.get("FRAME"),
        kinase=info.get("KINASE"),
    )


def _phase(contig: str, entry: str) -> Phase:
    """Return an entry of the caller's INFO/PHASE, ``POS_REF_ALT_cis_trans``."""
    pos, ref, alt, cis, trans = entry.split("_")
    return Phase(other=f"{contig}:{pos}:{ref}:{alt}", cis=int(cis), trans=int(trans))


def _read_together(call: Call) -> dict:
    """Return what annotate says of the alleles that the variant is, or may be, read with."""
    found: dict = {}
    if others := call.words("HAPLOTYPE"):
        ids = tuple(f"{call.chrom}:{entry.replace('_', ':')}" for entry in others)
        found["haplotype"] = Haplotype(others=ids, alone=_decoded(call.info.get("HGVSP_ALONE")))
    if entries := call.words("REVERTS"):
        found["reverts"] = tuple(_reverted(call.chrom, entry) for entry in entries)
    if entries := call.words("HGVSP_UNPHASED"):
        found["unphased"] = tuple(_unphased(call.chrom, entry) for entry in entries)
    return found


def _reverted(contig: str, entry: str) -> Reverted:
    """Return an entry of annotate's INFO/REVERTS, ``POS_REF_ALT_kind_how_name``."""
    pos, ref, alt, kind, how, name = entry.split("_", 5)
    return Reverted(
        other=f"{contig}:{pos}:{ref}:{alt}",
        kind=kind,
        instead=how == "instead",
        together=decode(name),
    )


def _unphased(contig: str, entry: str) -> Unphased:
    """Return an entry of annotate's INFO/HGVSP_UNPHASED, ``POS_REF_ALT_name``."""
    pos, ref, alt, name = entry.split("_", 3)
    return Unphased(other=f"{contig}:{pos}:{ref}:{alt}", together=decode(name))


def _decoded(value: str | None) -> str | None:
    return None if value is None else decode(value)


def _change(change) -> ProteinChange:
    return ProteinChange(
        residue=change.residue,
        residue_end=change.residue_end,
        ref=change.ref,
        alt=change.alt,
        short=change.short,
        hgvs_p=change.hgvs,
        consequence=change.consequence,
    )


def _substitutions(call: Call) -> tuple[Substitution, ...]:
    """Return the single bases of an SNV or MNV, each with its codon."""
    ref, alt = call.ref.upper(), call.alt.upper()
    if len(ref) != len(alt) or set(ref + alt) - set("ACGTN"):
        return ()
    changed = [i for i in range(len(ref)) if ref[i] != alt[i]]
    stated = call.info.get("RESIDUES")
    if stated is None:
        residues = [None] * len(changed)
    else:
        values = stated if isinstance(stated, (tuple, list)) else (stated,)
        residues = [None if value is None or value < 0 else int(value) for value in values]
    return tuple(
        Substitution(pos=call.pos + i, ref=ref[i], alt=alt[i], residue=residue)
        for i, residue in zip(changed, residues, strict=True)
    )
