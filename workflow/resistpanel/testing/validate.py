"""Split, put in, call, count: a validation from a normal's BAM."""

import dataclasses
import shutil
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from resistpanel import __version__
from resistpanel.core.allele import Allele, span
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.haplotypes import Fetch, fetcher
from resistpanel.core.intervals import Target, merge_targets, sort_targets
from resistpanel.records import validation as records
from resistpanel.testing.draw_variants import CLASSES, Room, Site, draw, most, read_own
from resistpanel.testing.score import Call, Matched, inherited, match, proportion, read_calls
from resistpanel.testing.spike_bams import Count, Spike, spike, split
from resistpanel.testing.testing_constants import GAP, HIGHEST_AF, LADDER, MULTIPLES, SPARE

NORMAL, TUMOR = "validation_normal", "validation_tumor"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes
    ----------
    normal, reference : Path
    targets : list of Target
        Named as the reference names its contigs.
    variants : Path or None
        VCF of the variants to put in; None: drawn.
    sites, passes, seed, threads : int
    share : float
        Fraction of the normal's fragments that become the tumour.
    ladder : tuple of float
    work : Path
        For the BAMs and VCFs in between.
    umi : str
        Where reads that are grouped into molecules have their UMI, as `records.qc.Assay`: the
        reads of a molecule then go to one part and carry a variant together.
    """

    normal: Path
    reference: Path
    targets: list[Target]
    work: Path
    variants: Path | None = None
    sites: int = 160
    passes: int = 3
    seed: int = 1
    threads: int = 1
    share: float = 0.5
    ladder: tuple[float, ...] = LADDER
    umi: str = "none"


@dataclasses.dataclass(frozen=True)
class Measured:
    """What was called after every site was put in once.

    Attributes
    ----------
    counts : list of Count
        By site: fragments, and those that carry the variant.
    matched : Matched
        By site, its calls; and the false ones.
    """

    counts: list[Count]
    matched: Matched

    def filters(self, number: int, variant: Allele) -> str:
        """Return FILTER of a site: PASS, that of its record, or ``no record``."""
        if self.matched.found[number]:
            return "PASS"
        other = self.matched.rest.get(variant)
        return ",".join(other.filters) if other else "no record"

    def af(self, number: int) -> float | None:
        """Return the AF that was called; of several alleles, that of the rarest."""
        return min((c.af or 0.0 for c in self.matched.found[number]), default=None)


class Validation:
    """One validation; `result` does everything.

    `begin` splits the normal and chooses the sites; `measure` puts them in once.

    Parameters
    ----------
    plan : Plan
    call : callable
        Calls a pair: (normal, tumour, output VCF, sites VCF or None).
    tell : callable
        Takes a line on the progress.
    """

    def __init__(
        self,
        plan: Plan,
        call: Callable[[Path, Path, Path, Path | None], None],
        tell: Callable[[str], None] = lambda line: None,
    ):
        self.plan, self.call, self.tell = plan, call, tell
        self.targets = sort_targets(merge_targets(plan.targets))
        self.normal, self.tumor = plan.work / "normal.bam", plan.work / "tumor.bam"

    def result(self) -> records.Validate:
        """Return the figures and rows.

        Raises
        ------
        InputError
            If the normal has too few reads at the targets, or no variant can be placed.
        """
        plan = self.plan
        with open_fasta(plan.reference) as fasta:
            fetch = fetcher(fasta)
            self.begin(fetch)
            rows, false = [], [self._false(call, 0) for call in self.before]
            for number in range(plan.passes):
                done, wrong = self._pass(number, fetch)
                rows += done
                false += [self._false(call, number + 1) for call in wrong]
                hits = sum(row.called for row in done)
                self.tell(f"pass {number + 1} of {plan.passes}: {hits} of {len(done)} found")
        return self._summary(rows, false)

    def begin(self, fetch: Fetch) -> None:
        """Split the normal, choose the sites, and call the pair without variants.

        Sets `kept` (the sites), `stated` (by variant, the call that states its LOD), `beside`
        (inherited variants), `before` (false calls) and `left_out` (number of sites).
        """
        plan = self.plan
        plan.work.mkdir(parents=True, exist_ok=True)
        reads = split(
            plan.normal,
            (self.normal, self.tumor),
            (NORMAL, TUMOR),
            self.targets,
            plan.share,
            plan.seed,
            plan.reference,
            plan.umi,
        )
        if min(reads) == 0:
            raise InputError("no read at the targets", str(plan.normal))
        self.tell(f"split: {reads[0]:,} and {reads[1]:,} reads")
        sites, left_out = self._sites(fetch)
        first = self._call("first", self.tumor, fetch, sites)
        self.stated = {call.variant: call for call in first}
        self.beside = inherited(first)
        usable = [site for site in sites if self._usable(site, fetch)]
        self.left_out = left_out + len(sites) - len(usable)
        self.kept = usable[: plan.sites] if plan.variants is None else usable
        if not self.kept:
            raise InputError(
                "no variant can be put in",
                str(plan.variants or plan.normal),
                "the normal needs depth at the targets",
            )
        self.before = [call for call in first if call.detected]
        few = plan.variants is None and len(self.kept) < plan.sites
        self.tell(
            f"{len(self.kept)} variants to put in"
            + (f" ({plan.sites} asked for; the targets have room for no more)" if few else "")
            + f"; {len(self.before)} false calls before anything was put in"
        )

    def _sites(self, fetch: Fetch) -> tuple[list[Site], int]:
        plan = self.plan
        if plan.variants:
            sites, left_out = read_own(plan.variants, self.targets, fetch)
            return sites, left_out
        number = min(plan.sites, most(self.targets))
        rng = np.random.default_rng([plan.seed, 4711])
        drawn = draw(rng, self.targets, round(SPARE * number), fetch)
        # Dealt evenly: what is cut off at the end takes from every class alike.
        order = rng.permutation(len(drawn))
        return [drawn[i] for i in order], 0

    def _call(
        self,
        name: str,
        tumor: Path,
        fetch: Fetch,
        forced: list[Site] | None = None,
        normal: Path | None = None,
    ) -> list[Call]:
        vcf, asked = self.plan.work / f"{name}.vcf.gz", None
        if forced:
            asked = self.plan.work / f"{name}.sites.vcf"
            write_sites(asked, [site.variant for site in forced], self.plan.reference, fetch)
        self.call(normal or self.normal, tumor, vcf, asked)
        return read_calls(vcf, fetch, TUMOR, NORMAL)

    def _usable(self, site: Site, fetch: Fetch) -> bool:
        """Return whether the caller gave a site its limit, and nothing inherited is near."""
        call = self.stated.get(site.variant)
        if call is None or call.depth == 0:
            return False
        v, room = site.variant, Room(GAP // 2)
        for other in self.beside:
            if other.chrom == v.chrom and abs(other.pos - v.pos) < 1000 and other != v:
                room.reserve(other.chrom, other.pos, other.end)
        sequence, offset = fetch(v.chrom, v.pos - 300, v.end + 300)
        return call.model != "germline" and room.free(v.chrom, *span(v, sequence, offset))

    def _levels(self, call: Call) -> list[tuple[str, float | None, float]]:
        """Return the levels of a site: (design, multiple of the LOD or None, AF)."""
        levels = [("ladder", None, af) for af in self.plan.ladder]
        if call.lod is not None:
            for multiple in MULTIPLES:
                if call.lod * multiple <= HIGHEST_AF:
                    levels.append(("lod", multiple, call.lod * multiple))
        return levels

    def measure(
        self,
        name: str,
        afs: Sequence[float],
        seed: int,
        fetch: Fetch,
        arrange: Callable[[Path, Path], tuple[Path, Path]] | None = None,
    ) -> Measured:
        """Put every site in at its AF, call, and match; after `begin`.

        Parameters
        ----------
        name : str
            Of the files: ``<name>.truth.vcf`` and ``<name>.vcf.gz``.
        afs : sequence of float
            By site of `kept`.
        seed : int
        fetch : callable
        arrange : callable, optional
            From (normal, tumour with variants) to the pair that is called.
        """
        work, variants = self.plan.work, [site.variant for site in self.kept]
        spikes = [Spike(v, af) for v, af in zip(variants, afs, strict=True)]
        write_sites(work / f"{name}.truth.vcf", variants, self.plan.reference, fetch, afs)
        out = work / f"{name}.bam"
        counts = spike(self.tumor, out, spikes, seed, self.plan.reference, self.plan.umi)
        normal, tumor = arrange(self.normal, out) if arrange else (self.normal, out)
        calls = self._call(name, tumor, fetch, normal=normal)
        for bam in {out, normal, tumor} - {self.normal, self.tumor}:
            bam.unlink()
            Path(f"{bam}.bai").unlink()
        return Measured(counts, match(variants, calls, self.beside, fetch))

    def levels_of(self, number: int) -> list[tuple[str, float | None, float]]:
        """Return the level of each site in a pass: (design, multiple of the LOD or None, AF)."""
        seen: dict[str, int] = {}
        chosen = []
        for site in self.kept:
            at = seen[site.kind] = seen.get(site.kind, -1) + 1
            levels = self._levels(self.stated[site.variant])
            # Every site goes to another level in every pass, every level gets every class.
            chosen.append(levels[(at + number * 4) % len(levels)])
        return chosen

    def _pass(self, number: int, fetch: Fetch):
        """Put every site in at one of its levels, call, and score."""
        levels = self.levels_of(number)
        afs = [af for _, _, af in levels]
        done = self.measure(f"pass{number + 1}", afs, 1000 * self.plan.seed + number, fetch)
        rows = []
        for i, (site, (design, multiple, af), count) in enumerate(
            zip(self.kept, levels, done.counts, strict=True)
        ):
            before = self.stated[site.variant]
            rows.append(
                records.SpikedVariant(
                    run=number + 1,
                    chrom=site.variant.chrom,
                    pos=site.variant.pos + 1,
                    ref=site.variant.ref or "-",
                    alt=site.variant.alt or "-",
                    kind=site.kind,
                    size=site.size,
                    design=design,
                    multiple_of_lod=multiple,
                    af=af,
                    fragments=count.fragments,
                    carriers=count.carriers,
                    lod=before.lod,
                    called=bool(done.matched.found[i]),
                    af_called=done.af(i),
                    filters=done.filters(i, site.variant),
                )
            )
        return rows, done.matched.false

    def _false(self, call: Call, number: int) -> records.FalseCall:
        v = call.variant
        return records.FalseCall(
            run=number,
            chrom=v.chrom,
            pos=v.pos + 1,
            ref=v.ref or "-",
            alt=v.alt or "-",
            alt_fragments=call.alt,
            depth=call.depth,
            af=call.af,
        )

    def _summary(
        self,
        rows: Sequence[records.SpikedVariant],
        false: Sequence[records.FalseCall],
    ) -> records.Validate:
        plan = self.plan
        calls = [self.stated[site.variant] for site in self.kept]
        lods = [call.lod for call in calls if call.lod is not None]
        megabases = sum(target.length for target in self.targets) / 1e6
        depth_tumor = statistics.median(call.depth for call in calls)
        depth_normal = statistics.median(call.normal_depth for call in calls)
        lod = statistics.median(lods) if lods else None
        whole = depth_tumor + depth_normal
        before = sum(f.run == 0 for f in false)
        return records.Validate(
            schema="resistpanel/validate/1",
            version=__version__,
            parameters=records.Parameters(
                normal=str(plan.normal),
                reference=str(plan.reference),
                targets="",  # the command knows the user's file
                variants=str(plan.variants) if plan.variants else None,
                sites=len(self.kept),
                passes=plan.passes,
                seed=plan.seed,
                tumor_share=plan.share,
                ladder=tuple(plan.ladder),
            ),
            target_bases=round(megabases * 1e6),
            left_out=self.left_out,
            depth=records.Depths(whole=whole, normal=depth_normal, tumor=depth_tumor),
            lod=records.Limits(
                median=lod,
                stated=len(lods),
                sites=len(calls),
                # No fewer fragments are needed at a greater depth: the limit goes with 1 / depth
                # at best.
                expected_of_whole=lod * depth_tumor / whole if lod is not None else None,
            ),
            recall=recall_by_af(rows, plan.ladder),
            lod_curve=recall_by_lod(rows),
            false_calls=records.FalseCalls(
                number=len({(f.chrom, f.pos, f.ref, f.alt) for f in false}),
                before=before,
                per_megabase=before / megabases,
                rows=tuple(false),
            ),
            rows=tuple(rows),
        )

    def clean(self) -> None:
        """Remove the BAMs and VCFs in between."""
        shutil.rmtree(self.plan.work, ignore_errors=True)


def classes(rows: Sequence[Any]) -> list[str]:
    """Return ``all`` and the classes of the variants, in their order."""
    there = {row.kind for row in rows}
    return ["all", *(kind for kind in (*CLASSES, "COMPLEX") if kind in there)]


def recall_by_af(rows: Sequence[Any], ladder: Sequence[float]) -> tuple[records.RecallAtAf, ...]:
    """Return the recall of the variants spiked at each AF of a ladder, by class.

    Rows of `records.SpikedVariant` or `records.dossier.PutIn`.
    """
    spiked = [row for row in rows if row.multiple_of_lod is None]
    return tuple(
        records.RecallAtAf(
            kind=kind,
            af=af,
            **proportion(r.called for r in spiked if r.af == af and kind in ("all", r.kind)),
        )
        for kind in classes(rows)
        for af in ladder
    )


def recall_by_lod(rows: Sequence[Any]) -> tuple[records.RecallAtLod, ...]:
    """Return the recall of the variants spiked at each multiple of the stated LOD, by class."""
    return tuple(
        records.RecallAtLod(
            kind=kind,
            multiple=multiple,
            **proportion(
                r.called for r in rows if r.multiple_of_lod == multiple and kind in ("all", r.kind)
            ),
        )
        for kind in classes(rows)
        for multiple in MULTIPLES
    )


def write_sites(
    path: Path,
    variants: Sequence[Allele],
    reference: Path,
    fetch: Fetch,
    afs: Sequence[float] | None = None,
) -> None:
    """Write variants as the VCF that ``resistpanel call --sites`` reads, with AFs if given."""
    with open_fasta(reference) as fasta:
        order = {name: i for i, name in enumerate(fasta.references)}
        lines = ["##fileformat=VCFv4.3"]
        lines += [
            f"##contig=<ID={name},length={length}>"
            for name, length in zip(fasta.references, fasta.lengths, strict=True)
        ]
    if afs is not None:
        lines.append('##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">')
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    stated = dict(zip(variants, afs, strict=True)) if afs is not None else {}
    for i, v in enumerate(sorted(variants, key=lambda v: (order[v.chrom], v.pos))):
        info = f"AF={stated[v]!r}" if afs is not None else "."
        pos, ref, alt = v.pos, v.ref, v.alt
        if not (ref and alt):
            anchor = fetch(v.chrom, pos - 1, pos)[0]
            pos, ref, alt = pos - 1, anchor + ref, anchor + alt
        lines.append(f"{v.chrom}\t{pos + 1}\tsite{i}\t{ref}\t{alt}\t.\t.\t{info}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
