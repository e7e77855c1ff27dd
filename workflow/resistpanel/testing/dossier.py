"""The validation of a built assay on its normals and reference material."""

import collections
import dataclasses
import itertools
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from resistpanel import __version__
from resistpanel.call.caller import Caller
from resistpanel.call.settings import Settings as CallSettings
from resistpanel.core.files import open_fasta
from resistpanel.core.haplotypes import Fetch, fetcher
from resistpanel.core.intervals import Target, read_targets
from resistpanel.core.stats import poisson_interval, wilson_interval
from resistpanel.core.vcf import CallVcf
from resistpanel.qc.assay import describe, look
from resistpanel.qc.assay_folder import PANEL_OF_NORMALS, TARGETS, primers_of
from resistpanel.qc.assay_given import DETECTED
from resistpanel.records import dossier as records
from resistpanel.records.assay import AssayUsed, BuiltAssay
from resistpanel.report.provenance import created
from resistpanel.testing import pack_files, pack_score
from resistpanel.testing.assay_normals import Normal, panel_without, spread
from resistpanel.testing.mix_bams import mix, molecules
from resistpanel.testing.pack import Pack
from resistpanel.testing.testing_constants import (
    FOREIGN_DNA,
    INTERFERENCE_AF,
    LADDER,
    LEAKED_TUMOR,
    REPLICATE_AFS,
    REPORTABLE,
    THINNER,
)
from resistpanel.testing.validate import (
    NORMAL,
    TUMOR,
    Measured,
    Plan,
    Validation,
    classes,
    recall_by_af,
    recall_by_lod,
    write_sites,
)

#: Conditions that may disturb the detection of a variant, with their levels.
CONDITIONS = (
    ("none", (0.0,)),
    ("contamination", FOREIGN_DNA),
    ("tumor_in_normal", LEAKED_TUMOR),
    ("fewer_fragments", THINNER),
)


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a dossier is to be made of.

    Attributes
    ----------
    folder : Path
        Of the assay.
    made : BuiltAssay
    reference : Path
    normals : list of Normal
    packs : tuple of Pack
        Reference material with reads.
    data : Path or None
        Folder of the packs' reads.
    work : Path
        For BAMs and VCFs in between.
    sites, passes, replicates, spiked, seed, threads : int
        `spiked`: normals that variants are spiked into; the false calls are of all.
    share : float
        Of a normal's fragments, those of the tumour.
    """

    folder: Path
    made: BuiltAssay
    reference: Path
    normals: list[Normal]
    work: Path
    packs: tuple[Pack, ...] = ()
    data: Path | None = None
    sites: int = 160
    passes: int = 3
    replicates: int = 3
    spiked: int = 3
    seed: int = 1
    threads: int = 1
    share: float = 0.5

    @property
    def targets(self) -> list[Target]:
        """Targets of the assay."""
        return read_targets(self.folder / TARGETS)

    def settings(self, pon: Path) -> dict:
        """Return what the caller is given of the assay, with a panel of normals."""
        primers = primers_of(self.folder, self.made)
        return {
            "pon": str(pon),
            "padding": self.made.settings.padding,
            "primers": str(primers) if primers else None,
            "assay": [(None, *pair) for pair in sorted(self.made.settings.given.items())],
            "built": self.made,
            "threads": self.threads,
        }


def dossier(asked: Asked, tell: Callable[[str], None] = lambda line: None) -> records.Dossier:
    """Measure an assay."""
    chosen = {one.sample for one in _spiked(asked)}
    done = []
    for number, normal in enumerate(asked.normals):
        tell(f"normal {number + 1} of {len(asked.normals)}: {normal.sample}")
        others = [one for one in asked.normals if one is not normal]
        other = others[number % len(others)] if others else None
        done.append(OneNormal(asked, normal, other, normal.sample in chosen, number, tell).run())
    rows = [row for one in done for row in one.rows]
    material = [_material(asked, pack, tell) for pack in asked.packs]
    recall = [row for row in rows if row.section == "recall"]
    ladder = [row for row in recall if row.multiple_of_lod is None]
    curve = recall_by_lod(recall)
    by_af = recall_by_af(ladder, LADDER) if ladder else ()
    return records.Dossier(
        schema="resistpanel/dossier/1",
        version=__version__,
        created=created(),
        assay=AssayUsed(asked.made.name, asked.made.version, asked.made.digest),
        kind=asked.made.kind,
        conditions=records.Conditions(
            reference=str(asked.reference), sites=asked.sites, passes=asked.passes,
            replicates=asked.replicates, seed=asked.seed, tumor_share=asked.share, ladder=LADDER,
        ),
        normals=tuple(one.figures() for one in done),
        limits=tuple(_limits(done, by_af, curve, recall)),
        recall=by_af,
        lod_curve=curve,
        false_calls=_false_rate(done),
        false_rows=tuple(row for one in done for row in one.false_rows()),
        reproducibility=tuple(_agreements(rows, asked.replicates)),
        interference=tuple(_interference(done)),
        material=tuple(material),
        material_agreement=tuple(_material_agreement(asked.packs, material)),
        rows=tuple(rows),
    )  # fmt: skip


def _spiked(asked: Asked) -> list[Normal]:
    depth = {one.sample: one.mean_depth for one in asked.made.normals}
    return spread(asked.normals, depth, asked.spiked)


class OneNormal:
    """What is measured on one normal.

    Attributes
    ----------
    rows : list of PutIn
    conditions : list of (str, float, int)
        Condition, level, and number of false calls that `Validation` counted under it.
    """

    def __init__(
        self,
        asked: Asked,
        normal: Normal,
        other: Normal | None,
        spiked: bool,
        number: int,
        tell: Callable[[str], None],
    ):
        self.asked, self.normal, self.other, self.spiked = asked, normal, other, spiked
        self.seed, self.tell = 1000 * asked.seed + number, tell
        self.work = asked.work / normal.sample
        self.rows: list[records.PutIn] = []
        self.conditions: list[tuple[str, float, int]] = []
        self.called_bases = 1
        self.umi = self._umi()

    def _umi(self) -> str:
        """Return where the reads have the UMI by which the caller groups them, else none."""
        if self.asked.made.kind.families == "none":
            return "none"
        given = DETECTED.with_values(self.asked.made.settings.given)
        seen = look(self.normal.bam, self.asked.reference, self.asked.targets, given)
        return describe(seen, given).umi

    def run(self) -> "OneNormal":
        """Call, put variants in, call again."""
        asked = self.asked
        self.work.mkdir(parents=True, exist_ok=True)
        pon = asked.folder / PANEL_OF_NORMALS
        if self.normal.of_assay:
            pon = panel_without(asked.folder, self.normal.sample, self.work / "normals.vcf.gz")

        def call(normal: Path, tumor: Path, vcf: Path, sites: Path | None) -> None:
            settings = CallSettings(
                reference=str(asked.reference),
                targets=str(asked.folder / TARGETS),
                tumors=[str(tumor)],
                normal=str(normal),
                sites=str(sites) if sites else None,
                **asked.settings(pon),
            )
            Caller(settings).run(str(vcf))

        plan = Plan(
            normal=self.normal.bam, reference=asked.reference, targets=asked.targets,
            work=self.work, sites=asked.sites, passes=asked.passes, seed=self.seed,
            threads=asked.threads, share=asked.share, umi=self.umi,
        )  # fmt: skip
        self.validation = Validation(plan, call, self.tell)
        with open_fasta(asked.reference) as fasta:
            fetch = fetcher(fasta)
            self.validation.begin(fetch)
            kept = [site.variant for site in self.validation.kept]
            write_sites(self.work / "kept.vcf", kept, asked.reference, fetch)
            stated = CallVcf(self.work / "first.vcf.gz").parameters
            self.called_bases = int(stated["target_bases"])
            if self.spiked:
                self._recall(fetch)
                self._replicates(fetch)
                self._disturb(fetch)
        for name in ("normal.bam", "tumor.bam"):
            (self.work / name).unlink()
            (self.work / f"{name}.bai").unlink()
        return self

    def _recall(self, fetch: Fetch) -> None:
        """Put every variant in at the levels of the ladder and at multiples of its limit."""
        for number in range(self.asked.passes):
            levels = self.validation.levels_of(number)
            afs = [af for _, _, af in levels]
            run = f"pass{number + 1}"
            done = self.validation.measure(run, afs, 1000 * self.seed + number, fetch)
            self._add("recall", run, afs, done, [multiple for _, multiple, _ in levels])

    def _replicates(self, fetch: Fetch) -> None:
        """Put every variant in at one AF, each time into other fragments."""
        for level, af in enumerate(REPLICATE_AFS):
            for number in range(self.asked.replicates):
                run = f"replicate{level + 1}.{number + 1}"
                afs = [af] * len(self.validation.kept)
                seed = 1000 * self.seed + 100 * (level + 1) + number
                self._add("replicate", run, afs, self.validation.measure(run, afs, seed, fetch))

    def _disturb(self, fetch: Fetch) -> None:
        """Put every variant in under each condition, into the same fragments."""
        afs = [INTERFERENCE_AF] * len(self.validation.kept)
        for condition, levels in CONDITIONS:
            if condition == "contamination" and self.other is None:
                continue
            for level in levels:
                run = f"{condition}.{level:g}"
                arrange = None
                if condition != "none":
                    arrange = lambda normal, tumor, c=condition, f=level: self._pair(  # noqa: E731
                        normal, tumor, c, f
                    )
                seed = 1000 * self.seed + 900
                done = self.validation.measure(run, afs, seed, fetch, arrange)
                self._add("interference", run, afs, done)
                self.conditions.append((condition, level, len(done.matched.false)))

    def _pair(self, normal: Path, tumor: Path, condition: str, level: float) -> tuple[Path, Path]:
        """Return the pair under a condition."""
        targets, fasta, umi = self.validation.targets, self.asked.reference, self.umi

        def number(bam: Path) -> int:
            return molecules(bam, targets, fasta, umi)

        def write(name: str, sample: str, *sources) -> Path:
            output = self.work / f"{name}.bam"
            mix(list(sources), output, sample, targets, self.seed, fasta, umi)
            return output

        if condition == "fewer_fragments":
            return normal, write("fewer", TUMOR, (tumor, lambda x: x < level))
        extra = level / (1 - level)
        if condition == "contamination":
            share = min(1.0, extra * number(tumor) / max(number(self.other.bam), 1))
            foreign = (self.other.bam, lambda x: x < share)
            return normal, write("contamination", TUMOR, (tumor, lambda x: True), foreign)
        share = min(1.0, extra * number(normal) / max(number(tumor), 1))
        mixed = write("leaked", NORMAL, (normal, lambda x: True), (tumor, lambda x: x < share))
        # A molecule is in one tube alone.
        return mixed, write("rest", TUMOR, (tumor, lambda x: x >= share))

    def _add(
        self,
        section: str,
        run: str,
        afs: Sequence[float],
        done: Measured,
        multiples: Sequence[float | None] | None = None,
    ) -> None:
        """Add the rows of a run."""
        for i, (site, af, count) in enumerate(
            zip(self.validation.kept, afs, done.counts, strict=True)
        ):
            v = site.variant
            self.rows.append(
                records.PutIn(
                    section=section,
                    run=run,
                    normal=self.normal.sample,
                    chrom=v.chrom,
                    pos=v.pos + 1,
                    ref=v.ref or "-",
                    alt=v.alt or "-",
                    kind=site.kind,
                    size=site.size,
                    multiple_of_lod=multiples[i] if multiples else None,
                    af=af,
                    fragments=count.fragments,
                    carriers=count.carriers,
                    lod=self.validation.stated[v].lod,
                    called=bool(done.matched.found[i]),
                    af_called=done.af(i),
                    filters=done.filters(i, v),
                )
            )

    @property
    def stated(self) -> list[tuple[str, float | None]]:
        """Class and stated LOD of the sites."""
        validation = self.validation
        return [(site.kind, validation.stated[site.variant].lod) for site in validation.kept]

    def figures(self) -> records.NormalFigures:
        """Return the row of this normal."""
        validation = self.validation
        calls = [validation.stated[site.variant] for site in validation.kept]
        tumor = statistics.median(call.depth for call in calls)
        normal = statistics.median(call.normal_depth for call in calls)
        lods = [lod for _, lod in self.stated if lod is not None]
        lod = statistics.median(lods) if lods else None
        at_lod = [row.called for row in self.rows if row.multiple_of_lod == 1]
        return records.NormalFigures(
            sample=self.normal.sample,
            of_assay=self.normal.of_assay,
            depth_normal=normal,
            depth_tumor=tumor,
            sites=len(validation.kept) if self.spiked else 0,
            lod_median=lod,
            # No fewer fragments are needed at a greater depth.
            lod_of_whole=lod * tumor / (tumor + normal) if lod is not None else None,
            at_lod_found=sum(at_lod),
            at_lod_of=len(at_lod),
            false_calls=len(validation.before),
            called_bases=self.called_bases,
        )

    def false_rows(self) -> list[records.FalseCallOf]:
        """Return the false calls before anything was spiked in."""
        return [
            records.FalseCallOf(
                normal=self.normal.sample, chrom=c.variant.chrom, pos=c.variant.pos + 1,
                ref=c.variant.ref or "-", alt=c.variant.alt or "-", alt_fragments=c.alt,
                depth=c.depth, af=c.af,
            )
            for c in self.validation.before
        ]  # fmt: skip


def _limits(
    done: Sequence[OneNormal],
    by_af: Sequence[records.RecallAtAf],
    curve: Sequence[records.RecallAtLod],
    rows: Sequence[records.PutIn],
) -> Iterable[records.ClassLimit]:
    """Yield the limits of each class, and of all."""
    stated = [pair for one in done for pair in one.stated]
    for kind in classes(rows) if rows else ("all",):
        lods = [lod for k, lod in stated if kind in ("all", k)]
        known = [lod for lod in lods if lod is not None]
        low, middle, high = np.quantile(known, [0.05, 0.5, 0.95]).tolist() if known else [None] * 3
        at = next((row for row in curve if row.kind == kind and row.multiple == 1), None)
        yield records.ClassLimit(
            kind=kind,
            sites=len(lods),
            stated=len(known),
            lod_low=low,
            lod_median=middle,
            lod_high=high,
            found_at_lod=at.found if at else 0,
            of_at_lod=at.of if at else 0,
            low_at_lod=at.low if at else 0.0,
            high_at_lod=at.high if at else 1.0,
            detected_from=detected_from([row for row in by_af if row.kind == kind]),
        )


def detected_from(ladder: Sequence[records.RecallAtAf]) -> float | None:
    """Return the lowest AF from which on `REPORTABLE` were found at every AF; None: there is none.

    An AF at which nothing was spiked in ends the search.
    """
    lowest = None
    for row in sorted(ladder, key=lambda row: -row.af):
        if not row.of or row.found / row.of < REPORTABLE:
            break
        lowest = row.af
    return lowest


def _false_rate(done: Sequence[OneNormal]) -> records.FalseCallRate:
    calls = sum(len(one.validation.before) for one in done)
    megabases = sum(one.called_bases for one in done) / 1e6
    low, high = poisson_interval(calls)
    return records.FalseCallRate(
        normals=len(done), calls=calls, megabases=megabases, per_megabase=calls / megabases,
        low=low / megabases, high=high / megabases,
    )  # fmt: skip


def pair_agreement(outcomes: Iterable[Sequence[bool]]) -> float | None:
    """Return the fraction of pairs with the same outcome, over the pairs of every sequence."""
    pairs = [a == b for one in outcomes for a, b in itertools.combinations(one, 2)]
    return sum(pairs) / len(pairs) if pairs else None


def median_cv(values: Iterable[Sequence[float]]) -> float | None:
    """Return the median of the coefficients of variation (sample sd by mean)."""
    found = [statistics.stdev(one) / statistics.mean(one) for one in values if len(one) > 1]
    return statistics.median(found) if found else None


def _agreements(rows: Sequence[records.PutIn], replicates: int) -> Iterable[records.Agreement]:
    """Yield the agreement of replicates, by AF and class."""
    rows = [row for row in rows if row.section == "replicate"]
    for af in sorted({row.af for row in rows}):
        for kind in classes(rows):
            groups = collections.defaultdict(list)
            for row in rows:
                if row.af == af and kind in ("all", row.kind):
                    groups[row.normal, row.chrom, row.pos, row.ref, row.alt].append(row)
            outcomes = [[row.called for row in members] for members in groups.values()]
            seen = [
                [row.af_called for row in members if row.called and row.af_called]
                for members in groups.values()
            ]
            every = [value for values in seen for value in values]
            yield records.Agreement(
                kind=kind, af=af, variants=len(groups), replicates=replicates,
                found=sum(map(sum, outcomes)), of=sum(map(len, outcomes)),
                in_all=sum(all(one) for one in outcomes),
                in_none=sum(not any(one) for one in outcomes),
                agreement=pair_agreement(outcomes),
                af_cv=median_cv(v for v in seen if len(v) == replicates),
                af_ratio=statistics.mean(every) / af if every else None,
            )  # fmt: skip


def _interference(done: Sequence[OneNormal]) -> Iterable[records.Interference]:
    """Yield the conditions, each over all normals, against none."""
    rows = [row for one in done for row in one.rows if row.section == "interference"]

    def of(run: str) -> dict[tuple, bool]:
        return {
            (row.normal, row.chrom, row.pos, row.ref, row.alt): row.called
            for row in rows if row.run == run
        }  # fmt: skip

    before = of("none.0")
    for condition, levels in CONDITIONS:
        for level in levels:
            now = of(f"{condition}.{level:g}")
            if not now:
                continue
            found = sum(now.values())
            low, high = wilson_interval(found, len(now))
            yield records.Interference(
                condition=condition, level=level, af=INTERFERENCE_AF,
                found=found, of=len(now), low=low, high=high,
                lost=sum(before[key] and not called for key, called in now.items()),
                gained=sum(called and not before[key] for key, called in now.items()),
                false_calls=sum(
                    number for one in done for name, value, number in one.conditions
                    if (name, value) == (condition, level)
                ),
            )  # fmt: skip


def _material(asked: Asked, pack: Pack, tell: Callable[[str], None]) -> records.MaterialFigures:
    """Call a pack with the assay and score it."""
    tell(f"reference material: {pack.about.title}")
    work = asked.work / "material" / pack.about.name
    work.mkdir(parents=True, exist_ok=True)
    bams = pack_files.bams(pack, asked.data, work)
    settings = asked.settings(asked.folder / PANEL_OF_NORMALS)
    del settings["padding"]  # other calls are counted on the targets of the pack
    inputs = pack_score.Inputs(pack, bams, asked.reference, work, asked.threads, settings)
    done = pack_score.result(inputs)
    return records.MaterialFigures(
        name=done.name, title=done.title, complete=done.complete, as_expected=done.as_expected,
        figures=done.figures, rows=done.rows,
    )  # fmt: skip


def _material_agreement(
    packs: Sequence[Pack], done: Sequence[records.MaterialFigures]
) -> Iterable[records.MaterialAgreement]:
    """Yield the agreement of packs with the same present alleles and frequencies."""
    groups = collections.defaultdict(list)
    for pack, one in zip(packs, done, strict=True):
        truth = frozenset(
            (k.chrom, k.pos, k.ref, k.alt, k.af) for k in pack.known if k.state == "present"
        )
        groups[truth].append(one)
    for members in groups.values():
        if len(members) < 2:
            continue
        by_allele = collections.defaultdict(list)
        for one in members:
            for row in one.rows:
                if row.state == "present":
                    by_allele[row.chrom, row.pos, row.ref, row.alt].append(row)
        outcomes = [[row.called for row in rows] for rows in by_allele.values()]
        yield records.MaterialAgreement(
            materials=tuple(one.name for one in members), alleles=len(by_allele),
            in_all=sum(all(one) for one in outcomes),
            in_none=sum(not any(one) for one in outcomes),
            agreement=pair_agreement(outcomes),
            af_cv=median_cv(
                [row.af_called for row in rows] for rows in by_allele.values()
                if all(row.called and row.af_called for row in rows)
            ),
        )  # fmt: skip
