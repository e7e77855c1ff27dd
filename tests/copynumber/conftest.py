"""A patient at the level of depths and counts: what qc and the caller would have measured."""

import dataclasses

import numpy as np
import pytest

from resistpanel.copynumber.allele_counts import Sites
from resistpanel.copynumber.bins import Bins, Coverage
from resistpanel.core.schemas import from_builtins
from resistpanel.records.sheet import Sheet

GENES = 60
NORMAL, BEFORE, AFTER = "blood", "before", "after"


@dataclasses.dataclass
class Tumour:
    """Purity, and (copies, of the rarer haplotype) of genes that are not (2, 1)."""

    purity: float
    copies: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)

    def amount(self, gene, normal=2):
        total = self.copies.get(gene, (normal, normal // 2))[0]
        return self.purity * total + (1 - self.purity) * normal

    def share(self, gene):
        """Fraction of the DNA that is of the first haplotype, the rarer one in the tumour."""
        minor = self.copies.get(gene, (2, 1))[1]
        return (self.purity * minor + 1 - self.purity) / self.amount(gene)


class World:
    """A panel of 60 genes, three a chromosome, the last chromosome being X."""

    def __init__(self, seed=1, targets=6, depth=500, noise=0.08, curve=0.0):
        self.rng = np.random.default_rng(seed)
        self.depth, self.noise, self.curve = depth, noise, curve
        self.names = [f"G{i}" for i in range(GENES)]
        chroms = [f"chr{i // 3 + 1}" if i < GENES - 3 else "chrX" for i in range(GENES)]
        size = GENES * targets
        start = np.tile(np.arange(targets) * 1000, GENES) + np.repeat(np.arange(GENES), targets) * (
            100_000
        ) + 3_000_000  # fmt: skip
        self.bins = Bins(
            np.repeat(chroms, targets),
            np.repeat(self.names, targets),
            start,
            start + self.rng.integers(100, 300, size),
            self.rng.uniform(0.3, 0.7, size),
        )
        self.efficiency = np.exp(self.rng.normal(0, 0.25, size))

    def normal_copies(self, sex):
        return np.where(self.bins.sex_linked & (sex == "male"), 1, 2)

    def coverage(self, tumour=None, sex="female", curve=0.0):
        """Return a sample's coverage; `curve` bends it with GC."""
        normal = self.normal_copies(sex)
        amount = np.array(
            [
                (tumour or Tumour(0)).amount(g, n)
                for g, n in zip(self.bins.gene, normal, strict=True)
            ]
        )
        gc = self.bins.gc - 0.5
        expected = self.depth * self.efficiency * amount / 2
        expected = expected * np.exp(curve * gc - 3 * curve * gc**2)
        expected = expected * np.exp(self.rng.normal(0, self.noise, len(expected)))
        per_depth = (self.bins.length + 180) / 180
        fragments = self.rng.poisson(expected * per_depth).astype(float)
        return Coverage(fragments / per_depth, fragments)

    def sites(self, samples, rows):
        """Return `Sites` of rows (gene, model, passed, protein, {sample: AF})."""
        depth = np.array([[self.depth] * len(samples) for _ in rows])
        alt = np.array(
            [[self.rng.binomial(self.depth, row[4].get(s, 0.0)) for s in samples] for row in rows]
        ).reshape(len(rows), len(samples))
        gene = [row[0] for row in rows]
        chrom = [str(self.bins.chrom[list(self.bins.gene).index(g)]) for g in gene]
        first = {g: int(self.bins.start[list(self.bins.gene).index(g)]) for g in set(gene)}
        return Sites(
            samples=list(samples),
            chrom=np.array(chrom),
            pos=np.array([first[g] + 1 + 7 * i for i, g in enumerate(gene)]),
            ref=np.array(["A"] * len(rows)),
            alt=np.array(["G"] * len(rows)),
            gene=np.array(gene),
            model=np.array([row[1] for row in rows]),
            passed=np.array([row[2] for row in rows], dtype=bool),
            ref_count=(depth - alt).reshape(len(rows), len(samples)),
            alt_count=alt,
            detected=alt >= 5,
            protein=[row[3] for row in rows],
            filters=[() if row[2] else ("germline",) for row in rows],
            snv=np.ones(len(rows), dtype=bool),
        )

    def germline(self, tumours, het=2, hom=1, genes=None):
        """Return rows of germline alleles: `het` and `hom` for each gene."""
        rows = []
        for gene in genes or self.names[:-3]:
            for _ in range(het):
                first = self.rng.random() < 0.5
                af = {NORMAL: 0.5}
                for name, tumour in tumours.items():
                    share = tumour.share(gene)
                    af[name] = share if first else 1 - share
                rows.append((gene, "germline", False, (), af))
            for _ in range(hom):
                af = dict.fromkeys([NORMAL, *tumours], 1.0)
                rows.append((gene, "germline", False, (), af))
        return rows

    def clonal(self, tumours, genes):
        """Return rows of somatic variants on one copy in every tumour cell."""
        return [
            (
                gene,
                "somatic",
                True,
                (),
                {name: t.purity / t.amount(gene) for name, t in tumours.items()},
            )
            for gene in genes
        ]


@pytest.fixture
def world():
    return World()


def sheet(sex="female", purity=None, normal=True, tumours=(BEFORE, AFTER)):
    rows = [(NORMAL, "normal")] * normal + [(name, "tumor") for name in tumours]
    value = {
        "schema": "resistpanel/sheet/1",
        "patient": "P",
        "sex": sex,
        "disease": None,
        "samples": [
            {
                "sample": name,
                "role": role,
                "timepoint": None,
                "day": None,
                "lesion": None,
                "drugs": [],
                "bam": "/x.bam",
                "purity": (purity or {}).get(name),
            }
            for name, role in rows
        ],
        "pairs": [{"pre": tumours[0], "post": post, "drugs": []} for post in tumours[1:]],
        "lines": [],
        "drugs": [],
        "tumor_only": not normal,
    }
    return from_builtins(value, Sheet, "sheet.json")
