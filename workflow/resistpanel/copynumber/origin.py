"""Origin of the alleles of a patient without a normal: somatic, germline or not determined."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from resistpanel.call.call_constants import HET_CENTRE, UNLISTED
from resistpanel.call.model.contamination import Fraction
from resistpanel.call.model.posterior import Priors
from resistpanel.catalog import protein
from resistpanel.catalog.drivers import Driver
from resistpanel.copynumber.allele_counts import Sites
from resistpanel.copynumber.allele_origin import (
    OriginPriors,
    Origins,
    SampleEvidence,
    origins,
)
from resistpanel.copynumber.bins import Bins, gene_spans
from resistpanel.copynumber.copy_states import log_balance_sites
from resistpanel.copynumber.copynumber_constants import (
    BASELINES,
    EDGE_BIAS,
    HETEROZYGOUS_WITHOUT_NORMAL,
    HIGH_PURITY,
    HOTSPOT,
    INDEL_SPREAD,
    LEAST_SOMATIC,
    LEAST_SOMATIC_ALONE,
    LISTED_NORMALS,
    MOST_GERMLINE,
    RHO,
    SITE_BIAS,
    SOMATIC_RATE,
    UNLISTED_HOMOZYGOUS,
)
from resistpanel.copynumber.foreign import foreign_alone
from resistpanel.copynumber.purity import GRID
from resistpanel.copynumber.ratios import Genes
from resistpanel.copynumber.segments import BALANCES, HetSites, Segment, split
from resistpanel.core.vcf import CallVcf, number
from resistpanel.core.vocabulary import PROVISIONAL
from resistpanel.records import copynumber as records

SEX_CHROMOSOMES = ("chrX", "X", "chrY", "Y")


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of the alleles beside their counts; arrays over the alleles of `Sites`.

    Attributes
    ----------
    population : ndarray of float
        Allele frequency in the germline resource; NaN: not listed.
    normals : ndarray of int
        Samples of the panel of normals with the allele.
    asked : ndarray of bool
        Whether the catalogue asks for the allele.
    resource : bool
        Whether there is a germline resource.
    spread : dict of str to float
        Overdispersion of the counts, by sample.
    """

    population: np.ndarray
    normals: np.ndarray
    asked: np.ndarray
    resource: bool
    spread: Mapping[str, float] = dataclasses.field(default_factory=dict)


def read_known(path: str | Path) -> Known:
    """Return what the VCF of `resistpanel annotate` states of the alleles of `read_sites`."""
    vcf = CallVcf(path, ("AD", "DET"), "resistpanel annotate")
    rows = []
    for call in vcf:
        # INFO does not outlive its record.
        if "absent" not in call.filters:
            af, normals = number(call.info.get("POPAF")), call.info.get("NORMALS") or 0
            rows.append((math.nan if af is None else af, int(normals), bool(call.words("SITE"))))
    population, normals, asked = zip(*rows, strict=True) if rows else ((), (), ())
    spread = {}
    for name in vcf.samples:
        text = vcf.parameters.get(f"overdispersion_{name}", "")
        if text.startswith("rho:"):
            spread[name] = float(text.removeprefix("rho:").split(",")[0])
    return Known(
        np.array(population, dtype=float),
        np.array(normals, dtype=int),
        np.array(asked, dtype=bool),
        "sha256_germline_resource" in vcf.parameters,
        spread,
    )


def candidates(sites: Sites) -> np.ndarray:
    """Return which alleles are somatic or germline, whatever call decided, bool (alleles,)."""
    likely = np.isin(sites.model, ("somatic", "germline"))
    origin = np.array([set(found) <= PROVISIONAL for found in sites.filters], dtype=bool)
    return likely & origin & (sites.alt_count.max(axis=1, initial=0) > 0)


def priors_of(sites: Sites, known: Known, drivers: Sequence[Driver], bins: Bins) -> OriginPriors:
    """Return the priors of alleles: germline resource, panel of normals, drivers, catalogue."""
    usual = Priors()
    q = np.where(np.isfinite(known.population), known.population, 0.0)
    q = np.where(known.normals > 0, np.maximum(q, LISTED_NORMALS), q)
    unlisted = UNLISTED if known.resource else usual.germline_het
    twice = UNLISTED_HOMOZYGOUS if known.resource else usual.germline_hom
    het = np.where(q > 0, 2 * q * (1 - q), unlisted)
    hom = np.where(q > 0, q**2, twice)
    # An allele that a resource lists at a frequency of almost 0 is no less likely inherited than
    # one that it does not list.
    het, hom = np.maximum(het, UNLISTED), np.maximum(hom, UNLISTED_HOMOZYGOUS)
    expected = known.asked | np.array([_driver(row, sites, drivers) for row in range(len(sites))])
    return OriginPriors(het, hom, np.where(expected, HOTSPOT, 1.0), int(bins.length.sum()))


def _driver(row: int, sites: Sites, drivers: Sequence[Driver]) -> bool:
    changes = [protein.parse(short) for short in sites.protein[row]]
    return any(
        driver.gene == str(sites.gene[row]) and driver.change and driver.matches_change(change)
        for driver in drivers
        for change in changes
        if change
    )


def without_depth(bins: Bins) -> Genes:
    """Return the panel's genes, the log2 ratios of which are not known."""
    spans = gene_spans(bins)
    unknown = np.full(len(spans), np.nan)
    return Genes(
        np.array([gene for gene, _ in spans]),
        np.array([bins.chrom[rows[0]] for _, rows in spans]),
        np.array([bins.start[rows].min() for _, rows in spans]),
        np.array([bins.end[rows].max() for _, rows in spans]),
        np.zeros(len(spans), int),
        unknown,
        unknown,
        0.0,
    )


def gene_of(sites: Sites, genes: Genes) -> np.ndarray:
    """Return the index of the gene nearest to each allele on its chromosome; -1 without one."""
    found = np.full(len(sites), -1)
    for chrom in dict.fromkeys(sites.chrom):
        rows, members = np.flatnonzero(sites.chrom == chrom), np.flatnonzero(genes.chrom == chrom)
        if not len(members):
            continue
        pos = sites.pos[rows, None]
        away = np.maximum(np.maximum(genes.start[members] - pos, pos - genes.end[members]), 0)
        away = away - (sites.gene[rows, None] == genes.name[members]) * 1e-3
        found[rows] = members[away.argmin(axis=1)]
    return found


def reference_bias(alt: np.ndarray, depth: np.ndarray) -> float:
    """Return the logit by which the reference is favoured, from alleles near a half."""
    low, high, weight = EDGE_BIAS
    with np.errstate(invalid="ignore", divide="ignore"):
        af = alt / depth
    near = (af > low) & (af < high)
    seen = np.log((depth - alt)[near] / alt[near])
    return float((weight * -HET_CENTRE + seen.sum()) / (weight + len(seen)))


def segments_of(
    genes: Genes, gene: np.ndarray, curves: np.ndarray
) -> tuple[list[Segment], np.ndarray]:
    """Return segments of one log2 ratio and balance, and that of each allele (-1: none).

    Parameters
    ----------
    genes : Genes
    gene : ndarray of int, (alleles,)
    curves : ndarray, (alleles, len(BALANCES))
        Log-likelihood of each allele over the fraction of the rarer haplotype; 0: not informative.

    Notes
    -----
    Depth of X and Y is not used: the copies in normal cells may not be known.
    """
    log2s = np.where(np.isin(genes.chrom, SEX_CHROMOSOMES), np.nan, genes.log2)
    summed = np.zeros((len(genes.log2), len(BALANCES)))
    known = gene >= 0
    np.add.at(summed, gene[known], curves[known])
    of_gene, found = np.full(len(genes.log2), -1), []
    for chrom in dict.fromkeys(genes.chrom):
        rows = np.flatnonzero(genes.chrom == chrom)
        rows = rows[np.argsort(genes.start[rows], kind="stable")]
        for start, stop in split(log2s[rows], genes.se[rows], summed[rows]):
            members = rows[start:stop]
            used = members[np.isfinite(log2s[members])]
            log2 = se = float("nan")
            if len(used):
                weight = 1 / genes.se[used] ** 2
                log2 = float((weight * genes.log2[used]).sum() / weight.sum())
                se = float(weight.sum() ** -0.5)
            of_gene[members] = len(found)
            found.append(Segment(members, log2, se))
    return found, np.where(known, of_gene[np.maximum(gene, 0)], -1)


def balance_curves(
    alt: np.ndarray, depth: np.ndarray, rho: np.ndarray, bias: float, priors: OriginPriors
) -> np.ndarray:
    """Return the log-likelihood of alleles over `BALANCES`, heterozygous or somatic at any AF."""
    with np.errstate(invalid="ignore", divide="ignore"):
        af = np.where(depth > 0, alt / np.maximum(depth, 1), 0.0)
    low, high = HETEROZYGOUS_WITHOUT_NORMAL
    rows = np.flatnonzero((af >= low) & (af <= high))
    curves = np.zeros((len(alt), len(BALANCES)))
    if not len(rows):
        return curves
    het = priors.het[rows] / (priors.het[rows] + SOMATIC_RATE * priors.hotspot[rows])
    fit = log_balance_sites(BALANCES, alt[rows], depth[rows], bias, rho[rows]).T
    # The mean over all balances is about the likelihood of an allele of any frequency.
    flat = np.log(np.exp(fit - fit.max(axis=1, keepdims=True)).mean(axis=1, keepdims=True))
    flat = flat + fit.max(axis=1, keepdims=True)
    curves[rows] = np.logaddexp(np.log(het)[:, None] + fit, np.log1p(-het)[:, None] + flat) - flat
    return curves


def evidence_of(
    sites: Sites, known: Known, sample: str, genes: Genes, priors: OriginPriors,
    log_purity: np.ndarray, two_copies: np.ndarray,
) -> SampleEvidence:  # fmt: skip
    """Return one sample's evidence; `two_copies` is where normal cells have two, (alleles,)."""
    column = sites.column(sample)
    alt, depth = sites.alt_count[:, column], sites.depth[:, column]
    rho = SITE_BIAS**2 / 4 + np.where(sites.snv, 0.0, INDEL_SPREAD)
    bias = reference_bias(alt, depth)
    curves = balance_curves(alt, depth, RHO + rho, bias, priors)
    curves[~two_copies] = 0.0
    segments, place = segments_of(genes, gene_of(sites, genes), curves)
    return SampleEvidence(
        alt, depth, rho, known.spread.get(sample), bias, segments,
        np.where(two_copies, place, -1), log_purity,
    )  # fmt: skip


def log_purity_prior(purity: float | None, sd: float) -> np.ndarray:
    """Return the log prior over (baselines, purities): flat, or normal about a stated purity.

    A flat one falls above `HIGH_PURITY`.
    """
    prior = np.log(np.array(list(BASELINES.values())))[:, None] + np.zeros(len(GRID))
    if purity is not None:
        return prior - 0.5 * ((GRID - purity) / sd) ** 2
    flat, least = HIGH_PURITY
    return prior + np.log(least) * np.clip((GRID - flat) / (1 - flat), 0, 1)


def value_of(somatic: float, resource: bool = True) -> str:
    """Return the word for a posterior probability of a somatic allele.

    `resource`: whether a germline resource was given.
    """
    if somatic >= (LEAST_SOMATIC if resource else LEAST_SOMATIC_ALONE):
        return "somatic"
    return "germline" if somatic <= MOST_GERMLINE else "not determined"


def find_origins(
    sites: Sites,
    known: Known,
    bins: Bins,
    genes: Mapping[str, Genes],
    drivers: Sequence[Driver] = (),
    purities: Mapping[str, tuple[float, float]] | None = None,
    sex: str | None = None,
) -> tuple[np.ndarray, Origins]:
    """Return the alleles that have an origin (indices), and their origins.

    Parameters
    ----------
    sites, known : Sites, Known
        Of all samples, which are tumours.
    bins : Bins
    genes : mapping of str to Genes
        Log2 ratios by sample; `without_depth` where there is no reference.
    drivers : sequence of Driver
        Of the disease.
    purities : mapping of str to (float, float), optional
        Purity and its standard deviation, of samples for which the sheet states one.
    sex : str, optional
        As stated; X of a woman has two copies in normal cells.
    """
    rows = np.flatnonzero(candidates(sites))
    sites = sites.take(rows)
    known = dataclasses.replace(
        known, population=known.population[rows], normals=known.normals[rows],
        asked=known.asked[rows],
    )  # fmt: skip
    priors = priors_of(sites, known, drivers, bins)
    on_x, on_y = (
        np.isin(sites.chrom, SEX_CHROMOSOMES[:2]),
        np.isin(sites.chrom, SEX_CHROMOSOMES[2:]),
    )
    two = ~on_x & ~on_y if sex != "female" else ~on_y
    if sex == "male":
        # On one copy an allele is on all of them.
        inherited = priors.het + priors.hom
        priors = dataclasses.replace(
            priors,
            het=np.where(two, priors.het, 1e-3 * inherited),
            hom=np.where(two, priors.hom, inherited),
        )
    evidence = [
        evidence_of(sites, known, name, one, priors,
                    log_purity_prior(*(purities or {}).get(name, (None, 1.0))), two)
        for name, one in genes.items()
    ]  # fmt: skip
    return rows, origins(evidence, priors)


def heterozygous_sites(sites: Sites, found: Origins, sample: str, genes: Genes) -> HetSites:
    """Return the alleles that are germline and heterozygous, as counted in a tumour, by gene.

    Parameters
    ----------
    sites : Sites
        The alleles of `found`.
    found : Origins
    sample : str
    genes : Genes
    """
    column, gene = sites.column(sample), gene_of(sites, genes)
    alt, depth = sites.alt_count[:, column], sites.depth[:, column]
    low, high = HETEROZYGOUS_WITHOUT_NORMAL
    with np.errstate(invalid="ignore", divide="ignore"):
        af = np.where(depth > 0, alt / np.maximum(depth, 1), 0.0)
    rows = sites.snv & (gene >= 0) & (found.somatic <= MOST_GERMLINE)
    rows = np.flatnonzero(rows & (af >= low) & (af <= high))
    bias = np.full(len(rows), reference_bias(alt, depth))
    rho = np.full(len(rows), RHO + SITE_BIAS**2 / 4)
    return HetSites(gene[rows], alt[rows], depth[rows], bias, rho)


def origin_records(
    sites: Sites, found: Origins, resource: bool
) -> tuple[records.AlleleOrigin, ...]:
    """Return the origins of alleles as they are written."""
    return tuple(
        records.AlleleOrigin(
            id=f"{sites.chrom[i]}:{sites.pos[i]}:{sites.ref[i]}:{sites.alt[i]}",
            value=value_of(float(somatic), resource),
            somatic=float(f"{somatic:.4g}"),
        )
        for i, somatic in enumerate(found.somatic)
    )


def foreign(sites: Sites, population: np.ndarray, sample: str, genes: Genes) -> Fraction | None:
    """Return the fraction of another person's DNA in a tumour without a normal; None if none.

    Parameters
    ----------
    sites : Sites
    population : ndarray of float, (alleles,)
        Allele frequency in the germline resource; NaN: not listed.
    sample : str
    genes : Genes
        Log2 ratios, or `without_depth`.
    """
    likely = np.isin(sites.model, ("somatic", "germline", "contamination")) & np.isfinite(
        population
    )
    rows = np.flatnonzero(sites.snv & likely & ~np.isin(sites.chrom, SEX_CHROMOSOMES))
    if not len(rows):
        return None
    sites, q = sites.take(rows), population[rows]
    column, rho = sites.column(sample), RHO + SITE_BIAS**2 / 4
    alt, depth = sites.alt_count[:, column], sites.depth[:, column]
    priors = OriginPriors(2 * q * (1 - q) + UNLISTED, q**2, np.ones(len(q)), 0)
    curves = balance_curves(alt, depth, np.full(len(q), rho), 0.0, priors)
    _, place = segments_of(genes, gene_of(sites, genes), curves)
    return foreign_alone(alt, depth, q, place, rho)
