"""Error spectrum: wrong bases by trinucleotide context and by orientation of the fragment.

Damage of one strand before the adapters are put on shows in one orientation: an oxidised G reads
as T, and a deaminated C as T, on the strand that read 1 shows. Sequencing errors and variants show
in both orientations alike and cancel in the difference (Costello et al. 2013, Nucleic Acids Res
41:e67). Rates and Q-scores are those of Picard's CollectSequencingArtifactMetrics, pre-adapter.
"""

import dataclasses
import itertools

import numpy as np
import pysam

from resistpanel.core.sequence import reverse_complement
from resistpanel.qc.qc_constants import LOWEST_RATE, VARIANT_FRACTION, VARIANT_READS
from resistpanel.records import qc as records
from resistpanel.records.base import UNSET

BASES = "ACGT"
#: Contexts in the order of their codes: 16 x base before + 4 x base + base after.
CONTEXTS = tuple(map("".join, itertools.product(BASES, repeat=3)))
#: Names of known kinds of damage, by the change on the damaged strand.
NAMES = {"G>T": "oxoG", "C>T": "deamination"}
#: Why damage of one strand does not show in amplicons.
NO_ORIENTATION = (
    "both mates of an amplicon start at its primers, whichever strand was copied, so that damage "
    "shows in both orientations alike"
)
_UNKNOWN = 64
_CODE = np.full(256, 4, dtype=np.int64)
for _i, _base in enumerate(BASES):
    _CODE[ord(_base)] = _CODE[ord(_base.lower())] = _i


#: Code of each context's reverse complement.
_REVERSE = np.array([CONTEXTS.index(reverse_complement(context)) for context in CONTEXTS])


def contexts(fasta: pysam.FastaFile, chrom: str, start: int, end: int) -> np.ndarray:
    """Return the context code of each base of an interval (0-based half-open).

    Where a base or one of its neighbours is not A, C, G or T the code is 64.
    """
    left = max(start - 1, 0)
    bases = fasta.fetch(chrom, left, end + 1)
    bases = "N" * (start - 1 - left if start else 1) + bases
    bases = bases.ljust(end - start + 2, "N")
    code = _CODE[np.frombuffer(bases.encode(), dtype=np.uint8)]
    before, here, after = code[:-2], code[1:-1], code[2:]
    known = (before < 4) & (here < 4) & (after < 4)
    return np.where(known, 16 * before + 4 * here + after, _UNKNOWN)


def variant(counts: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return at which positions an allele is more frequent than errors are.

    Parameters
    ----------
    counts : ndarray of int, (positions, 2, 4)
        Reads by orientation and base.
    reference : ndarray of int, (positions,)
        Code of the reference base.
    """
    reads = counts[:, 0].astype(np.int64) + counts[:, 1]
    total = reads.sum(axis=1)
    reads[np.arange(len(reads)), reference] = 0
    most = reads.max(axis=1, initial=0)
    return (most >= VARIANT_READS) & (most >= VARIANT_FRACTION * total)


@dataclasses.dataclass(frozen=True)
class Artifact:
    """One change of a base on one strand.

    Attributes
    ----------
    change : str
        As on the strand that read 1 shows, ``G>T``.
    rate : float
        Excess over the opposite orientation, per base; not below `LOWEST_RATE`.
    q : float
        -10 log10(rate).
    """

    change: str
    rate: float
    q: float


@dataclasses.dataclass(frozen=True)
class Spectrum:
    """Bases counted at positions without a variant.

    Attributes
    ----------
    counts : ndarray of int, (64, 2, 4)
        Reads by context of the reference, orientation (F1R2, F2R1) and base.
    positions, variants : int
        Positions counted, and those left out as a variant's.
    """

    counts: np.ndarray
    positions: int
    variants: int

    @classmethod
    def empty(cls) -> "Spectrum":
        """Return the spectrum of nothing."""
        return cls(np.zeros((len(CONTEXTS), 2, 4), dtype=np.int64), 0, 0)

    def with_counts(self, codes: np.ndarray, counts: np.ndarray) -> "Spectrum":
        """Return the spectrum with further positions.

        Parameters
        ----------
        codes : ndarray of int, (positions,)
            See `contexts`.
        counts : ndarray of int, (positions, 2, 4)
        """
        known = codes < _UNKNOWN
        codes, counts = codes[known], counts[known]
        odd = variant(counts, codes // 4 % 4)
        codes, counts = codes[~odd], counts[~odd]
        # bincount sums in double precision, exact below 2 ** 53; np.add.at takes ten times as long.
        sums = [np.bincount(codes, row, len(CONTEXTS)) for row in counts.reshape(-1, 8).T]
        total = self.counts + np.array(sums, dtype=np.int64).T.reshape(self.counts.shape)
        return Spectrum(total, self.positions + len(codes), self.variants + int(odd.sum()))

    def strand(self) -> np.ndarray:
        """Return counts on the strand of the molecule, (64, 2, 4).

        The context is that of one strand of the molecule; the first row has the reads of that
        strand as read 1 shows it, the second those that show it as the opposite strand.
        """
        opposite = self.counts[_REVERSE][:, ::-1, ::-1]
        return self.counts + opposite

    def artifact(self, change: str, context: str | None = None) -> Artifact | None:
        """Return the excess of a change in the orientation of its strand; None without bases.

        Parameters
        ----------
        change : str
            ``G>T``.
        context : str, optional
            Trinucleotide; all of them without.
        """
        ref, alt = BASES.index(change[0]), BASES.index(change[2])
        rows = [CONTEXTS.index(context)] if context else np.flatnonzero(ref == _MIDDLE)
        pro, con = self.strand()[rows].sum(axis=0)
        total = pro[ref] + pro[alt] + con[ref] + con[alt]
        if not total:
            return None
        rate = max(LOWEST_RATE, float(pro[alt] - con[alt]) / float(total))
        return Artifact(change, rate, round(float(-10 * np.log10(rate)), 2))

    def record(self, amplicons: bool = False) -> records.ErrorSpectrum:
        """Return ``error_spectrum`` of ``qc/{patient}.json``.

        Parameters
        ----------
        amplicons : bool
            Whether the fragments are of amplicons, whose orientation is that of their primers.
        """
        artifacts = []
        for ref, alt in itertools.permutations(BASES, 2):
            change = f"{ref}>{alt}"
            whole = None if amplicons else self.artifact(change)
            within = [c for c in CONTEXTS if c[1] == ref and not amplicons]
            inside = {c: self.artifact(change, c) for c in within}
            worst = min(
                (name for name, one in inside.items() if one), key=lambda c: inside[c].q, default=""
            )
            artifacts.append(
                records.Artifact(
                    change=change,
                    name=NAMES.get(change),
                    rate=float(f"{whole.rate:.4g}") if whole else None,
                    q=whole.q if whole else None,
                    worst_context=worst or None,
                    worst_context_q=inside[worst].q if worst else None,
                )
            )
        named = {row.name: row.q for row in artifacts if row.name}
        return records.ErrorSpectrum(
            positions=self.positions,
            variant_positions=self.variants,
            bases=int(self.counts.sum()),
            substitution_rate=self.substitution_rate(),
            oxog_q=named["oxoG"],
            deamination_q=named["deamination"],
            artifacts=tuple(artifacts),
            contexts={
                name: records.Orientations(
                    F1R2=tuple(rows[0].tolist()), F2R1=tuple(rows[1].tolist())
                )
                for name, rows in zip(CONTEXTS, self.counts, strict=True)
            },
            not_applicable=NO_ORIENTATION if amplicons else UNSET,
        )

    def substitution_rate(self) -> float | None:
        """Return wrong bases per base; None without bases."""
        total = int(self.counts.sum())
        right = int(self.counts[np.arange(len(CONTEXTS)), :, _MIDDLE].sum())
        return float(f"{(total - right) / total:.4g}") if total else None


_MIDDLE = np.array([BASES.index(context[1]) for context in CONTEXTS])
