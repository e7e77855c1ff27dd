"""Families of reads with UMIs: strands, copies, and errors before and during amplification."""

import dataclasses

import numpy as np

from resistpanel.testing.testing_constants import AMPLIFICATION_CYCLES, EARLY_CYCLES

#: `change` of an error that only some bases have: SPECIFIC + 4 x from + to, codes of ACGT.
SPECIFIC = 16
A, C, G, T = range(4)


@dataclasses.dataclass(frozen=True)
class Umi:
    """How molecules are tagged and amplified; see the patient's schema for the terms."""

    type: str
    length: int
    families: tuple[float, ...]
    both_strands: float
    damage: float
    deamination: float
    oxidation: float
    polymerase: float
    jackpots: float
    jackpot_size: float
    errors: float


@dataclasses.dataclass(frozen=True)
class Families:
    """Read pairs of molecules; arrays over read pairs, in the order of molecules and strands.

    `molecule`: which molecule; `strand`: 0 if read 1 begins at its left end (F1R2), 1 if at its
    right end (F2R1); `copy`: not the first pair of its molecule; `family`: number of the strand,
    which `first` (strands,) and `size` (strands,) describe.
    """

    molecule: np.ndarray
    strand: np.ndarray
    copy: np.ndarray
    family: np.ndarray
    first: np.ndarray
    size: np.ndarray


def draw_families(molecules: int, umi: Umi, rng: np.random.Generator) -> Families:
    """Draw strands and copies of a number of molecules."""
    both = rng.random(molecules) < (umi.both_strands if umi.type == "duplex" else 0.0)
    molecule = np.repeat(np.arange(molecules), 1 + both)
    second = np.zeros(len(molecule), bool)
    second[1:] = molecule[1:] == molecule[:-1]
    strand = (rng.integers(0, 2, molecules)[molecule] + second) % 2
    chances = np.array(umi.families, float) / sum(umi.families)
    size = rng.choice(np.arange(1, len(chances) + 1), len(molecule), p=chances)
    jackpot = np.flatnonzero(rng.random(len(size)) < umi.jackpots)
    size[jackpot] = 1 + rng.poisson(umi.jackpot_size - 1, len(jackpot))
    family = np.repeat(np.arange(len(size)), size)
    first = np.cumsum(size) - size
    owner = molecule[family]
    copy = np.zeros(len(owner), bool)
    copy[1:] = owner[1:] == owner[:-1]
    return Families(owner, strand[family], copy, family, first, size)


def family_errors(
    families: Families, insert: np.ndarray, umi: Umi, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (read pair, offset in the insert, change) of errors before and in amplification.

    Parameters
    ----------
    families : Families
    insert : int array (read pairs,)
        Length of each fragment.
    umi : Umi

    Notes
    -----
    Damage is in all copies of a strand. An error of amplification cycle k is in a copy with
    probability 2^-k, as 2^(k-1) strands are copied in that cycle; late cycles are drawn as errors
    of single read pairs, at half a cycle's rate each.

    `change` is added to the base's code modulo 4; from `SPECIFIC` on, it names the only base
    that it changes, and the new one.
    """
    lengths = insert[families.first]
    parts = [_on_strands(families, lengths, umi.damage, 1.0, rng)]
    for rate, (old, new) in ((umi.deamination, (C, T)), (umi.oxidation, (G, T))):
        pair, offset, _ = _on_strands(families, lengths, rate, 1.0, rng)
        # What the lower strand has is its complement on the reference's strand.
        lower = families.strand[pair] == 1
        change = np.where(lower, SPECIFIC + 4 * (3 - old) + 3 - new, SPECIFIC + 4 * old + new)
        parts.append((pair, offset, change))
    for cycle in range(1, EARLY_CYCLES + 1):
        rate = umi.polymerase * 2 ** (cycle - 1)
        parts.append(_on_strands(families, lengths, rate, 2.0**-cycle, rng))
    late = umi.polymerase * (AMPLIFICATION_CYCLES - EARLY_CYCLES) / 2
    single = dataclasses.replace(
        families, first=np.arange(len(insert)), size=np.ones(len(insert), np.int64)
    )
    parts.append(_on_strands(single, insert, late, 1.0, rng))
    where, offset, change = (np.concatenate(part) for part in zip(*parts, strict=True))
    return where, offset, change


def _on_strands(families, lengths, rate, reach, rng):
    """Draw errors per base of strands, each in a copy with probability `reach`."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    place = np.sort(rng.integers(0, max(total, 1), rng.poisson(rate * total)))
    strand = np.searchsorted(ends, place, side="right")
    offset = place - (ends - lengths)[strand] if len(place) else place
    change = rng.integers(1, 4, len(place))
    size = families.size[strand]
    event = np.repeat(np.arange(len(place)), size)
    pair = np.arange(len(event)) - np.repeat(np.cumsum(size) - size, size)
    pair = pair + families.first[strand][event]
    if reach < 1:
        kept = rng.random(len(event)) < reach
        event, pair = event[kept], pair[kept]
    return pair, offset[event], change[event]


def draw_codes(families: Families, umi: Umi, rng: np.random.Generator) -> np.ndarray:
    """Return the RX tag of each read pair as ASCII, uint8 (read pairs, width).

    The UMI of read 1 comes first: the two strands of a duplex molecule have them in opposite
    order.
    """
    molecules = int(families.molecule.max(initial=-1)) + 1
    ends = 1 if umi.type == "single" else 2
    codes = rng.integers(0, 4, (molecules, ends, umi.length), dtype=np.uint8)[families.molecule]
    if umi.type == "duplex":
        lower = families.strand == 1
        codes[lower] = codes[lower][:, ::-1]
    wrong = rng.random(codes.shape) < umi.errors
    codes[wrong] = (codes[wrong] + rng.integers(1, 4, int(wrong.sum()), dtype=np.uint8)) % 4
    letters = np.frombuffer(b"ACGT", np.uint8)[codes]
    if ends == 1:
        return letters[:, 0]
    hyphen = np.full((len(letters), 1), ord("-"), np.uint8)
    return np.concatenate([letters[:, 0], hyphen, letters[:, 1]], axis=1)
