"""Patients at the level of depths and counts, for the benchmark of copy number.

What `resistpanel qc` and `resistpanel call` would have measured: fragments per target and
fragments per allele, drawn as the simulator draws reads (log-normal efficiency of each target,
log-normal noise of each library at each target, Poisson fragments, binomial alleles), on all
targets of panels/cancer138, with a bend of each library with GC besides.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from resistpanel.copynumber.allele_counts import Sites
from resistpanel.copynumber.analyse import Patient
from resistpanel.copynumber.bins import Bins, Coverage, gene_spans
from resistpanel.core.intervals import merge_targets, read_targets
from resistpanel.records.sheet import Pair, Sample, Sheet

PANEL = Path(__file__).resolve().parents[1] / "panels" / "cancer138" / "hg19.bed"
NORMAL = "normal"
#: Germline substitutions per coding kilobase: het, and homozygous for the other allele.
HET_PER_KB, HOM_PER_KB = 0.4, 0.25
ERROR = 2e-4
#: Cancer cell fractions of subclones with several variants.
SUBCLONES = (0.15, 0.9)
#: Another person's genotype at a site where the patient has the allele twice: 2, 1, 0 copies.
STRANGER = (0.25, 0.4, 0.35)


@dataclasses.dataclass(frozen=True)
class Library:
    """Mean depth in fragments, read length, insert; noise in natural log units."""

    name: str
    depth: float
    read_length: int
    insert: int
    noise: float = 0.05
    efficiency: float = 0.25
    bend: float = 1.0

    @property
    def covered(self) -> int:
        """Bases that a fragment's reads cover."""
        return min(self.insert, 2 * self.read_length)


MODERN = Library("2x100, 500x", 500, 100, 180)
GAIIX = Library("2x36, 900x", 900, 36, 130)
NOISY = Library("2x100, 500x, twice the noise", 500, 100, 180, noise=0.10, bend=2.0)


@dataclasses.dataclass(frozen=True)
class Tumor:
    """Purity, and (copies, copies of the rarer haplotype) of the genes that are not (2, 1)."""

    purity: float
    copies: dict[str, tuple[int, int]]

    def amount(self, gene: str, normal: int = 2) -> float:
        """Mean copies per cell."""
        total = self.copies.get(gene, (normal, 0))[0]
        return self.purity * total + (1 - self.purity) * normal

    def rarer(self, gene: str) -> float:
        """Fraction of the gene's DNA that is of the rarer haplotype."""
        minor = self.copies.get(gene, (2, 1))[1]
        amount = self.amount(gene)
        return (self.purity * minor + 1 - self.purity) / amount if amount else 0.5


class Panel:
    """The shipped panel with drawn GC fractions and efficiencies, the same for all samples."""

    def __init__(self, rng: np.random.Generator, library: Library):
        rows = merge_targets(read_targets(PANEL))
        self.library = library
        gene = np.array([row.gene for row in rows])
        # Genes differ in GC, and exons within them.
        level = {name: rng.normal(0.48, 0.07) for name in dict.fromkeys(gene)}
        gc = np.clip([rng.normal(level[name], 0.05) for name in gene], 0.25, 0.8)
        self.bins = Bins(
            np.array([row.chrom for row in rows]),
            gene,
            np.array([row.start for row in rows]),
            np.array([row.end for row in rows]),
            np.asarray(gc),
        )
        self.efficiency = np.exp(rng.normal(0, library.efficiency, len(rows)))
        self.genes = [name for name, _ in gene_spans(self.bins)]
        self.autosomal = [
            name for name, members in gene_spans(self.bins) if self.bins.chrom[members[0]] != "chrX"
        ]

    def coverage(
        self,
        rng: np.random.Generator,
        tumor: Tumor | None = None,
        sex: str = "female",
        more: np.ndarray | float = 0.0,
    ) -> Coverage:
        """Sequence a sample; `more` is added to the natural log of each target's depth."""
        bins, library = self.bins, self.library
        normal = np.where(bins.sex_linked & (sex == "male"), 1, 2)
        pure = tumor or Tumor(0.0, {})
        amount = np.array([pure.amount(g, int(n)) for g, n in zip(bins.gene, normal, strict=True)])
        gc = bins.gc - 0.48
        bend = rng.normal(0, library.bend) * gc + rng.normal(0, 4 * library.bend) * gc**2
        noise = rng.normal(0, library.noise, len(bins))
        depth = library.depth * self.efficiency * amount / 2 * np.exp(bend + noise + more)
        per_depth = (bins.length + library.covered) / library.covered
        fragments = rng.poisson(depth * per_depth).astype(float)
        return Coverage(fragments / per_depth, fragments)


@dataclasses.dataclass
class Alleles:
    """Alleles being gathered: gene, model, passed, and AF by sample (error added later)."""

    rows: list[tuple[str, str, bool, dict[str, float]]] = dataclasses.field(default_factory=list)

    def counted(self, rng, panel: Panel, samples: list[str], tumors: dict[str, Tumor]) -> Sites:
        """Draw the counts."""
        first = {}
        for name, members in gene_spans(panel.bins):
            first[name] = (str(panel.bins.chrom[members[0]]), int(panel.bins.start[members[0]]))
        shape = (len(self.rows), len(samples))
        alt, depth = np.zeros(shape, int), np.zeros(shape, int)
        for i, (gene, _, _, af) in enumerate(self.rows):
            for j, sample in enumerate(samples):
                amount = tumors[sample].amount(gene) / 2 if sample in tumors else 1.0
                depth[i, j] = rng.poisson(panel.library.depth * max(amount, 0.0))
                f = af.get(sample, 0.0)
                alt[i, j] = rng.binomial(depth[i, j], f * (1 - ERROR) + (1 - f) * ERROR)
        order = {}
        positions = []
        for gene, *_ in self.rows:
            order[gene] = order.get(gene, 0) + 1
            positions.append(first[gene][1] + 7 * order[gene])
        passed = np.array([row[2] for row in self.rows], bool)
        return Sites(
            samples=samples,
            chrom=np.array([first[row[0]][0] for row in self.rows]),
            pos=np.array(positions),
            ref=np.array(["A"] * len(self.rows)),
            alt=np.array(["G"] * len(self.rows)),
            gene=np.array([row[0] for row in self.rows]),
            model=np.array([row[1] for row in self.rows]),
            passed=passed,
            ref_count=depth - alt,
            alt_count=alt,
            detected=alt >= 5,
            protein=[()] * len(self.rows),
            filters=[() if ok else ("germline",) for ok in passed],
            snv=np.ones(len(self.rows), bool),
        )


def inherited(
    rng: np.random.Generator,
    panel: Panel,
    tumors: dict[str, Tumor],
    sex: str = "female",
    contamination: dict[str, float] | None = None,
    swapped: tuple[str, ...] = (),
) -> Alleles:
    """Draw germline alleles; `contamination` by sample; `swapped` samples are another person's."""
    found = Alleles()
    samples = [NORMAL, *tumors]
    foreign = contamination or {}
    spans = gene_spans(panel.bins)
    for gene, members in spans:
        kb = panel.bins.length[members].sum() / 1000
        single = panel.bins.chrom[members[0]] == "chrX" and sex == "male"
        for rate, copies in ((HET_PER_KB, 1), (HOM_PER_KB, 2)):
            for _ in range(rng.poisson(rate * kb)):
                if single and copies == 1:
                    continue
                mine, side = copies / 2, rng.random() < 0.5
                other = rng.choice([1.0, 0.5, 0.0], p=STRANGER[::-1])
                af = {}
                for sample in samples:
                    own = mine
                    if copies == 1 and sample in tumors:
                        rarer = tumors[sample].rarer(gene)
                        own = rarer if side else 1 - rarer
                    share = 1.0 if sample in swapped else foreign.get(sample, 0.0)
                    af[sample] = (1 - share) * own + share * other
                found.rows.append((gene, "germline", False, af))
        # What the other person has and the patient lacks shows as somatic where it is frequent.
        if swapped:
            for _ in range(rng.poisson(HET_PER_KB * kb * 0.7)):
                level = float(rng.choice([0.5, 1.0]))
                found.rows.append((gene, "somatic", True, dict.fromkeys(swapped, level)))
    return found


def add_somatic(
    alleles: Alleles,
    rng: np.random.Generator,
    panel: Panel,
    tumors: dict[str, Tumor],
    clonal: int,
    subclonal: int = 0,
    leak: float = 0.0,
    subclones: Sequence[int] = (),
) -> None:
    """Add somatic variants; `leak` of the last tumour is in the normal.

    A subclonal variant has a cancer cell fraction of its own; the variants of each of `subclones`,
    which are their numbers, share one.
    """
    last = list(tumors)[-1]
    shared = [ccf for number in subclones for ccf in [rng.uniform(*SUBCLONES)] * number]
    for number in range(clonal + subclonal + len(shared)):
        gene = str(rng.choice(panel.autosomal))
        if number < clonal + subclonal:
            ccf = 1.0 if number < clonal else rng.uniform(0.1, 0.6)
        else:
            ccf = shared[number - clonal - subclonal]
        af = {}
        for name, tumor in tumors.items():
            total, minor = tumor.copies.get(gene, (2, 1))
            copies = (total - minor) if rng.random() < 0.5 and total > 2 else 1
            af[name] = tumor.purity * ccf * copies / tumor.amount(gene) if total else 0.0
        af[NORMAL] = leak * af[last]
        alleles.rows.append((gene, "somatic", True, af))


def sheet(name: str, tumors: list[str], sex: str | None) -> Sheet:
    """Return what `resistpanel sheet` hands on."""
    rows = [(NORMAL, "normal"), *((tumor, "tumor") for tumor in tumors)]
    return Sheet(
        schema="resistpanel/sheet/1",
        patient=name,
        sex=sex,
        disease=None,
        samples=tuple(
            Sample(
                sample=sample, role=role, timepoint=None, day=None, lesion=None, drugs=(), bam="",
                purity=None,
            )
            for sample, role in rows
        ),
        pairs=tuple(Pair(pre=tumors[0], post=post, drugs=()) for post in tumors[1:]),
        lines=(),
        drugs=(),
        tumor_only=False,
    )  # fmt: skip


def patient(
    rng: np.random.Generator,
    library: Library,
    tumors: dict[str, Tumor],
    clonal: int = 12,
    subclonal: int = 5,
    sex: str = "female",
    stated: str | None = "",
    leak: float = 0.0,
    contamination: dict[str, float] | None = None,
    swapped: tuple[str, ...] = (),
    panel: Panel | None = None,
) -> Patient:
    """Return a patient as the copy-number stage takes it."""
    panel = panel or Panel(rng, library)
    alleles = inherited(rng, panel, tumors, sex, contamination, swapped)
    add_somatic(alleles, rng, panel, tumors, clonal, subclonal, leak)
    samples = [NORMAL, *tumors]
    return Patient(
        sheet=sheet("P", list(tumors), sex if stated == "" else stated),
        bins=panel.bins,
        coverage={NORMAL: panel.coverage(rng, sex=sex)}
        | {name: panel.coverage(rng, tumor, sex) for name, tumor in tumors.items()},
        sites=alleles.counted(rng, panel, samples, tumors),
    )
