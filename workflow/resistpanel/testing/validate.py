"""Split, put in, call, count: a validation from a normal's BAM."""

import dataclasses
import shutil
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from resistpanel import __version__
from resistpanel.core.allele import Allele, span
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.haplotypes import Fetch, fetcher
from resistpanel.core.intervals import Target, merge_targets, sort_targets
from resistpanel.records import validation as records
from resistpanel.testing.draw_variants import CLASSES, Room, Site, draw, most, read_own
from resistpanel.testing.score import Call, inherited, match, proportion, read_calls
from resistpanel.testing.spike_bams import Spike, spike, split
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


class Validation:
    """One validation; `result` does everything.

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
        plan.work.mkdir(parents=True, exist_ok=True)
        with open_fasta(plan.reference) as fasta:
            fetch = fetcher(fasta)
            reads = split(
                plan.normal,
                (self.normal, self.tumor),
                (NORMAL, TUMOR),
                self.targets,
                plan.share,
                plan.seed,
                plan.reference,
            )
            if min(reads) == 0:
                raise InputError("no read at the targets", str(plan.normal))
            self.tell(f"split: {reads[0]:,} and {reads[1]:,} reads")
            sites, left_out = self._sites(fetch)
            first = self._call("first", self.tumor, fetch, sites)
            stated = {call.variant: call for call in first}
            beside = inherited(first)
            usable = [site for site in sites if self._usable(site, stated, beside, fetch)]
            left_out += len(sites) - len(usable)
            kept = usable[: plan.sites] if plan.variants is None else usable
            if not kept:
                raise InputError(
                    "no variant can be put in",
                    str(plan.variants or plan.normal),
                    "the normal needs depth at the targets",
                )
            clean = [call for call in first if call.detected]
            self.tell(f"{len(kept)} sites; {len(clean)} false calls before anything was put in")
            rows, false = [], [self._false(call, 0) for call in clean]
            for number in range(plan.passes):
                done, wrong = self._pass(number, kept, stated, beside, fetch)
                rows += done
                false += [self._false(call, number + 1) for call in wrong]
                hits = sum(row.called for row in done)
                self.tell(f"pass {number + 1} of {plan.passes}: {hits} of {len(done)} found")
        return self._summary(rows, false, kept, stated, left_out)

    def _sites(self, fetch: Fetch) -> tuple[list[Site], int]:
        plan = self.plan
        if plan.variants:
            sites, left_out = read_own(plan.variants, self.targets, fetch)
            return sites, left_out
        number = min(plan.sites, most(self.targets))
        if number < plan.sites:
            self.tell(f"the targets have room for {number} variants, not {plan.sites}")
        rng = np.random.default_rng([plan.seed, 4711])
        drawn = draw(rng, self.targets, round(SPARE * number), fetch)
        # Dealt evenly: what is cut off at the end takes from every class alike.
        order = rng.permutation(len(drawn))
        return [drawn[i] for i in order], 0

    def _call(
        self, name: str, tumor: Path, fetch: Fetch, forced: list[Site] | None = None
    ) -> list[Call]:
        vcf, asked = self.plan.work / f"{name}.vcf.gz", None
        if forced:
            asked = self.plan.work / f"{name}.sites.vcf"
            write_sites(asked, [site.variant for site in forced], self.plan.reference, fetch)
        self.call(self.normal, tumor, vcf, asked)
        return read_calls(vcf, fetch, TUMOR, NORMAL)

    def _usable(self, site: Site, stated: dict, beside: list[Allele], fetch: Fetch) -> bool:
        """Return whether the caller gave a site its limit, and nothing inherited is near."""
        call = stated.get(site.variant)
        if call is None or call.depth == 0:
            return False
        v, room = site.variant, Room(GAP // 2)
        for other in beside:
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

    def _pass(self, number: int, sites: list[Site], stated: dict, beside: list, fetch: Fetch):
        """Put every site in at one of its levels, call, and score."""
        seen: dict[str, int] = {}
        spikes, designs = [], []
        for site in sites:
            at = seen[site.kind] = seen.get(site.kind, -1) + 1
            levels = self._levels(stated[site.variant])
            # Every site goes to another level in every pass, every level gets every class.
            design, multiple, af = levels[(at + number * 4) % len(levels)]
            spikes.append(Spike(site.variant, af))
            designs.append((design, multiple))
        out = self.plan.work / f"pass{number + 1}.bam"
        counts = spike(self.tumor, out, spikes, 1000 * self.plan.seed + number, self.plan.reference)
        calls = self._call(f"pass{number + 1}", out, fetch)
        out.unlink()
        Path(f"{out}.bai").unlink()
        done = match([site.variant for site in sites], calls, beside, fetch)
        rows = []
        for site, one, (design, multiple), count, found in zip(
            sites, spikes, designs, counts, done.found, strict=True
        ):
            before = stated[site.variant]
            other = done.rest.get(site.variant)
            filters = ",".join(other.filters) if other else "no record"
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
                    af=one.af,
                    fragments=count.fragments,
                    carriers=count.carriers,
                    lod=before.lod,
                    called=bool(found),
                    af_called=min((c.af or 0.0 for c in found), default=None),
                    filters="PASS" if found else filters,
                )
            )
        return rows, done.false

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
        kept: list[Site],
        stated: dict,
        left_out: int,
    ) -> records.Validate:
        plan = self.plan
        calls = [stated[site.variant] for site in kept]
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
                sites=len(kept),
                passes=plan.passes,
                seed=plan.seed,
                tumor_share=plan.share,
                ladder=tuple(plan.ladder),
            ),
            target_bases=round(megabases * 1e6),
            left_out=left_out,
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


def _classes(rows: Sequence[records.SpikedVariant]) -> list[str]:
    """Return ``all`` and the classes of the variants, in their order."""
    there = {row.kind for row in rows}
    return ["all", *(kind for kind in (*CLASSES, "COMPLEX") if kind in there)]


def recall_by_af(
    rows: Sequence[records.SpikedVariant], ladder: Sequence[float]
) -> tuple[records.RecallAtAf, ...]:
    """Return the recall of the variants spiked at each AF of a ladder, by class."""
    spiked = [row for row in rows if row.design == "ladder"]
    return tuple(
        records.RecallAtAf(
            kind=kind,
            af=af,
            **proportion(r.called for r in spiked if r.af == af and kind in ("all", r.kind)),
        )
        for kind in _classes(rows)
        for af in ladder
    )


def recall_by_lod(rows: Sequence[records.SpikedVariant]) -> tuple[records.RecallAtLod, ...]:
    """Return the recall of the variants spiked at each multiple of the stated LOD, by class."""
    return tuple(
        records.RecallAtLod(
            kind=kind,
            multiple=multiple,
            **proportion(
                r.called for r in rows if r.multiple_of_lod == multiple and kind in ("all", r.kind)
            ),
        )
        for kind in _classes(rows)
        for multiple in MULTIPLES
    )


def write_sites(path: Path, variants: list[Allele], reference: Path, fetch: Fetch) -> None:
    """Write variants as the VCF that ``resistpanel call --sites`` reads."""
    with open_fasta(reference) as fasta:
        order = {name: i for i, name in enumerate(fasta.references)}
        lines = ["##fileformat=VCFv4.3"]
        lines += [
            f"##contig=<ID={name},length={length}>"
            for name, length in zip(fasta.references, fasta.lengths, strict=True)
        ]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for i, v in enumerate(sorted(variants, key=lambda v: (order[v.chrom], v.pos))):
        pos, ref, alt = v.pos, v.ref, v.alt
        if not (ref and alt):
            anchor = fetch(v.chrom, pos - 1, pos)[0]
            pos, ref, alt = pos - 1, anchor + ref, anchor + alt
        lines.append(f"{v.chrom}\t{pos + 1}\tsite{i}\t{ref}\t{alt}\t.\t.\t.")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
