"""Whether samples are of one person, and of which sex.

Two samples of one person agree wherever one is homozygous: loss of heterozygosity makes a
heterozygous site homozygous in a tumour, but never brings an allele that the person lacks, nor
takes one away that is there twice. So sites are counted where one sample has the allele on all
copies and the other lacks it; where the normal is homozygous, a tumour must be so too.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from resistpanel.call.model.contamination import Fraction
from resistpanel.copynumber.allele_counts import Sites
from resistpanel.copynumber.bins import Bins, Coverage
from resistpanel.copynumber.copy_states import log_counts
from resistpanel.copynumber.copynumber_constants import (
    ABSENT,
    CHROMOSOME_SPREAD,
    HETEROZYGOUS,
    HOMOZYGOUS,
    LEAST_DEPTH,
    LEAST_SEX_ODDS,
    MEDIAN_ERROR,
    MIXTURES,
    NOT_HOMOZYGOUS,
    OTHER_GENOTYPE,
    STRAY_HETEROZYGOUS,
    SWAP_ODDS,
    TARGET_SPREAD,
    TUMOR_X,
)
from resistpanel.copynumber.ratios import mad
from resistpanel.core.special import logsumexp
from resistpanel.qc.identity_limits import DEFAULT
from resistpanel.records.copynumber import Agreement, Genotypes, SampleSex


def judge(sites: int, discordant: int) -> bool | None:
    """Return whether two samples are one person's; None where that cannot be told."""
    if DEFAULT.are_different(sites, discordant):
        return False
    return True if DEFAULT.are_same(sites, discordant) else None


def informative(sites: Sites) -> np.ndarray:
    """Return which alleles tell persons apart: germline ones, and what looks like another's.

    The joint call of a swapped sample shows the other person's alleles as somatic, at the
    frequencies of germline variants.
    """
    with np.errstate(invalid="ignore"):
        high = (np.nan_to_num(sites.frequency) >= 0.3).any(axis=1)
    likely = np.isin(sites.model, ("germline", "somatic", "contamination"))
    return sites.snv & high & likely


def compare(sites: Sites, first: str, second: str, normal: str | None = None) -> Agreement:
    """Compare two samples at the sites of a joint call.

    Parameters
    ----------
    sites : Sites
        Those that are `informative`.
    first, second : str
        Samples.
    normal : str, optional
        Which of the two is the normal.
    """
    a, b = sites.column(first), sites.column(second)
    deep = (sites.depth[:, a] >= LEAST_DEPTH) & (sites.depth[:, b] >= LEAST_DEPTH)
    fa, fb = sites.frequency[deep, a], sites.frequency[deep, b]
    if normal is not None:
        own, other = (fa, fb) if normal == first else (fb, fa)
        both = own >= HOMOZYGOUS
        discordant = int((other[both] < NOT_HOMOZYGOUS).sum())
        found = _agreement(first, second, int(both.sum()), discordant)
        if found.same is False and mixture(sites, second if normal == first else first, normal):
            return msgspec.structs.replace(found, same=True)
        return found
    either = (fa >= HOMOZYGOUS) | (fb >= HOMOZYGOUS)
    apart = either & ((fa < ABSENT) | (fb < ABSENT))
    return _agreement(first, second, int(either.sum()), int(apart.sum()))


def mixture(sites: Sites, sample: str, normal: str) -> Fraction | None:
    """Return the fraction of another person's DNA in a sample that looks like a swap; None if not.

    Where the normal is homozygous for the non-reference allele, a sample of another person has it
    on all copies, half, or none; a mixture with the fraction c has it at 1, 1 - c / 2 or 1 - c.
    The likelihoods are summed over the other person's genotypes.

    Parameters
    ----------
    sites : Sites
    sample, normal : str
    """
    chosen = sites.take(informative(sites))
    a, b = chosen.column(normal), chosen.column(sample)
    deep = (chosen.depth[:, a] >= LEAST_DEPTH) & (chosen.depth[:, b] >= LEAST_DEPTH)
    both = deep & (np.nan_to_num(chosen.frequency[:, a]) >= HOMOZYGOUS)
    alt, depth = chosen.alt_count[both, b], chosen.depth[both, b]
    discordant = int((alt < NOT_HOMOZYGOUS * depth).sum())
    if judge(len(alt), discordant) is not False:
        return None
    grid = np.concatenate([np.linspace(*MIXTURES[:2], int(MIXTURES[2])), [1.0]])
    levels = np.stack([np.ones(len(grid)), 1 - grid / 2, 1 - grid], axis=1)
    fit = log_counts(levels[:, :, None], alt, depth) + np.log(OTHER_GENOTYPE)[:, None]
    log_like = logsumexp(fit, axis=1).sum(axis=1)
    if log_like[:-1].max() - log_like[-1] < np.log(SWAP_ODDS):
        return None
    weights = np.exp(log_like[:-1] - log_like[:-1].max())
    cumulative = np.cumsum(weights / weights.sum())
    low, high = (float(grid[np.searchsorted(cumulative, q)]) for q in (0.025, 0.975))
    none = log_counts(np.ones(1), alt, depth).sum()
    evidence = float((log_like[:-1].max() - none) / np.log(10))
    return Fraction(float(grid[weights.argmax()]), low, high, True, evidence, len(alt))


def _agreement(first: str, second: str, sites: int, discordant: int) -> Agreement:
    return Agreement(
        first=first,
        second=second,
        sites=sites,
        discordant=discordant,
        same=judge(sites, discordant),
    )


def compare_all(sites: Sites, samples: list[str], normal: str | None) -> list[Agreement]:
    """Compare every pair of a patient's samples."""
    chosen = sites.take(informative(sites))
    return [
        compare(chosen, first, second, normal if normal in (first, second) else None)
        for i, first in enumerate(samples)
        for second in samples[i + 1 :]
    ]


def mismatched(agreements: list[Agreement], samples: list[str], normal: str | None) -> list[str]:
    """Return the samples that are not of the patient.

    The patient is the largest group of samples that agree; of equal groups, the one with the
    normal.
    """
    if not any(pair.same is False for pair in agreements):
        return []
    groups = [{sample} for sample in samples]
    for pair in agreements:
        if pair.same is not False:
            one = next(group for group in groups if pair.first in group)
            other = next(group for group in groups if pair.second in group)
            if one is not other and not _apart(one | other, agreements):
                one |= other
                groups.remove(other)
    patient = max(groups, key=lambda group: (len(group), normal in group))
    return [sample for sample in samples if sample not in patient]


def _apart(group: set[str], agreements: list[Agreement]) -> bool:
    return any(
        pair.same is False and pair.first in group and pair.second in group for pair in agreements
    )


def genotypes(sites: Sites, samples: Sequence[str]) -> Genotypes:
    """Return genotypes for the comparison with other patients.

    Returns
    -------
    Genotypes
    """
    chosen = sites.take(informative(sites))
    names = [
        f"{chrom}:{pos}:{ref}:{alt}"
        for chrom, pos, ref, alt in zip(
            chosen.chrom, chosen.pos, chosen.ref, chosen.alt, strict=True
        )
    ]
    found = {}
    for sample in samples:
        column = chosen.column(sample)
        frequency, depth = chosen.frequency[:, column], chosen.depth[:, column]
        found[sample] = "".join(
            "." if n < LEAST_DEPTH else "0" if f < ABSENT else "2" if f >= HOMOZYGOUS else "1"
            for f, n in zip(frequency, depth, strict=True)
        )
    return Genotypes(sites=tuple(names), samples=found)


#: The regions that X shares with Y (pseudoautosomal), 0-based half-open, by build.
SHARED_WITH_Y = {
    "hg19": ((60000, 2699520), (154931043, 155260560)),
    "hg38": ((10000, 2781479), (155701382, 156030895)),
}


def _normal(x: float, mean: float, sd: float) -> float:
    """Return the density of the normal distribution."""
    return float(np.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi)))


def infer_sex(
    bins: Bins, depth: Coverage, sites: Sites, sample: str, tumor: bool = False
) -> SampleSex:
    """Infer a sample's sex from the depth of X and the heterozygous sites on it.

    Parameters
    ----------
    bins, depth
        The sample's coverage of the targets.
    sites : Sites
    sample : str
    tumor : bool
        Whether copies of X may be lost or gained, and its heterozygous sites out of balance.

    Notes
    -----
    log2 depth of X against the autosomes is 0 in a woman and -1 in a man, with a standard
    deviation from the scatter of the autosomes' targets that shrinks with the targets on X.
    Heterozygous sites on X are Poisson with the autosomes' rate per base in a woman, with nearly
    none in a man. A tumour may have lost or gained an X: its depth alone never states a sex.
    """
    on_x = np.isin(bins.chrom, ("chrX", "X"))
    private = on_x.copy()
    for spans in SHARED_WITH_Y.values():
        for start, end in spans:
            private &= ~(on_x & (bins.start < end) & (bins.end > start))
    autosomes = ~bins.sex_linked & (depth.depth > 0)
    odds, ratio = 0.0, None
    if private.any() and autosomes.any():
        x, rest = np.median(depth.depth[private]), np.median(depth.depth[autosomes])
        ratio = float(x / rest)
        spread = max(mad(np.log2(depth.depth[autosomes])), TARGET_SPREAD)
        sd = np.hypot(MEDIAN_ERROR * spread / np.sqrt(private.sum()), CHROMOSOME_SPREAD)
        log2 = np.clip(np.log2(max(ratio, 2**-6)), -2, 1)
        woman, man = (_normal(log2, x, sd) for x in (0, -1))
        if tumor:
            changed, span = TUMOR_X
            woman, man = ((1 - changed) * x + changed / span for x in (woman, man))
        odds += float(np.log(max(woman, 1e-300)) - np.log(max(man, 1e-300)))
    column = sites.column(sample)
    frequency, deep = sites.frequency[:, column], sites.depth[:, column] >= LEAST_DEPTH
    germline = sites.snv & (sites.model == "germline") & deep
    with np.errstate(invalid="ignore"):
        low, high = (ABSENT, HOMOZYGOUS) if tumor else HETEROZYGOUS
        het = germline & (frequency > low) & (frequency < high)
    site_x = np.isin(sites.chrom, ("chrX", "X"))
    starts, ends = bins.start[private], bins.end[private]
    inside = np.array(
        [bool(((starts < pos) & (pos <= ends)).any()) for pos in sites.pos], dtype=bool
    ).reshape(len(sites))
    count = int((het & site_x & inside).sum())
    bases = bins.length[private].sum(), bins.length[~bins.sex_linked].sum()
    if bases[0] and bases[1]:
        rate = (het & ~site_x).sum() / bases[1] * bases[0]
        woman, man = max(rate, 1e-3), max(rate * STRAY_HETEROZYGOUS, 1e-3)
        odds += count * np.log(woman / man) - (woman - man)  # of Poisson counts
    odds = float(np.clip(odds, -99, 99))
    sex = None if abs(odds) < np.log(LEAST_SEX_ODDS) else "female" if odds > 0 else "male"
    return SampleSex(sex=sex, log_odds=round(odds, 3), depth_ratio=ratio, heterozygous=count)
