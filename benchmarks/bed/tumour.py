"""A patient: clones, copy number, and the haplotype copies ("templates") that DNA is drawn from.

Variants belong to clones of a tree, not to allele frequencies: every copy of a haplotype in a cell
holds all variants of the cell's lineage on it, so that neighbouring variants are in cis or in
trans as the tree has it. An allele's frequency follows from cell fractions and copy number.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from benchmarks.bed.genome import (
    Panel,
    Placer,
    Reference,
    Variant,
    diverge,
    encode,
    inherited,
)

FLANK = 700  # bases simulated on each side of a target: more than the longest fragment
# Cells of each clone, as a share of all tumour cells, before and after treatment. Clone 0 is the
# founder (all tumour cells); the others are its children: acquired, lost, shared and emergent ones.
CLONES = {
    "founder": (0.0, 0.0),
    "acquired 1": (0.0, 0.014),
    "acquired 2": (0.0, 0.028),
    "acquired 3": (0.0, 0.06),
    "acquired 4": (0.0, 0.14),
    "acquired 5": (0.0, 0.28),
    "emergent": (0.014, 0.14),
    "lost 1": (0.03, 0.0),
    "lost 2": (0.14, 0.0),
    "lost 3": (0.28, 0.0),
    "shared": (0.08, 0.028),
}
# The same with most variants at an AF of about 2 % after treatment, half of them before as well.
LOW_CLONES = ((0.0, 0.0), *(((0.0, 0.053), (0.053, 0.053)) * 5))
# Total copies of the two haplotypes of a gene in the tumour, and how often.
COPY_STATES = {(1, 1): 0.55, (1, 0): 0.12, (2, 0): 0.08, (2, 1): 0.12, (2, 2): 0.06, (4, 1): 0.07}
KINDS = {"SNV": 0.56, "DEL": 0.15, "INS": 0.10, "DUP": 0.07, "MNV": 0.06, "COMPLEX": 0.06}
HIDDEN_DIVERGENCE = 0.04  # of the copy that the reference lacks
HIDDEN_COPIES = 0.5  # per cell, against 2 of the gene, captured less well
PARALOGUE_COPIES = 1.0


@dataclass
class Template:
    """One haplotype copy of a segment: ``codes`` with the reference position of every base.

    ``somatic`` holds indices of the patient's somatic variants, ``source`` is ``patient``,
    ``contaminant``, ``paralogue`` or ``hidden``. Bases outside ``inner`` are primers.
    """

    segment: int
    haplotype: int
    somatic: frozenset[int]
    codes: np.ndarray
    where: np.ndarray
    source: str = "patient"
    inner: tuple[int, int] | None = None
    amplicon: int = -1


@dataclass
class Patient:
    """Everything that is fixed before a molecule is drawn."""

    reference: Reference
    panel: Panel
    segments: list[tuple[str, int, int]]
    inherited: list[Variant]
    contaminant: list[Variant]
    somatic: list[Variant]
    templates: list[Template]
    weights: dict[str, np.ndarray]  # sample: copies of each template per cell
    copy_number: list[tuple[int, int]]  # of each segment in the tumour
    cells: dict[str, list[float]]  # sample: share of all cells in each clone alone
    purity: dict[str, float]
    hidden: list[Variant] = field(default_factory=list)


def segments_of(panel: Panel) -> list[tuple[str, int, int]]:
    """Return the targets with their flanks, joined where these meet."""
    joined: list[tuple[str, int, int]] = []
    for contig, start, end, _ in panel.targets:
        low, high = start - FLANK, end + FLANK
        if joined and joined[-1][0] == contig and low <= joined[-1][2]:
            joined[-1] = (contig, joined[-1][1], max(high, joined[-1][2]))
        else:
            joined.append((contig, low, high))
    return joined


def apply(
    sequence: np.ndarray, start: int, variants: list[Variant]
) -> tuple[np.ndarray, np.ndarray]:
    """Put variants into a stretch of the reference that begins at ``start``.

    Returns base codes and each base's reference position; inserted bases have the position of the
    base before them. A variant that overlaps an earlier one is left out.
    """
    codes, where, at = [], [], start
    end = start + len(sequence)
    for v in sorted(variants, key=lambda v: (v.start, v.end)):
        if v.start < at or v.end > end:
            continue
        codes.append(sequence[at - start : v.start - start])
        where.append(np.arange(at, v.start))
        alt = encode(v.alt)
        codes.append(alt)
        inside = np.arange(v.start, v.start + len(alt))
        last = max(v.start, v.end - 1) if v.ref else v.start - 1
        where.append(np.minimum(inside, last))
        at = v.end
    codes.append(sequence[at - start :])
    where.append(np.arange(at, end))
    return np.concatenate(codes), np.concatenate(where).astype(np.int64)


def _lineages() -> list[set[int]]:
    return [{0}] + [{0, k} for k in range(1, len(CLONES))]


def cell_shares(
    purity: float, column: int, mixture: "Mixture", rng: np.random.Generator
) -> list[float]:
    """Return the share of all cells that belong to each clone and to none of its children."""
    shares = [
        pair[column] * mixture.scale * float(rng.lognormal(0, 0.15)) * purity
        for pair in mixture.clones
    ]
    shares[0] = max(0.0, purity - sum(shares[1:]))
    return shares


def _place_somatic(
    panel: Panel,
    placer: Placer,
    copies: dict[tuple[str, str], tuple[int, int]],
    mixture: "Mixture",
    rng: np.random.Generator,
) -> list[Variant]:
    total = panel.bases
    wanted = max(1, round(mixture.somatic_per_base * total))
    weights = np.array([end - start for _, start, end, _ in panel.targets]) / total
    found = []
    kinds, chances = list(mixture.kinds), list(mixture.kinds.values())
    for _ in range(wanted):
        contig, start, end, gene = panel.targets[int(rng.choice(len(weights), p=weights))]
        kind = str(rng.choice(kinds, p=chances))
        drawn = placer.draw(contig, start, end, kind)
        if drawn is None:
            continue
        start, ref, alt = drawn
        if len(ref) == len(alt) and kind == "COMPLEX":
            kind = "SNV" if len(ref) == 1 else "MNV"
        elif kind == "COMPLEX" and not (ref and alt):
            kind = "INS" if alt else "DEL"
        kind = kind.removeprefix("LONG_")
        n = copies[contig, gene]
        hap = int(rng.choice([h for h in (0, 1) if n[h] > 0]))
        founder = rng.random() < mixture.founder or mixture.scale == 0
        clone = 0 if founder else int(rng.integers(1, len(CLONES)))
        late = clone > 0 or rng.random() < 0.5
        found.append(Variant(contig, start, ref, alt, hap, clone, kind, late))
    return sorted(found)


class _Builder:
    """Collects templates and their copies per cell."""

    def __init__(self, patient_inherited: list[Variant], somatic: list[Variant], ref: Reference):
        self.inherited, self.somatic, self.ref = patient_inherited, somatic, ref
        self.templates: list[Template] = []
        self.index: dict[tuple, int] = {}
        self.weights: dict[str, dict[int, float]] = {}

    def template(self, segment: int, span: tuple, hap: int, carried: frozenset[int], source: str,
                 germline: list[Variant]) -> int:  # fmt: skip
        key = (segment, hap, carried, source)
        if key not in self.index:
            contig, start, end = span
            variants = [v for v in germline if v.contig == contig and v.haplotype in (hap, 2)]
            variants += [self.somatic[i] for i in carried]
            variants = [v for v in variants if start <= v.start and v.end <= end]
            codes, where = apply(self.ref.contigs[contig][start:end], start, variants)
            self.index[key] = len(self.templates)
            self.templates.append(Template(segment, hap, carried, codes, where, source))
        return self.index[key]

    def add(self, sample: str, template: int, copies: float) -> None:
        if copies > 0:
            held = self.weights.setdefault(sample, {})
            held[template] = held.get(template, 0.0) + copies

    def matrix(self) -> dict[str, np.ndarray]:
        out = {}
        for sample, held in self.weights.items():
            out[sample] = np.zeros(len(self.templates))
            out[sample][list(held)] = list(held.values())
        return out


def _cells_of(builder, segment, span, inside, cn, shares, sample, share_of_sample):
    """Add the haplotype copies of one segment for a mixture of cells."""
    normal = 1.0 - sum(shares)
    for hap in (0, 1):
        bare = builder.template(segment, span, hap, frozenset(), "patient", builder.inherited)
        builder.add(sample, bare, normal * share_of_sample)
        for share, lineage in zip(shares, _lineages(), strict=True):
            for copy in range(cn[hap]):
                carried = frozenset(
                    i for i in inside
                    if builder.somatic[i].haplotype == hap
                    and builder.somatic[i].clone in lineage
                    and (copy == 0 or not builder.somatic[i].late)
                )  # fmt: skip
                which = builder.template(segment, span, hap, carried, "patient", builder.inherited)
                builder.add(sample, which, share * share_of_sample)


def _paralogues(builder: _Builder, segments: list, samples: list[str], rng) -> list[Variant]:
    """Add the copy that the reference has elsewhere, and one that it lacks."""
    contig, start, end = builder.ref.copied
    sequence = builder.ref.contigs["paralogue"]
    inside = [i for i, s in enumerate(segments) if s[0] == contig and start <= s[1] and s[2] <= end]
    for i in inside:
        low, high = segments[i][1] - start, segments[i][2] - start
        # No base of it is a target: reads count as capture of a homologous sequence.
        builder.templates.append(
            Template(i, 0, frozenset(), sequence[low:high], np.arange(*segments[i][1:]),
                     "paralogue")
        )  # fmt: skip
        for sample in samples:
            builder.add(sample, len(builder.templates) - 1, PARALOGUE_COPIES)
    elsewhere = [i for i in range(len(segments)) if i not in inside]
    hidden = []
    for i in rng.choice(elsewhere, min(2, len(elsewhere)), replace=False):
        contig, low, high = segments[i]
        real = builder.ref.contigs[contig][low:high]
        copy = diverge(real, HIDDEN_DIVERGENCE, rng)
        builder.templates.append(
            Template(int(i), 0, frozenset(), copy, np.arange(low, high), "hidden")
        )
        for at in np.flatnonzero(copy != real):
            hidden.append(Variant(contig, low + int(at), "ACGTN"[real[at]], "ACGTN"[copy[at]]))
        for sample in samples:
            builder.add(sample, len(builder.templates) - 1, HIDDEN_COPIES)
    return hidden


@dataclass(frozen=True)
class Mixture:
    """What a sample holds besides the cells that it should."""

    kinds: ClassVar[dict[str, float]] = KINDS
    founder: ClassVar[float] = 0.2  # share of variants that all tumour cells have
    purity: dict[str, float]  # per sample; 0 for the normal
    scale: float = 1.0  # factor on the cells of all clones but the founder; 0: no other clone
    clones: tuple[tuple[float, float], ...] = tuple(CLONES.values())  # as `CLONES`, as many
    tumour_in_normal: float = 0.0
    contamination: float = 0.0
    somatic_per_base: float = 1 / 400
    paralogues: bool = True
    copy_number: bool = True


# Ten clones of equal share: AFs about 4.5 % at a purity of 0.95.
EQUAL_CLONES = ((0.0, 0.0), *(((0.095, 0.095),) * 10))


@dataclass(frozen=True)
class Material(Mixture):
    """Reference material: every variant is on molecules of its own, as a mixed-in construct is."""

    founder: ClassVar[float] = 0.0
    clones: tuple[tuple[float, float], ...] = EQUAL_CLONES


@dataclass(frozen=True)
class LongEvents(Mixture):
    """The same with long deletions and duplications alone, as programs for these are made for."""

    kinds: ClassVar[dict[str, float]] = {"LONG_DEL": 0.5, "LONG_DUP": 0.5}


def patient(ref: Reference, panel: Panel, mixture: Mixture, rng: np.random.Generator) -> Patient:
    """Draw a patient. The first tumour sample is before, the others are after treatment."""
    segments = segments_of(panel)
    placer = Placer(ref, rng)
    germline = inherited(segments, placer, rng)
    states, chances = list(COPY_STATES), list(COPY_STATES.values())
    copies: dict[tuple[str, str], tuple[int, int]] = {}
    for contig, _, _, gene in panel.targets:
        if (contig, gene) not in copies:
            drawn = states[int(rng.choice(len(states), p=chances))]
            drawn = drawn if rng.random() < 0.5 else drawn[::-1]
            copies[contig, gene] = drawn if mixture.copy_number else (1, 1)
    # Neighbouring genes whose flanks meet share a segment and a state.
    segment_cn = []
    for contig, start, end in segments:
        genes = [g for c, s, e, g in panel.targets if c == contig and start < s and e < end]
        segment_cn.append(copies[contig, genes[0]])
        for gene in genes:
            copies[contig, gene] = segment_cn[-1]
    somatic = _place_somatic(panel, placer, copies, mixture, rng)
    builder = _Builder(germline, somatic, ref)
    stranger = [v for v in germline if rng.random() < 0.5]
    stranger += [v for v in inherited(segments, placer, rng) if rng.random() < 0.5]
    cells, tumours = {}, [s for s, p in mixture.purity.items() if p > 0]
    for sample in tumours:
        column = 0 if sample == tumours[0] else 1
        cells[sample] = cell_shares(mixture.purity[sample], column, mixture, rng)
    for i, span in enumerate(segments):
        inside = [
            k for k, v in enumerate(somatic)
            if v.contig == span[0] and span[1] <= v.start and v.end <= span[2]
        ]  # fmt: skip
        for sample, purity in mixture.purity.items():
            clean = 1 - mixture.contamination
            leak = mixture.tumour_in_normal if purity == 0 else 1.0
            source = cells[tumours[-1] if purity == 0 else sample]
            shares = [leak * share for share in source]
            _cells_of(builder, i, span, inside, segment_cn[i], shares, sample, clean)
            if mixture.contamination:
                for hap in (0, 1):
                    which = builder.template(i, span, hap, frozenset(), "contaminant", stranger)
                    builder.add(sample, which, mixture.contamination)
    hidden = []
    if mixture.paralogues and ref.copied is not None:
        hidden = _paralogues(builder, segments, list(mixture.purity), rng)
    return Patient(ref, panel, segments, germline, stranger, somatic, builder.templates,
                   builder.matrix(), segment_cn, cells, dict(mixture.purity), hidden)  # fmt: skip


def expected_af(p: Patient, index: int, sample: str) -> float:
    """Return the allele frequency that the patient's cells have (not what was drawn)."""
    v = p.somatic[index]
    with_allele = total = 0.0
    for weight, template in zip(p.weights[sample], p.templates, strict=True):
        contig, start, end = p.segments[template.segment]
        if contig == v.contig and start <= v.start < end and template.source != "hidden":
            if template.source == "paralogue":
                continue
            total += weight
            with_allele += weight * (index in template.somatic)
    return with_allele / total if total else 0.0
