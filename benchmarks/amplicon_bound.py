"""How well damaged molecules can be told from variants in formalin-fixed amplicons, by counts.

    python -m benchmarks.amplicon_bound --seed 7 --patients 60

Patients of `benchmarks.bed amplicon-ffpe` are drawn down to their molecules, the changes of these
and the reads of each; no read is made. C>T and G>A are scored by the ratio of their probabilities
as a variant and as damage, with the simulator's rates, its distributions of variants, clones and of
the yield of molecules (jackpots included), from the counts of both tumours and of every amplicon
over the site. By the lemma of Neyman and Pearson no other score of these counts does better. The
threshold is the one with the highest F1 of these patients, so that it is a bound. What is left out
makes it higher: errors of sequencing and alignment, how alleles are described, allele dropout in
the probability of a variant, and all kinds but C>T and G>A, which count as found, none falsely.
Further rows: the threshold 0, at which both are equally likely; the highest allele frequency of
the tumours as a score, where it has `LEAST_FRAGMENTS`; and the same relative to the limit of damage
that the program estimates from all sites of each tumour (`call.errors.damage`), which is all that
it knows of the damage.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bed import assay as assays
from benchmarks.bed import errors, genome, molecules, tumour
from benchmarks.bed.score import within as _inside
from benchmarks.copynumber_page import table
from resistpanel.call.call_constants import DAMAGE_DEPTH, DAMAGE_MOST
from resistpanel.call.errors.damage import tail_limit

ASSAY = assays.ASSAYS["amplicon-ffpe"]
LEAST_AF = 0.01  # of the variants, in the molecules that are read; as `bed.report`
LEAST_FRAGMENTS = 3
LEAST_SHOWN = 0.002  # of the sites that are scored
DRAWS = 40_000  # of the molecules of a site, for each rate
PAIRS = 1_000  # frequencies of a variant before and after treatment
FACTORS = 400  # of the damage of a site, for each combination of hot samples
SHARES = np.geomspace(1e-5, 1.0, 241)  # of the reads; a count is binomial about it
RATES = np.geomspace(1e-5, 0.2, 60)
FREQUENCIES = np.geomspace(1e-5, 0.999, 80)  # the first stands for absence
FIRST, LAST = "pre", "post"
JACKPOT, YIELD = 2e-4, 60.0  # as in `AmpliconSampler.draw`


def _shares(carriers: np.ndarray, half: bool, jackpots: int, rng) -> np.ndarray:
    """Draw the share of an amplicon's reads that some of its molecules have, (draws,)."""
    design = ASSAY.sampling
    shape, others = design.jackpot, design.genomes - carriers
    with_ = rng.gamma(np.maximum((carriers - jackpots) * shape, 1e-9))
    for _ in range(jackpots):
        with_ = with_ + YIELD * rng.gamma(shape, size=len(carriers))
    rest = rng.gamma(np.maximum(others, 1e-9) * shape)
    count = rng.poisson(others * JACKPOT)
    rest += YIELD * rng.gamma(np.maximum(count * shape, 1e-9))
    return with_ / (with_ + rest) * (0.5 if half else 1.0)


def _density(carriers: np.ndarray, half: bool, rng, added: np.ndarray | float = 0.0) -> np.ndarray:
    """Return the probability of each of `SHARES`, (shares,), given how many molecules there are.

    ``added``: share of other molecules with the allele, of each draw.
    """
    edges = np.concatenate([[0.0], np.sqrt(SHARES[1:] * SHARES[:-1]), [2.0]])
    found = np.zeros(len(SHARES))
    for jackpots in (0, 1, 2):
        # Jackpots are rare and drawn apart.
        mean = carriers * JACKPOT
        weight = np.exp(-mean) * mean**jackpots / max(1, jackpots) * (carriers >= jackpots)
        if weight.sum() == 0:
            continue
        drawn = _shares(np.maximum(carriers, jackpots), half, jackpots, rng)
        found += np.histogram(drawn + added, edges, weights=weight)[0]
    return found / found.sum()


@dataclass
class Model:
    """Probabilities of a share of the reads by rate of damage and by frequency of a variant."""

    of_damage: np.ndarray  # (RATES, SHARES)
    of_variant: np.ndarray  # (FREQUENCIES, SHARES)
    rates: np.ndarray  # (draws, 2): of damage in both tumours, relative
    log_rates: np.ndarray  # log probability of each
    frequencies: np.ndarray  # (PAIRS, 2)

    @classmethod
    def of(cls, rng: np.random.Generator) -> "Model":
        genomes = ASSAY.sampling.genomes
        damage = np.array([_density(rng.poisson(genomes * r, DRAWS), True, rng) for r in RATES])
        rates, log_rates = _damage_factors(rng)
        # A variant's site is damaged like any other.
        at = np.searchsorted(RATES, rates[:, 0] * ASSAY.chemistry.ffpe).clip(0, len(RATES) - 1)
        anywhere = np.exp(log_rates) @ damage[at]
        variant = []
        for f in FREQUENCIES:
            beside = rng.choice(SHARES, DRAWS, p=anywhere / anywhere.sum())
            beside[beside == SHARES[0]] = 0.0
            variant.append(_density(rng.binomial(genomes, f, DRAWS), False, rng, beside))
        return cls(damage, np.array(variant), rates, log_rates, _frequencies(rng))

    def log_ratio(self, counts: list[tuple[int, int, int]], rate: float, prior: float) -> float:
        """Return log P(variant | counts) - log P(damage | counts).

        ``counts``: tumour (0, 1), fragments with the allele and in all, of each amplicon; ``rate``
        of damage per base; ``prior`` of a variant there.
        """
        pairs = len(self.frequencies)
        damage, variant = self.log_rates.copy(), np.full(pairs, -np.log(pairs))
        for sample, k, n in counts:
            log = k * np.log(SHARES) + (n - k) * np.log1p(-np.minimum(SHARES, 1 - 1e-6))
            seen = np.exp(log - log.max())
            for total, tables, grid, values in (
                (damage, self.of_damage, RATES, self.rates[:, sample] * rate),
                (variant, self.of_variant, FREQUENCIES, self.frequencies[:, sample]),
            ):
                like = np.log(tables @ seen + 1e-300)
                total += np.interp(np.log(np.maximum(values, grid[0])), np.log(grid), like)
        return float(np.logaddexp.reduce(variant) - np.logaddexp.reduce(damage) + np.log(prior))


def _damage_factors(rng) -> tuple[np.ndarray, np.ndarray]:
    """Draw factors on the rate of damage of a site in both tumours, as `errors.site_rates` does."""
    hot = ASSAY.chemistry.ffpe_hot
    factors, log = [], []
    for common in (0, 1):
        for first in (0, 1):
            for last in (0, 1):
                shared = np.exp(rng.normal(0, 0.8, (FACTORS, 1)))
                own = np.exp(rng.normal(0, 0.6, (FACTORS, 2)) - 0.5)
                factors.append(shared * own + 25.0 * (common + np.array([first, last])))
                k = common + first + last
                log.append(np.full(FACTORS, k * np.log(hot) + (3 - k) * np.log1p(-hot)))
    return np.concatenate(factors), np.concatenate(log) - np.log(FACTORS)


def _frequencies(rng) -> np.ndarray:
    """Draw the allele frequencies of variants before and after treatment, (PAIRS, 2)."""
    states, chances = list(tumour.COPY_STATES), list(tumour.COPY_STATES.values())
    mixture, found = ASSAY.mixture, []
    for _ in range(PAIRS):
        copies = states[int(rng.choice(len(states), p=chances))]
        copies = copies if rng.random() < 0.5 else copies[::-1]
        haplotype = int(rng.choice([h for h in (0, 1) if copies[h] > 0]))
        founder = rng.random() < mixture.founder
        clone = 0 if founder else int(rng.integers(1, len(tumour.CLONES)))
        late = clone > 0 or rng.random() < 0.5
        pair = []
        for column, sample in enumerate((FIRST, LAST)):
            purity = mixture.purity[sample]
            shares = tumour.cell_shares(purity, column, mixture, rng)
            cells = sum(shares) if founder else shares[clone]
            alleles = cells * (1 if late else copies[haplotype])
            pair.append(alleles / (2 * (1 - sum(shares)) + sum(shares) * sum(copies)))
        found.append(pair)
    return np.array(found)


@dataclass
class Site:
    """A place at which C>T or G>A is seen: counts by tumour and amplicon."""

    counts: list[tuple[int, int, int]]
    cpg: bool
    variant: int  # index of the planted one, -1 for none


@dataclass
class Drawn:
    """One patient: sites that show C>T or G>A, and the planted variants."""

    sites: list[Site]
    variants: pd.DataFrame  # kind, damage (C>T or G>A), max_af, expected, jackpot
    bases: int
    cpgs: int
    limits: tuple[float, float]  # of damage in both tumours, as the program estimates them


def _planted(p, sampler, drawn, order) -> tuple[pd.DataFrame, dict]:
    """Return the planted variants, and the counts of each by sample and amplicon."""
    amplicon = np.array([t.amplicon for t in sampler.templates])
    rows, counts = [], {}
    truth = assays.Truth(p, sampler.templates, sampler.buffer)
    spans = [t[:3] for t in molecules.covered_by(sampler.tiles).targets]
    realised = {
        s: truth.count(m.take(~m.hopped), ASSAY.chemistry.read_length, None)
        for s, m in drawn.items()
    }
    for i, v in enumerate(p.somatic):
        if not _inside(v, spans):
            continue
        carriers = np.array([i in t.somatic for t in sampler.templates])
        most, expected, biggest = 0.0, 0.0, 0.0
        for number, s in enumerate(order):
            m, (carry, total) = drawn[s], realised[s][i]
            af = carry / total if total else 0.0
            expected = max(expected, tumour.expected_af(p, i, s))
            with_, reads, largest = carriers[m.template], 0, 0
            for tile in np.unique(amplicon[carriers]):
                t = sampler.tiles[tile]
                if not _inside(v, [(t.contig, *t.insert)]):
                    continue
                here = amplicon[m.template] == tile
                k, n = int(m.copies[here & with_].sum()), int(m.copies[here].sum())
                if n:
                    counts.setdefault(i, {})[number, int(tile)] = k, n
                if k:
                    reads, largest = reads + k, max(largest, int(m.copies[here & with_].max()))
            if af > most:
                most, biggest = af, largest / max(reads, 1)
        damage = (v.ref, v.alt) in (("C", "T"), ("G", "A"))
        rows.append([i, v.kind, damage, most, expected, biggest])
    columns = ["index", "kind", "damage", "max_af", "expected", "largest molecule"]
    return pd.DataFrame(rows, columns=columns), counts


def draw(seed: int) -> Drawn:
    """Draw one patient, as `assay.simulate` does until reads are made."""
    rng = np.random.default_rng([seed, 77])
    ref = genome.reference()
    p = tumour.patient(ref, assays.panel_of(ASSAY, rng), ASSAY.mixture, rng)
    sampler = molecules.AmpliconSampler(p, ASSAY.sampling, rng)
    order = (FIRST, LAST)
    drawn = sampler.samples(ASSAY.rho, rng)
    variants, counts = _planted(p, sampler, drawn, order)
    # Keyed by place: by sample and amplicon fragments with C>T (G>A).
    shown: dict[tuple, dict] = {}
    for number, s in enumerate(order):
        _add_damage(shown, number, drawn[s], sampler, seed, rng)
    sites = []
    totals = {}
    for number, s in enumerate(order):
        m = drawn[s]
        amplicon = np.array([t.amplicon for t in sampler.templates])[m.template]
        totals[number] = np.bincount(amplicon, m.copies, len(sampler.tiles)).astype(int)
    by_place = {}
    for row in variants[variants.damage].itertuples():
        v = p.somatic[row.index]
        by_place[v.contig, v.start] = row.index
        shown.setdefault((v.contig, v.start), {})
    for (contig, at), found in shown.items():
        sequence = ref.contigs[contig]
        code = sequence[at]
        other = sequence[at + 1] if code == 1 else sequence[at - 1]
        index = by_place.get((contig, at), -1)
        rows = []
        for number in (0, 1):
            for tile, t in enumerate(sampler.tiles):
                if t.contig == contig and t.insert[0] <= at < t.insert[1] and totals[number][tile]:
                    k = found.get((number, tile), 0)
                    if index >= 0:
                        k += counts[index].get((number, tile), (0, 0))[0]
                    n = int(totals[number][tile])
                    rows.append((number, min(int(k), n), n))
        af = [sum(k for s, k, _ in rows if s == number)
              / max(sum(n for s, _, n in rows if s == number), 1) for number in (0, 1)]  # fmt: skip
        if max(af) >= LEAST_SHOWN or index >= 0:
            sites.append(Site(rows, bool(code + other == 3 and code in (1, 2)), index))
    others = {
        (p.somatic[row.index].contig, p.somatic[row.index].start): counts.get(row.index, {})
        for row in variants[(variants.kind == "SNV") & ~variants.damage].itertuples()
    }
    kinds = {place: _with(found, counts.get(by_place.get(place, -1), {}))
             for place, found in shown.items()}  # fmt: skip
    limits = tuple(_limit(n, kinds, others, totals[n], sampler.tiles, ref) for n in (0, 1))
    inside = np.concatenate([ref.contigs[c][s:e] for c, s, e, _ in p.panel.targets])
    cpgs = int(((inside[:-1] == 1) & (inside[1:] == 2)).sum())
    return Drawn(sites, variants, p.panel.bases, cpgs, limits)


def _with(damage: dict, planted: dict) -> dict:
    """Return the fragments with a substitution by tumour and amplicon, of damage and variant."""
    return {key: damage.get(key, 0) + planted.get(key, (0, 0))[0] for key in {*damage, *planted}}


def _limit(number: int, ours: dict, others: dict, total: np.ndarray, tiles, ref) -> float:
    """Return the limit of damage of a tumour, from the frequencies at all sites of its amplicons.

    Parameters
    ----------
    number : int
        Of the tumour.
    ours : dict of place to fragments with C>T (G>A), by tumour and amplicon
    others : dict of place to (fragments with a substitution of no damage, all), likewise
    total : (amplicons,)
        Fragments of the tumour.
    """
    depth: dict[tuple[str, int], int] = {}
    for tile, n in zip(tiles, total, strict=True):
        for at in range(*tile.insert):
            depth[tile.contig, at] = depth.get((tile.contig, at), 0) + int(n)
    least = max(DAMAGE_DEPTH * np.median([n for n in depth.values() if n]), 1)
    spectra: tuple[list[float], list[float]] = ([], [])
    for (contig, at), n in depth.items():
        if n < least:
            continue
        if ref.contigs[contig][at] in (1, 2):
            found = ours.get((contig, at), {})
            spectra[0].append(sum(k for (s, _), k in found.items() if s == number) / n)
        else:
            found = others.get((contig, at), {})
            spectra[1].append(sum(k for (s, _), (k, _) in found.items() if s == number) / n)
    damage, rest = (np.array(x) for x in spectra)
    return tail_limit(damage[damage <= DAMAGE_MOST], rest[rest <= DAMAGE_MOST])


def _add_damage(shown, number, m, sampler, seed, rng) -> None:
    """Add the fragments of one tumour whose molecules are damaged."""
    chemistry, buffer = ASSAY.chemistry, sampler.buffer
    rates = errors.site_rates(buffer, len(buffer.codes), chemistry, True, seed, rng)
    found = errors.edits(m, buffer, rates, chemistry, True, rng)
    inner = np.array([t.inner for t in sampler.templates])[m.template[found.row]]
    use = (found.at >= inner[:, 0]) & (found.at < inner[:, 1]) & (found.at < m.joint[found.row])
    row, at, base, share = found.row[use], found.at[use], found.base[use], found.share[use]
    k = rng.binomial(m.copies[row], share)
    place = m.start[row] + at
    old = buffer.codes[place]
    keep = (k > 0) & (((old == 1) & (base == 3)) | ((old == 2) & (base == 0)))
    for r, i, n in zip(row[keep], place[keep], k[keep], strict=True):
        template = sampler.templates[m.template[r]]
        key = sampler.tiles[template.amplicon].contig, int(buffer.where[i])
        held = shown.setdefault(key, {})
        held[number, template.amplicon] = held.get((number, template.amplicon), 0) + int(n)


def _scores(patient: Drawn, model: Model) -> pd.DataFrame:
    """Return score, planted variant (-1) and highest frequency of each site of a patient.

    The frequency also relative to the tumour's limit of damage.
    """
    rows = []
    snv = tumour.KINDS["SNV"] * ASSAY.mixture.somatic_per_base
    # As `genome.Placer` draws: a quarter at a CpG, else any base, three in five a transition.
    anywhere = snv * 0.75 * 0.6
    at_cpg = anywhere + snv * 0.25 * patient.bases / (2 * max(patient.cpgs, 1))
    for site in patient.sites:
        rate = ASSAY.chemistry.ffpe * (2 if site.cpg else 1)
        score = model.log_ratio(site.counts, rate, at_cpg if site.cpg else anywhere)
        af, ratio = 0.0, 0.0
        for number in (0, 1):
            k, n = (sum(row[j] for row in site.counts if row[0] == number) for j in (1, 2))
            shown = k / n if k >= LEAST_FRAGMENTS else 0.0
            af, ratio = max(af, shown), max(ratio, shown / max(patient.limits[number], 1e-9))
        rows.append([score, site.variant, af, ratio])
    return pd.DataFrame(rows, columns=["score", "variant", "af", "of_limit"])


def best(
    scores: pd.DataFrame, variants: pd.DataFrame, by: str, cut: float | None = None
) -> tuple[float, pd.DataFrame]:
    """Return the threshold and the counts of each patient: found, total, false.

    Without ``cut`` it is the threshold of the highest F1.
    """
    counted = variants[variants.max_af >= LEAST_AF]
    wanted = set(zip(counted.patient, counted["index"], strict=True))
    true = np.array([(p, v) in wanted for p, v in zip(scores.patient, scores.variant, strict=True)])
    false = (scores.variant < 0).to_numpy()
    order = np.argsort(-scores[by].to_numpy())
    hits = int((~counted.damage).sum()) + np.cumsum(true[order])
    f1 = _f1(hits, np.cumsum(false[order]), len(counted))
    cut = float(scores[by].to_numpy()[order][np.argmax(f1)]) if cut is None else cut
    called, patients = (scores[by] >= cut).to_numpy(), variants.patient.unique()

    def per_patient(which: pd.Series) -> np.ndarray:
        return which.value_counts().reindex(patients, fill_value=0).to_numpy()

    found = per_patient(counted.patient[~counted.damage]) + per_patient(
        scores.patient[called & true]
    )
    wrong = per_patient(scores.patient[called & false])
    return cut, pd.DataFrame(
        {"found": found, "total": per_patient(counted.patient), "false": wrong}
    )


def _f1(found, false, total):
    return 2 * found / (found + total + false)


def main(argv: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.amplicon_bound", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=60)
    options = parser.parse_args(argv)
    rng = np.random.default_rng(options.seed)
    model = Model.of(rng)
    scores, variants = [], []
    for k in range(options.patients):
        patient = draw(options.seed + k)
        for found, kept in ((_scores(patient, model), scores), (patient.variants, variants)):
            found.insert(0, "patient", k)
            kept.append(found)
    scores = pd.concat(scores, ignore_index=True)
    variants = pd.concat(variants, ignore_index=True)
    rows = []
    for name, by, cut in (
        ("log ratio of probabilities", "score", None),
        ("the same, equal odds", "score", 0.0),
        ("allele frequency", "af", None),
        ("allele frequency, of the program's limit", "of_limit", 1.0),
    ):
        cut, counts = best(scores, variants, by, cut)
        found, total, false = counts.sum()
        some = rng.integers(0, len(counts), (2000, len(counts)))
        again = [counts[c].to_numpy()[some].sum(1) for c in ("found", "false", "total")]
        low, high = np.quantile(_f1(*again), [0.025, 0.975])
        rows.append({
            "score": name, "threshold": f"{cut:.3g}", "found": f"{found} of {total}",
            "false": false, "F1": f"{_f1(found, false, total):.3f} ({low:.3f} to {high:.3f})",
        })  # fmt: skip
    print(table(pd.DataFrame(rows)))
    planted = variants[variants.expected >= LEAST_AF]
    jackpot = variants[(variants.max_af >= LEAST_AF) & (variants["largest molecule"] > 0.5)]
    print(f"planted at {LEAST_AF:.0%} and above: {len(planted)}; in no molecule that is read: "
          f"{int((planted.max_af == 0).sum())}; in fewer than {LEAST_AF:.0%} of them: "
          f"{int((planted.max_af < LEAST_AF).sum())}; C>T or G>A: {int(planted.damage.sum())}; "
          f"more than half of the reads from one molecule: {len(jackpot)}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
