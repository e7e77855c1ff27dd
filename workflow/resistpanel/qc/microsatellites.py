"""Microsatellite instability from repeat lengths, tumour against normal.

As in MSIsensor (Niu et al. 2014, Bioinformatics 30:1015), lengths of short tandem repeats are
counted in the reads of both samples and compared site by site. A site counts as unstable only if
the tumour has lengths that the normal lacks: loss of one of two inherited lengths also changes a
distribution.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.core_constants import MIN_MAPPING_QUALITY
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta, read_text
from resistpanel.core.intervals import Target
from resistpanel.core.special import chdtrc, gammaln, logsumexp
from resistpanel.core.stats import benjamini_hochberg, clopper_pearson_interval
from resistpanel.qc.qc_constants import (
    MSI_ALLELE,
    MSI_EXCESS,
    MSI_FDR,
    MSI_FLANK,
    MSI_FRAGMENTS,
    MSI_HIGH,
    MSI_LEAST_DEPTH,
    MSI_LEAST_SITES,
    MSI_MONO,
    MSI_REPEATS,
    MSI_STABLE,
)
from resistpanel.records.biomarkers import Microsatellites, UnstableSite

#: Flags of reads that are not counted.
EXCLUDED = (
    pysam.FUNMAP | pysam.FSECONDARY | pysam.FQCFAIL | pysam.FDUP | pysam.FSUPPLEMENTARY
)  # fmt: skip
RUNS = re.compile(rf"([ACGT])\1{{{MSI_MONO - 1},}}|([ACGT]{{2,5}}?)\2{{{MSI_REPEATS - 1},}}")


@dataclasses.dataclass(frozen=True)
class Site:
    """A short tandem repeat.

    Attributes
    ----------
    chrom : str
    start : int
        0-based first base of the repeat.
    unit : str
        Repeated bases.
    repeats : int
        On the reference.
    left, right : str
        Bases before and after it.
    """

    chrom: str
    start: int
    unit: str
    repeats: int
    left: str
    right: str

    @property
    def end(self) -> int:
        """0-based end, half-open."""
        return self.start + len(self.unit) * self.repeats

    @property
    def name(self) -> str:
        """``chr1:170362151 11xT``, position 1-based."""
        return f"{self.chrom}:{self.start + 1} {self.repeats}x{self.unit}"


def find_sites(reference: str | Path, targets: Sequence[Target]) -> list[Site]:
    """Return the repeats inside targets, with their flanks.

    Mononucleotide runs of `MSI_MONO` bases or more, units of 2 to 5 bases of `MSI_REPEATS` or more.
    """
    found: dict[tuple[str, int], Site] = {}
    with open_fasta(reference) as fasta:
        for target in targets:
            start = max(0, target.start - MSI_FLANK)
            bases = fasta.fetch(target.chrom, start, target.end + MSI_FLANK).upper()
            for run in RUNS.finditer(bases):
                unit = run[1] or run[2]
                repeats = (run.end() - run.start()) // len(unit)
                end = run.start() + repeats * len(unit)
                left, right = bases[run.start() - MSI_FLANK : run.start()], bases[end:][:MSI_FLANK]
                if run.start() < MSI_FLANK or len(right) < MSI_FLANK:
                    continue
                site = Site(target.chrom, start + run.start(), unit, repeats, left, right)
                found.setdefault((site.chrom, site.start), site)
    return list(found.values())


def read_sites(path: str | Path) -> list[Site]:
    """Read a list of sites with the columns of MSIsensor (``location`` is 0-based).

    Raises
    ------
    InputError
        A column is missing or a cell is not what it should be.
    """
    needed = ("chromosome", "location", "repeat_times", "repeat_unit_bases", "left_flank_bases",
              "right_flank_bases")  # fmt: skip
    header, *lines = read_text(path).splitlines() or [""]
    columns = header.split("\t")
    missing = [name for name in needed if name not in columns]
    if missing:
        raise InputError(
            f"missing column {', '.join(missing)}", str(path), "give a list as MSIsensor writes it"
        )
    sites = []
    for number, line in enumerate(lines, 2):
        row = dict(zip(columns, line.split("\t"), strict=False))
        try:
            chrom, location, repeats, unit, left, right = (row[name] for name in needed)
            bases = unit + left + right
            if not bases or set(bases.upper()) - set("ACGT"):
                raise ValueError
            sites.append(Site(chrom, int(location), unit.upper(), int(repeats), left.upper(),
                              right.upper()))  # fmt: skip
        except (KeyError, ValueError):
            raise InputError("is no site", f"{path}:{number}", "see MSIsensor's format") from None
    return sites


def lengths(bam: pysam.AlignmentFile, site: Site) -> Counter[int]:
    """Return the number of fragments by number of repeats, of reads that show both flanks.

    Flanks must be those of the reference. Mates that disagree are left out.
    """
    unit = re.escape(site.unit)
    run = re.compile(f"{site.left}((?:{unit})+){site.right}")
    seen: dict[str, int] = {}
    for read in bam.fetch(site.chrom, max(0, site.start - 1), site.end + 1):
        if read.flag & EXCLUDED or read.mapping_quality < MIN_MAPPING_QUALITY:
            continue
        match = run.search(read.query_sequence or "")
        if not match:
            continue
        repeats = len(match[1]) // len(site.unit)
        if seen.setdefault(read.query_name, repeats) != repeats:
            seen[read.query_name] = 0
        if len(seen) >= MSI_FRAGMENTS:
            break
    return Counter(repeats for repeats in seen.values() if repeats)


def count(path: str, reference: str | None, sites: Sequence[Site]) -> list[Counter[int]]:
    """Return `lengths` of every site in a BAM or CRAM; empty where its contig is not there."""
    with pysam.AlignmentFile(path, reference_filename=reference) as bam:
        known = set(bam.references)
        return [lengths(bam, site) if site.chrom in known else Counter() for site in sites]


def new_lengths(normal: Counter[int], tumor: Counter[int]) -> tuple[int, int]:
    """Return fragments whose length is no allele of the normal, in normal and tumour.

    A length is an allele from `MSI_ALLELE` of the normal's fragments on.
    """
    total = normal.total()
    alleles = {size for size, n in normal.items() if n >= MSI_ALLELE * total}
    return tuple(sum(n for size, n in one.items() if size not in alleles)
                 for one in (normal, tumor))  # fmt: skip


def p_more(seen: int, number: int, before: int, total: int) -> float:
    """Return the probability of `seen` or more of `number`, given `before` of `total`.

    Beta-binomial, the posterior predictive of the normal's proportion under Jeffreys' prior.
    """
    a, b = before + 0.5, total - before + 0.5
    k = np.arange(seen, number + 1)
    log = (
        gammaln(number + 1) - gammaln(k + 1) - gammaln(number - k + 1)
        + gammaln(k + a) + gammaln(number - k + b) - gammaln(number + a + b)
        + gammaln(a + b) - gammaln(a) - gammaln(b)
    )  # fmt: skip
    return float(min(1.0, np.exp(logsumexp(log))))


def p_different(normal: Counter[int], tumor: Counter[int]) -> float:
    """Return the p of a chi-square test that both have one distribution, as MSIsensor's."""
    sizes = sorted({*normal, *tumor})
    table = np.array([[one[size] for size in sizes] for one in (normal, tumor)], float)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    freedom = len(sizes) - 1
    if freedom < 1:
        return 1.0
    return float(chdtrc(freedom, ((table - expected) ** 2 / expected).sum()))


def instability(
    sites: Sequence[Site], normal: Sequence[Counter[int]], tumor: Sequence[Counter[int]]
) -> Microsatellites:
    """Compare a tumour's repeat lengths with the normal's.

    Parameters
    ----------
    sites : sequence of Site
    normal, tumor : sequence of Counter
        Of `count`, one per site.
    """
    used = [
        i for i, pair in enumerate(zip(normal, tumor, strict=True))
        if min(one.total() for one in pair) >= MSI_LEAST_DEPTH
    ]  # fmt: skip
    fractions, p, q_of_distribution = {}, [], []
    for i in used:
        before, after = new_lengths(normal[i], tumor[i])
        totals = normal[i].total(), tumor[i].total()
        fractions[i] = after / totals[1] - before / totals[0]
        p.append(p_more(after, totals[1], before, totals[0]))
        q_of_distribution.append(p_different(normal[i], tumor[i]))
    q = benjamini_hochberg(np.array(p))
    differing = int((benjamini_hochberg(np.array(q_of_distribution)) < MSI_FDR).sum())
    unstable = tuple(
        UnstableSite(site=sites[i].name, new_fraction=round(fractions[i], 4), q=float(value))
        for i, value in zip(used, q, strict=True)
        if value < MSI_FDR and fractions[i] >= MSI_EXCESS
    )
    number = len(used)
    low, high = (float(x) for x in clopper_pearson_interval(len(unstable), max(number, 1)))
    status, text = verdict(len(sites), number, len(unstable), low, high)
    return Microsatellites(
        sites=len(sites),
        informative=number,
        unstable=len(unstable),
        differing=differing,
        share=len(unstable) / number if number else None,
        low=low if number else None,
        high=high if number else None,
        status=status,
        unstable_sites=unstable,
        text=text,
    )


def verdict(sites: int, number: int, unstable: int, low: float, high: float) -> tuple[str, str]:
    """Return the status and its sentence."""
    if not sites:
        return "not assessable", "Not assessable: the panel has no microsatellites."
    if number < MSI_LEAST_SITES:
        text = (
            f"Not assessable: {number} of the panel's {sites} microsatellites have "
            f"{MSI_LEAST_DEPTH} or more spanning fragments in tumour and normal; "
            f"{MSI_LEAST_SITES} are needed."
        )
        return "not assessable", text
    what = (
        f"{unstable} of {number} microsatellites are unstable "
        f"({100 * unstable / number:.1f} %, 95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
    )
    if low >= MSI_HIGH:
        return "MSI-high", f"MSI-high: {what}."
    if high < MSI_STABLE:
        return "stable", f"Microsatellite stable: {what}."
    return "undetermined", f"Undetermined: {what}; the interval includes both classes."


def without_normal(sites: Sequence[Site]) -> Microsatellites:
    """Return the result of a tumour without a normal."""
    return Microsatellites(
        sites=len(sites), informative=0, unstable=0, differing=0, share=None, low=None, high=None,
        status="not assessable", unstable_sites=(),
        text="Not assessable: there is no matched normal to compare repeat lengths with.",
    )  # fmt: skip


def per_tumor(
    sites: Sequence[Site],
    normal: Sequence[Counter[int]] | None,
    tumors: dict[str, Sequence[Counter[int]]],
) -> Iterator[tuple[str, Microsatellites]]:
    """Yield the result of each tumour by sample."""
    for name, counts in tumors.items():
        yield name, without_normal(sites) if normal is None else instability(sites, normal, counts)
