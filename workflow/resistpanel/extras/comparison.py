"""The union of all callers' alleles, and the table of who called what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pysam

from resistpanel.core.allele import Allele, to_vcf
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.haplotypes import Fetch, fetcher
from resistpanel.extras.caller_records import Evidence, Record, merged
from resistpanel.extras.caller_vcf import header_text, read_calls
from resistpanel.extras.concordance import Event, match
from resistpanel.extras.extras_constants import LONGEST
from resistpanel.extras.formats import RULES, format_of
from resistpanel.extras.resistpanel_vcf import Own, read_own
from resistpanel.extras.run_caller import read_note
from resistpanel.records import callers as records

#: The name of our own caller in the table.
OWN = "resistpanel"


@dataclass(frozen=True)
class Given:
    """A VCF that the user gives: name of its caller, path, and the tumour that it is of, if one."""

    name: str
    path: Path
    tumor: str | None = None


@dataclass
class Calls:
    """All that one caller says of a patient."""

    name: str
    form: str
    version: str
    files: list[str]
    records: list[Record]


def gather(
    folders: Iterable[Path],
    given: Iterable[Given],
    reference: Path,
    fetch: Fetch,
    normal: str | None,
    tumors: Sequence[str],
) -> list[Calls]:
    """Read every caller's VCFs.

    Parameters
    ----------
    folders : iterable of Path
        As `resistpanel.extras.run_caller.run_caller` makes them.
    given : iterable of Given
        The user's own VCFs.
    reference : Path
        Indexed FASTA.
    fetch : callable
    normal, tumors : str or None, sequence of str
        The patient's samples.
    """
    found: dict[str, Calls] = {}

    def read(name: str, path: Path, tumor: str | None, form: str | None, told: str) -> None:
        if name == OWN:
            raise InputError(f"a caller cannot be named '{OWN}'", str(path), "give another name")
        form = form or format_of(header_text(path))
        calls = found.setdefault(name, Calls(name, form, told, [], []))
        calls.files.append(str(path))
        calls.records += read_calls(path, reference, fetch, normal, tumors, tumor, form)

    for folder in folders:
        note, files = read_note(folder)
        if set(note["tumors"]) != set(tumors) or note["normal"] != normal:
            raise InputError("is of other samples", str(folder), "give the files of one patient")
        for one in files:
            read(note["caller"], one.path, one.tumor, note["caller"], note["version"])
    for one in given:
        read(one.name, one.path, one.tumor, None, "")
    for calls in found.values():
        calls.records = merged(calls.records)
    return list(found.values())


def union_sites(catalog: Path, callers: Sequence[Calls], fetch: Fetch) -> str:
    """Return a VCF of the catalogue's alleles and of all that were called by another caller.

    The latter have no ID: a site's ID is the catalogue's.

    Parameters
    ----------
    catalog : Path
        VCF of ``resistpanel catalog sites``.
    callers : sequence of Calls
    fetch : callable
    """
    try:
        with pysam.VariantFile(str(catalog)) as handle:
            contigs = list(handle.header.contigs)
            lines = str(handle.header).splitlines()
            rows = [(contigs.index(r.chrom), r.pos, r.ref, str(r).rstrip("\n")) for r in handle]
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read as VCF: {error}", str(catalog)) from None
    order = {name: i for i, name in enumerate(contigs)}
    wanted = {r.variant for calls in callers for r in calls.records if r.called}
    for variant in sorted(wanted):
        if max(len(variant.ref), len(variant.alt)) > LONGEST:
            continue
        if variant.chrom not in order:
            order[variant.chrom] = len(order)
            lines.insert(-1, f"##contig=<ID={variant.chrom}>")
        v = _vcf(variant, fetch)
        text = f"{v.chrom}\t{v.pos + 1}\t.\t{v.ref}\t{v.alt}\t.\t.\t."
        rows.append((order[v.chrom], v.pos + 1, v.ref, text))
    return "\n".join([*lines, *(row[-1] for row in sorted(rows))]) + "\n"


def _vcf(variant: Allele, fetch: Fetch) -> Allele:
    """Return a variant with VCF's alleles; `pos` stays 0-based."""
    return to_vcf(variant, *fetch(variant.chrom, variant.pos - 1, variant.end + 1))


def _id(variant: Allele, fetch: Fetch) -> str:
    v = _vcf(variant, fetch)
    return f"{v.chrom}:{v.pos + 1}:{v.ref}:{v.alt}"


def _evidence(one: Evidence | None) -> records.OtherSample | None:
    if one is None:
        return None
    return records.OtherSample(
        alt=one.alt,
        depth=one.depth,
        af=None if one.af is None else round(one.af, 6),
        called=one.called,
        filters=None if one.filters is None else tuple(one.filters),
    )


def _own(own: Own | None) -> records.OwnCall | None:
    if own is None:
        return None
    return records.OwnCall(
        id=own.id,
        filters=own.filters,
        model=own.model,
        somatic_phred=own.somatic_phred,
        samples=own.samples,
    )


def _row(
    event: Event, callers: Sequence[Calls], samples: Sequence[str], fetch: Fetch
) -> records.CalledVariant:
    v = _vcf(event.variant, fetch)
    others = {}
    for calls in callers:
        said = event.others.get(calls.name)
        others[calls.name] = said and records.OtherCall(
            called=said.called,
            exact=said.exact,
            filters=tuple(said.filters if not said.called else ()),
            alleles=tuple(_id(r.variant, fetch) for r in said.records),
            samples={name: _evidence(said.evidence(name)) for name in samples},
        )
    called_by = [OWN] if event.own and event.own.called else []
    called_by += [name for name, said in others.items() if said and said.called]
    return records.CalledVariant(
        id=event.own.id if event.own else f"{v.chrom}:{v.pos + 1}:{v.ref}:{v.alt}",
        chrom=v.chrom,
        pos=v.pos + 1,
        ref=v.ref,
        alt=v.alt,
        resistpanel=_own(event.own),
        others=others,
        called_by=tuple(called_by),
    )


def table(
    patient: str,
    vcf: Path,
    folders: Sequence[Path],
    given: Sequence[Given],
    reference: Path,
    normal: str | None,
    tumors: Sequence[str],
) -> records.Callers:
    """Return ``callers/{patient}.json``.

    Parameters
    ----------
    patient : str
    vcf : Path
        VCF of `resistpanel call`, best with the other callers' alleles forced.
    folders, given, reference, normal, tumors
        As in `gather`.
    """
    samples = [*([normal] if normal else []), *tumors]
    with open_fasta(reference) as fasta:
        fetch = fetcher(fasta)
        own = read_own(vcf, fetch)
        missing = [name for name in samples if own and name not in own[0].samples]
        if missing:
            raise InputError(f"has no sample '{missing[0]}'", str(vcf), "give the patient's VCF")
        callers = gather(folders, given, reference, fetch, normal, tumors)
        events = match(own, {calls.name: calls.records for calls in callers}, fetch)
        rank = {name: i for i, name in enumerate(fasta.references)}
        events.sort(key=lambda event: (rank[event.variant.chrom], event.variant))
        rows = [_row(event, callers, samples, fetch) for event in events]
    summary = {}
    for name in [OWN, *(calls.name for calls in callers)]:
        mine = [row for row in rows if name in row.called_by]
        summary[name] = records.CallCounts(
            called=len(mine),
            alone=sum(len(row.called_by) == 1 for row in mine),
            shared=sum(len(row.called_by) > 1 for row in mine),
        )
    return records.Callers(
        schema="resistpanel/callers/1",
        patient=patient,
        samples=tuple(samples),
        callers=tuple(
            records.Program(
                name=calls.name,
                format=calls.form,
                version=calls.version,
                somatic=RULES[calls.form],
                files=tuple(calls.files),
            )
            for calls in callers
        ),
        variants=tuple(rows),
        summary=summary,
    )


def tsv(value: records.Callers) -> str:
    """Return the table as TSV: a row per variant, for each caller its filter and tumours' AFs."""
    names = [one.name for one in value.callers]
    header = ["chrom", "pos", "ref", "alt", "called_by", "callers", "resistpanel_filter"]
    header += [f"resistpanel_af_{sample}" for sample in value.samples]
    for name in names:
        header += [f"{name}_filter", f"{name}_alleles"]
        header += [f"{name}_af_{sample}" for sample in value.samples]

    def af(evidence: records.OwnSample | records.OtherSample | None) -> str:
        return "." if evidence is None or evidence.af is None else f"{evidence.af:.4g}"

    lines = ["\t".join(header)]
    for row in value.variants:
        own = row.resistpanel
        cells = [row.chrom, str(row.pos), row.ref, row.alt]
        cells += [",".join(row.called_by) or ".", str(len(row.called_by))]
        cells += [",".join(own.filters) if own else "."]
        cells += [af(own.samples.get(s) if own else None) for s in value.samples]
        for name in names:
            said = row.others[name]
            if said is None:
                cells += ["."] * (2 + len(value.samples))
                continue
            cells.append("PASS" if said.called else ",".join(said.filters) or ".")
            cells.append(",".join(said.alleles))
            cells += [af(said.samples[s]) for s in value.samples]
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"
