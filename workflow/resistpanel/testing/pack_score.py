"""Call a pack, and hold the calls against its truth."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import chi2

from resistpanel import __version__
from resistpanel.call.caller import Caller, Settings
from resistpanel.core.allele import Allele
from resistpanel.core.files import open_fasta
from resistpanel.core.haplotypes import Fetch, fetcher, tidy
from resistpanel.core.intervals import merge_targets, read_targets
from resistpanel.core.vcf import Call as VcfCall
from resistpanel.core.vcf import CallVcf
from resistpanel.records import pack as records
from resistpanel.testing.junction_ends import ends_of_call, same_ends
from resistpanel.testing.pack import Known, Pack
from resistpanel.testing.score import Call, inherited, match, proportion, read_calls
from resistpanel.testing.testing_constants import AF_RANGES
from resistpanel.testing.validate import write_sites


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a pack's samples are called from: files by role, reference, folder for VCFs.

    `settings` are further ones of the caller, those of a built assay.
    """

    pack: Pack
    bams: dict[str, Path]
    reference: Path
    work: Path
    threads: int = 1
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Calls:
    """What one run of the caller found: small variants, and junctions once each."""

    small: list[Call]
    junctions: list[VcfCall]
    tumor: str


def call(inputs: Inputs, name: str, tumor: Path, sites: Path | None = None) -> Calls:
    """Call a tumour of the pack, with its normal if it has one."""
    vcf = inputs.work / f"{name}.vcf.gz"
    normal = inputs.bams.get("normal")
    usual = {"padding": inputs.pack.about.padding, "threads": inputs.threads}
    caller = Caller(
        Settings(
            reference=str(inputs.reference),
            targets=str(inputs.pack.targets()),
            tumors=[str(tumor)],
            normal=str(normal) if normal else None,
            sites=str(sites) if sites else None,
            **(usual | dict(inputs.settings)),
        )
    )
    caller.run(str(vcf))
    names = [sample.name for sample in caller.samples]
    with open_fasta(inputs.reference) as fasta:
        small = read_calls(vcf, fetcher(fasta), names[-1], names[0] if normal else None)
    once = {}
    for junction in CallVcf(vcf).junctions():
        ends = ends_of_call(junction)
        if ends:
            once.setdefault(frozenset(ends), junction)
    return Calls(small, list(once.values()), names[-1])


def forced_limits(inputs: Inputs, name: str, tumor: Path) -> dict[Allele, Call]:
    """Return what the caller states at the truth's small variants if they are forced sites."""
    alleles = [known.allele for known in inputs.pack.known if known.allele]
    if not alleles:
        return {}
    sites = inputs.work / f"{name}.sites.vcf"
    with open_fasta(inputs.reference) as fasta:
        write_sites(sites, alleles, inputs.reference, fetcher(fasta))
    return {one.variant: one for one in call(inputs, name, tumor, sites).small}


@dataclasses.dataclass(frozen=True)
class Scored:
    """Rows of the truth, and the other calls."""

    rows: list[records.KnownAllele]
    other: list[records.OtherCall]


def score(known: Sequence[Known], calls: Calls, stated: dict[Allele, Call], fetch: Fetch) -> Scored:
    """Hold calls against the truth.

    Parameters
    ----------
    known : sequence of Known
    calls : Calls
    stated : dict
        By allele, the forced call that states its limit.
    fetch : callable
        Of the reference.
    """
    small = [one for one in known if one.allele]
    alleles = [tidy(one.allele, fetch) for one in small]
    matched = match(alleles, calls.small, inherited(calls.small), fetch)
    rows = []
    for one, allele, found in zip(small, alleles, matched.found, strict=True):
        shown = found or [c for c in (matched.rest.get(allele),) if c]
        rows.append(_small_row(one, bool(found), shown, stated.get(allele)))
    used = set()
    for one in known:
        if one.ends:
            at = [
                i for i, c in enumerate(calls.junctions)
                if same_ends(one.ends, ends_of_call(c), one.within)
            ]  # fmt: skip
            used.update(at)
            rows.append(_junction_row(one, [calls.junctions[i] for i in at], calls.tumor))
    other = [
        records.OtherCall(
            c.variant.chrom, c.variant.pos + 1, c.variant.ref or "-", c.variant.alt or "-",
            c.alt, c.depth, c.af,
        )
        for c in matched.false
    ]  # fmt: skip
    for i, c in enumerate(calls.junctions):
        tumor = c.genotypes[calls.tumor]
        if i not in used and c.passed and tumor.detected:
            other.append(
                records.OtherCall(c.chrom, c.pos, c.ref, c.alt, tumor.alt, tumor.depth, tumor.af)
            )
    return Scored(rows, other)


def _small_row(
    one: Known, called: bool, shown: list[Call], forced: Call | None
) -> records.KnownAllele:
    first = min(shown, key=lambda c: c.af or 0.0, default=None)
    lod = forced.lod if forced else None
    above = one.state == "present" and one.af is not None and lod is not None and one.af >= lod
    return records.KnownAllele(
        name=one.name, chrom=one.chrom, pos=one.pos, ref=one.ref, alt=one.alt, state=one.state,
        af=one.af,
        called=called,
        af_called=first.af if first else None,
        alt_called=first.alt if first else None,
        depth=first.depth if first else (forced.depth if forced else None),
        lod=lod,
        filters=",".join(first.filters) if first else "no record",
        limit_kept=called if above else None,
    )  # fmt: skip


def _junction_row(one: Known, found: list[VcfCall], tumor: str) -> records.KnownAllele:
    passed = [c for c in found if c.passed and c.genotypes[tumor].detected]
    first = next(iter(passed or found), None)
    shown = first.genotypes[tumor] if first else None
    return records.KnownAllele(
        name=one.name, chrom=one.chrom, pos=one.pos, ref=one.ref, alt=one.alt, state=one.state,
        af=one.af,
        called=bool(passed),
        af_called=shown.af if shown else None,
        alt_called=shown.alt if shown else None,
        depth=shown.depth if shown else None,
        lod=shown.lod if shown else None,
        filters=",".join(first.filters) if first else "no record",
        limit_kept=None,
    )  # fmt: skip


def recall_by_af(rows: Sequence[records.KnownAllele]) -> tuple[records.RecallInRange, ...]:
    """Return recall of the present small variants in ranges of known AF; empty ones left out."""
    ranges = []
    for low, high in itertools.pairwise(AF_RANGES):
        inside = [
            r.called for r in rows
            if r.state == "present" and r.af is not None and low <= r.af < high
        ]  # fmt: skip
        if inside:
            ranges.append(records.RecallInRange(low, min(high, 1.0), **proportion(inside)))
    return tuple(ranges)


def figures(pack: Pack, scored: Scored) -> records.PackFigures:
    """Count."""
    present = [r for r in scored.rows if r.state == "present"]
    junction = {one.name for one in pack.known if one.ends}
    refuted = [r for r in scored.rows if r.state in ("inherited", "absent")]
    limited = [r for r in present if r.limit_kept is not None]
    ratios = [r.af_called / r.af for r in present if r.called and r.af and r.af_called is not None]
    quartiles = np.quantile(ratios, [0.25, 0.5, 0.75]).tolist() if ratios else [None] * 3
    megabases = sum(t.length for t in merge_targets(read_targets(pack.targets()))) / 1e6
    number = len(scored.other)
    return records.PackFigures(
        present=len(present),
        found=sum(r.called for r in present),
        junctions=sum(r.name in junction for r in present),
        junctions_found=sum(r.called for r in present if r.name in junction),
        refuted=len(refuted),
        refuted_called=sum(r.called for r in refuted),
        other_calls=number,
        megabases=megabases,
        other_per_megabase=number / megabases,
        other_per_megabase_high=float(chi2.ppf(0.975, 2 * (number + 1)) / 2 / megabases),
        above_limit=len(limited),
        above_limit_found=sum(bool(r.limit_kept) for r in limited),
        af_ratio=quartiles[1],
        af_ratio_low=quartiles[0],
        af_ratio_high=quartiles[2],
    )


def as_expected(pack: Pack, found: records.PackFigures) -> bool:
    """Return whether as many are found, and no more is called, than the pack expects."""
    expected = pack.about.expected
    most = ("refuted_called", "other_calls")
    return found.found >= expected.get("found", 0) and all(
        getattr(found, name) <= expected[name] for name in most if name in expected
    )


def result(inputs: Inputs) -> records.Pack:
    """Call and score a pack."""
    pack, tumor = inputs.pack, inputs.bams["tumor"]
    stated = forced_limits(inputs, "forced", tumor)
    calls = call(inputs, "calls", tumor)
    with open_fasta(inputs.reference) as fasta:
        fetch = fetcher(fasta)
        scored = score(pack.known, calls, stated, fetch)
    about, found = pack.about, figures(pack, scored)
    return records.Pack(
        schema="resistpanel/pack/1",
        version=__version__,
        name=about.name, title=about.title, question=about.question, build=about.build,
        assay=about.assay,
        complete=about.complete,
        origin=records.PackOrigin(
            about.origin.repository, about.origin.commit, about.origin.licence, about.origin.truth
        ),
        samples={
            role: name for role in ("normal", "tumor") if (name := getattr(about.samples, role))
        },
        checksums={name: source.sha256 for name, source in about.files.items()},
        expected=dict(about.expected),
        as_expected=as_expected(pack, found),
        figures=found,
        recall=recall_by_af(scored.rows),
        rows=tuple(scored.rows),
        other=tuple(scored.other),
    )  # fmt: skip
