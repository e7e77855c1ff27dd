"""Real reads with fewer variant-supporting molecules: a semi-synthetic dilution.

Of the fragments that show one of the known alleles, so many are removed at random that the allele
has the wanted frequency; all others stay. The errors of real reads are kept. What a thinner sample
also has, another drawing of molecules and another library, is not there.

Fragments are recognised without the caller: by the base that is aligned to the position of a
substitution; for an indel, by the altered sequence with just so much beside it that the reference
around lacks it.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.allele import Allele
from resistpanel.core.bam import make_index
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.haplotypes import fetcher, tidy
from resistpanel.core.stats import overdispersed_interval
from resistpanel.records import pack as records
from resistpanel.testing import pack_score
from resistpanel.testing.pack import Known
from resistpanel.testing.score import Call
from resistpanel.testing.testing_constants import (
    LEAST_WORD_FLANK,
    MOST_WORD_FLANK,
    WORD_AROUND,
)


def word(fasta: pysam.FastaFile, allele: Allele) -> str | None:
    """Return the altered sequence with enough flank that the reference around lacks it.

    None where no flank is enough.
    """
    around = fasta.fetch(allele.chrom, max(0, allele.pos - WORD_AROUND), allele.end + WORD_AROUND)
    for flank in range(LEAST_WORD_FLANK, MOST_WORD_FLANK):
        left = fasta.fetch(allele.chrom, max(0, allele.pos - flank), allele.pos)
        right = fasta.fetch(allele.chrom, allele.end, allele.end + flank)
        found = (left + allele.alt + right).upper()
        if found not in around.upper():
            return found
    return None


def shows(read: pysam.AlignedSegment, allele: Allele, wanted: str | None) -> bool:
    """Return whether a read shows an allele; `wanted` is from `word`."""
    if len(allele.ref) == len(allele.alt) == 1:
        pairs = read.get_aligned_pairs(matches_only=True)
        return any(r == allele.pos and read.query_sequence[q] == allele.alt for q, r in pairs)
    return wanted is not None and wanted in (read.query_sequence or "")


@dataclasses.dataclass(frozen=True)
class Support:
    """Names of the fragments that show an allele, and how many cover it."""

    names: tuple[str, ...]
    depth: int


def supporting(bam: Path, reference: Path, alleles: Sequence[Allele]) -> dict[Allele, Support]:
    """Return the fragments that show each allele."""
    found = {}
    with open_fasta(reference) as fasta, pysam.AlignmentFile(str(bam)) as reads:
        for allele in alleles:
            wanted, shown, over = word(fasta, allele), set(), set()
            low, high = max(0, allele.pos - 2 * MOST_WORD_FLANK), allele.end + 2 * MOST_WORD_FLANK
            for read in reads.fetch(allele.chrom, low, high):
                if read.is_unmapped or read.is_secondary or read.is_supplementary:
                    continue
                if shows(read, allele, wanted):
                    shown.add(read.query_name)
                if read.reference_start <= allele.pos < (read.reference_end or 0):
                    over.add(read.query_name)
            found[allele] = Support(tuple(sorted(shown)), len(over | shown))
    return found


def thinned(
    bam: Path, output: Path, support: dict[Allele, Support], af: float, rng: np.random.Generator
) -> dict[Allele, float]:
    """Write the reads with each allele at a frequency at most; return what each has then.

    A fragment that shows two of the alleles is removed for either.
    """
    drop: set[str] = set()
    for one in support.values():
        others = one.depth - len(one.names)
        kept = min(len(one.names), round(af * others / (1 - af)))
        gone = rng.choice(len(one.names), len(one.names) - kept, replace=False)
        drop |= {one.names[i] for i in gone}
    with (
        pysam.AlignmentFile(str(bam)) as reads,
        pysam.AlignmentFile(str(output), "wb", template=reads) as out,
    ):
        for read in reads.fetch(until_eof=True):
            if read.query_name not in drop:
                out.write(read)
    make_index(output)
    left = {a: len(set(one.names) - drop) for a, one in support.items()}
    return {a: left[a] / max(left[a] + s.depth - len(s.names), 1) for a, s in support.items()}


@dataclasses.dataclass(frozen=True)
class Draw:
    """One draw: by allele its AF, whether it was called, and its stated LOD; other calls."""

    af: np.ndarray
    called: np.ndarray
    lod: np.ndarray
    other: int


def dilute(
    inputs: pack_score.Inputs, afs: Sequence[float], draws: int, seed: int
) -> tuple[records.Dilution, ...]:
    """Call a pack's tumour with its known alleles at lower frequencies.

    Parameters
    ----------
    inputs : Inputs
    afs : sequence of float
    draws : int
        Of each frequency.
    seed : int

    Raises
    ------
    InputError
        If the pack has no small variant to dilute.
    """
    with open_fasta(inputs.reference) as fasta:
        fetch = fetcher(fasta)
        known = [
            (one, tidy(one.allele, fetch))
            for one in inputs.pack.known
            if one.allele and one.state == "present"
        ]
    support = supporting(inputs.bams["tumor"], inputs.reference, [a for _, a in known])
    known = [(one, allele) for one, allele in known if support[allele].names]
    if not known:
        raise InputError("no known small variant is in the reads", str(inputs.pack.folder))
    rows = []
    for af in afs:
        done, stated = [], None
        for number in range(draws):
            drawn = [seed, round(af * 1e6), number]
            one, stated = _draw(inputs, known, support, af, drawn, stated)
            done.append(one)
        rows.append(_row(af, done))
    return tuple(rows)


def _draw(
    inputs: pack_score.Inputs,
    known: list[tuple[Known, Allele]],
    support: dict[Allele, Support],
    af: float,
    seed: list[int],
    stated: dict[Allele, Call] | None,
) -> tuple[Draw, dict[Allele, Call]]:
    """Return a draw, and the stated limits: those of the frequency's first draw."""
    bam = inputs.work / "diluted.bam"
    reached = thinned(inputs.bams["tumor"], bam, support, af, np.random.default_rng(seed))
    calls = pack_score.call(inputs, "diluted", bam)
    if stated is None:
        stated = pack_score.forced_limits(inputs, "diluted_forced", bam)
    with open_fasta(inputs.reference) as fasta:
        scored = pack_score.score(inputs.pack.known, calls, stated, fetcher(fasta))
    bam.unlink()
    bam.with_name(f"{bam.name}.bai").unlink()
    names = [one.name for one, _ in known]
    rows = {row.name: row for row in scored.rows}
    draw = Draw(
        np.array([reached[allele] for _, allele in known]),
        np.array([rows[name].called for name in names]),
        np.array([np.nan if (lod := rows[name].lod) is None else lod for name in names]),
        len(scored.other),
    )
    return draw, stated


def _row(af: float, draws: list[Draw]) -> records.Dilution:
    """Summarise the draws of a frequency; the interval is over alleles, not over draws."""
    reached = np.stack([draw.af for draw in draws])
    called = np.stack([draw.called for draw in draws])
    lod = np.stack([draw.lod for draw in draws])
    alleles = called.shape[1]
    low, high = overdispersed_interval(called.mean() * alleles, alleles, 0.0)
    above = reached >= np.where(np.isnan(lod), np.inf, lod)
    return records.Dilution(
        af=af,
        af_median=float(np.median(reached)),
        draws=len(draws),
        found=int(called.sum()),
        of=called.size,
        recall=float(called.mean()),
        low=float(low),
        high=float(high),
        above_limit=int(above.sum()),
        above_limit_found=int((above & called).sum()),
        lod_median=None if np.isnan(lod).all() else float(np.nanmedian(lod)),
        other_calls=float(np.mean([d.other for d in draws])),
    )
