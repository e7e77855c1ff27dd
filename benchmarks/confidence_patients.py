"""Simulated patients for `benchmarks.confidence`: samples, variants, fragments, and the truth.

Nothing here uses the model that is tested. Where the model is simple the patients are not: the
overdispersion is drawn and stated with an error, stated purities are wrong, variants are on any
number of copies, errors of a site have a long tail, libraries of other patients hop into the pool,
and the fraction of a resistant clone before treatment is not drawn from the prior of the model.
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence

import numpy as np

from resistpanel.catalog.protein import ProteinChange, parse
from resistpanel.catalog.sites import reference_residues
from resistpanel.core.files import HOME
from resistpanel.core.sequence import CODONS, GENETIC_CODE
from resistpanel.panel.genes import load_genes
from resistpanel.records.sheet import Drug, Line, Pair, Sample, Sheet
from resistpanel.resist.chance import CodingPanel, substitution
from resistpanel.resist.context import Context, load_context
from resistpanel.testing.codons import USAGE, read_codons

PANEL = HOME / "panels" / "cancer138" / "hg19.gff3"
KNOWN = HOME / "resources" / "demo" / "codons.tsv"

#: Drug, disease, sensitising driver (gene, change); None: none that a panel shows as one.
THERAPIES = (
    ("vemurafenib", "melanoma", ("BRAF", "V600E")),
    ("dabrafenib", "melanoma", ("BRAF", "V600E")),
    ("erlotinib", "NSCLC", ("EGFR", "L858R")),
    ("osimertinib", "NSCLC", ("EGFR", "L858R")),
    ("imatinib", "GIST", ("KIT", "K642E")),
    ("cetuximab", "colorectal cancer", None),
    ("adagrasib", "NSCLC", ("KRAS", "G12C")),
)
#: Fraction of each type of substitution among passengers (sunlight, tobacco, other).
SPECTRA = {
    "melanoma": (0.04, 0.02, 0.80, 0.04, 0.08, 0.02),
    "NSCLC": (0.35, 0.12, 0.25, 0.10, 0.12, 0.06),
    "other": (0.10, 0.08, 0.52, 0.06, 0.18, 0.06),
}
TYPES = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
#: Samples: name, role, lesion, before treatment. A patient has one of these.
DESIGNS = {
    "one lesion": (("pre", "tumor", "A", True), ("post", "tumor", "A", False)),
    "two lesions before": (
        ("preA", "tumor", "A", True), ("preB", "tumor", "B", True), ("post", "tumor", "A", False),
    ),
    "new lesion": (
        ("pre", "tumor", "A", True), ("postA", "tumor", "A", False),
        ("postC", "tumor", "C", False),
    ),
    "plasma before": (
        ("plasma", "plasma", None, True), ("pre", "tumor", "A", True),
        ("post", "tumor", "A", False),
    ),
}  # fmt: skip
SHARES = (0.5, 0.2, 0.15, 0.15)


@dataclasses.dataclass(frozen=True)
class Change:
    """A single-base change of the coding sequence.

    Attributes
    ----------
    gene : str
    residue : int
    at : int
        Base of the codon, 0 to 2.
    ref, alt : str
        On the coding strand.
    protein : str
        Short form.
    """

    gene: str
    residue: int
    at: int
    ref: str
    alt: str
    protein: str

    @property
    def type(self) -> str:
        """Type of the substitution, both strands together."""
        return substitution(self.ref, self.alt)

    def id(self, genes: Sequence[str]) -> str:
        """Return an id as of a VCF: each gene is a contig."""
        number = genes.index(self.gene) + 1
        return f"gene{number}:{3 * (self.residue - 1) + self.at + 1}:{self.ref}:{self.alt}"


class Genome:
    """Coding sequences of the panel's genes: random, but for the residues of the catalogue."""

    def __init__(self, seed: int):
        rng = np.random.default_rng([seed, 77])
        self.context: Context = load_context()
        claimed = reference_residues(
            [*self.context.catalog, *self.context.drivers, *self.context.activating]
        )
        known = {(one.gene, one.residue): one.codon for one in read_codons(KNOWN)}
        usage = np.array([0.0 if GENETIC_CODE[c] == "*" else USAGE[c] for c in CODONS])
        usage /= usage.sum()
        self.codons: dict[str, list[str]] = {}
        for name, gene in load_genes(PANEL).items():
            codons = [CODONS[i] for i in rng.choice(64, gene.residues, p=usage)]
            codons[0] = "ATG"
            for residue in range(1, gene.residues + 1):
                if aa := claimed.get((name, residue)):
                    usual = max((c for c in CODONS if GENETIC_CODE[c] == aa), key=USAGE.get)
                    codons[residue - 1] = known.get((name, residue), usual)
            self.codons[name] = codons
        self.genes = list(self.codons)
        self.bases = [
            (name, residue, at, base)
            for name, codons in self.codons.items()
            for residue, codon in enumerate(codons, 1)
            for at, base in enumerate(codon)
        ]
        folded = np.array([base[3] in "CG" for base in self.bases])
        self.of_base = {"C": np.flatnonzero(folded), "T": np.flatnonzero(~folded)}

    @functools.cached_property
    def panel(self) -> CodingPanel:
        """The panel as `resistpanel resist` reads it."""
        number = {base: len(at) for base, at in self.of_base.items()}
        return CodingPanel({name: tuple(c) for name, c in self.codons.items()}, number)

    def change(self, gene: str, residue: int, at: int, alt: str) -> Change:
        """Return a change with its effect."""
        codon = self.codons[gene][residue - 1]
        ref, new = GENETIC_CODE[codon], GENETIC_CODE[codon[:at] + alt + codon[at + 1 :]]
        return Change(gene, residue, at, codon[at], alt, f"{ref}{residue}{new}")

    def named(self, gene: str, protein: str) -> Change:
        """Return the change of one base with an effect."""
        residue = int(protein[1:-1])
        return next(c for c in self.of_codon(gene, residue) if c.protein == protein)

    def of_codon(self, gene: str, residue: int) -> Iterator[Change]:
        """Yield the nine changes of a codon."""
        if not 1 <= residue <= len(self.codons[gene]):
            return
        for at in range(3):
            for alt in "ACGT":
                if alt != self.codons[gene][residue - 1][at]:
                    yield self.change(gene, residue, at, alt)

    def passenger(self, rng: np.random.Generator, spectrum: Sequence[float]) -> Change:
        """Return a change at a random base of the panel."""
        kind = TYPES[rng.choice(6, p=spectrum)]
        at = self.of_base[kind[0]]
        gene, residue, phase, ref = self.bases[at[rng.integers(len(at))]]
        alt = kind[2] if ref in "CT" else {"A": "T", "C": "G", "G": "C", "T": "A"}[kind[2]]
        return self.change(gene, residue, phase, alt)


@dataclasses.dataclass
class Variant:
    """An allele of a patient, or of another one.

    Attributes
    ----------
    change : Change
    kind : str
        ``driver``, ``truncal``, ``subclonal``, ``private``, ``passenger`` (relapse brought it),
        ``mechanism``, or ``none``: a site of the catalogue at which only errors are seen.
    af : float, (samples,)
        Allele frequency in each sample, the normal first.
    before : float
        Highest cancer cell fraction of the lesions sampled before treatment.
    counts : int, (samples, 3)
        Fragments with the allele by class of quality.
    hopped : float, (samples,)
        Fraction of the fragments that have it and come from other libraries. They are counted after
        amplification, so that they vary as Poisson counts do.
    """

    change: Change
    kind: str
    af: np.ndarray
    before: float
    counts: np.ndarray | None = None
    hopped: np.ndarray | float = 0.0


@dataclasses.dataclass
class Patient:
    """A simulated patient.

    Attributes
    ----------
    therapy : tuple
        Of `THERAPIES`.
    design : str
        Of `DESIGNS`.
    purity, depth, rho, stated_rho : (samples,)
        The normal first.
    stated : list of (float or None)
        Purity of the sheet.
    hopping : float
        Fraction of each library's fragments that are of another one of the pool.
    variants : list of Variant
    """

    therapy: tuple
    design: str
    purity: np.ndarray
    stated: list[float | None]
    depth: np.ndarray
    rho: np.ndarray
    stated_rho: np.ndarray
    hopping: float
    variants: list[Variant]

    @property
    def mechanism(self) -> Variant | None:
        """The mechanism, None without one."""
        return next((v for v in self.variants if v.kind == "mechanism"), None)

    @property
    def samples(self) -> tuple:
        """Rows of the design."""
        return DESIGNS[self.design]

    def sheet(self, context: Context) -> Sheet:
        """Return the sheet."""
        name, disease, _ = self.therapy
        drug = context.catalog.drugs.resolve(name)
        rows = [Sample(sample="normal", role="normal", timepoint=None, day=None, lesion=None,
                       drugs=(), bam="", purity=None)]  # fmt: skip
        for (sample, role, lesion, before), purity in zip(self.samples, self.stated, strict=True):
            rows.append(
                Sample(
                    sample=sample, role=role, timepoint="pre" if before else "post",
                    day=0 if before else 200, lesion=lesion, drugs=() if before else (name,),
                    bam="", purity=purity,
                )
            )  # fmt: skip
        earlier = tuple(s for s, _, _, before in self.samples if before)
        later = tuple(s for s, _, _, before in self.samples if not before)
        lesion = {s: place for s, _, place, _ in self.samples}
        pairs = tuple(
            Pair(pre=pre, post=post, drugs=(drug.name,))
            for post in later
            for pre in ([p for p in earlier if lesion[p] == lesion[post]] or earlier)
        )
        return Sheet(
            schema="resistpanel/sheet/1", patient="P", sex=None, disease=disease,
            samples=tuple(rows), pairs=pairs, tumor_only=False,
            drugs=(Drug(given=name, drug=drug.name, classes=drug.classes, targets=drug.targets),),
            lines=(Line(number=1, drugs=(drug.name,), start=None, stop=None, baseline=earlier,
                        samples=later),),
        )  # fmt: skip


class Maker:
    """Draws patients.

    Parameters
    ----------
    seed : int
    mechanisms : float
        Fraction of the patients with a mechanism.
    """

    def __init__(self, seed: int, mechanisms: float):
        self.genome, self.fraction = Genome(seed), mechanisms
        self.pools = {therapy: self._pool(therapy) for therapy in THERAPIES}
        self.sites = self._sites()

    def _pool(self, therapy: tuple) -> list[list[Change]]:
        """Return the changes that each row of resistance to a drug stands for."""
        context = self.genome.context
        drug = context.catalog.drugs.resolve(therapy[0])
        pool = []
        for row in context.catalog:
            gene = row.gene
            told = row.direction == "resistance" and row.drug_match(drug)
            clinical = row.evidence_level in ("clinical", "case report")
            if not (told and clinical and gene in self.genome.codons):
                continue
            if row.alteration_type == "loss_of_function" and row.match_level == "gene":
                codons = range(2, len(self.genome.codons[gene]) + 1)
                found = [c for r in codons for c in self.genome.of_codon(gene, r)
                         if c.protein.endswith("*") and not c.protein.startswith("*")]  # fmt: skip
            elif row.match_level == "class":
                found = [c for one in context.activating if one.gene == gene
                         for r, _ in one.residues for c in self.genome.of_codon(gene, r)
                         if one.matches_change(parsed(c))]  # fmt: skip
            else:
                found = [c for r, _ in row.residues for c in self.genome.of_codon(gene, r)
                         if row.matches_change(parsed(c))]  # fmt: skip
            if found:
                pool.append(found)
        return pool

    def _sites(self) -> dict[Change, tuple[str, ...]]:
        """Return the alleles that the catalogue asks for, with the ids of rows and drivers."""
        context = self.genome.context
        found: dict[Change, list[str]] = {}
        for row in [*context.catalog, *context.drivers]:
            if row.match_level not in ("exact", "codon") or row.gene not in self.genome.codons:
                continue
            for residue, _ in row.residues[:1]:
                for change in self.genome.of_codon(row.gene, residue):
                    if row.matches_change(parsed(change)):
                        found.setdefault(change, []).append(row.id)
        return {change: tuple(ids) for change, ids in found.items()}

    def draw(self, rng: np.random.Generator) -> Patient:
        """Return a patient with fragments counted."""
        therapy = THERAPIES[rng.integers(len(THERAPIES))]
        design = list(DESIGNS)[rng.choice(len(DESIGNS), p=SHARES)]
        rows = DESIGNS[design]
        n = len(rows) + 1
        purity = np.array([0.0, *(_purity(rng, role, before) for _, role, _, before in rows)])
        depth = np.exp(rng.normal(np.log(700), 0.7, n)).clip(60, 6000).round().astype(int)
        assay = 10 ** rng.uniform(-5, -2)
        rho = np.minimum(assay * np.exp(rng.normal(0, 0.3, n)), 0.02)
        prior = rng.random() < 0.25
        stated_rho = np.full(n, 5e-4) if prior else rho * np.exp(rng.normal(0, 0.3, n))
        patient = Patient(
            therapy, design, purity, _stated(rng, purity[1:]), depth, rho, stated_rho,
            0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-4, -2.5), [],
        )  # fmt: skip
        self._variants(patient, rng)
        self._others(patient, rng)
        hop(patient, rng)
        count(patient, rng)
        return patient

    def _variants(self, patient: Patient, rng: np.random.Generator) -> None:
        spectrum = SPECTRA.get(patient.therapy[1], SPECTRA["other"])
        used: set[tuple] = set()

        def add(change: Change, kind: str, fraction: dict[str, tuple[float, float]]) -> None:
            key = change.gene, change.residue, change.at, change.alt
            if key not in used:
                used.add(key)
                patient.variants.append(variant(patient, change, kind, fraction, rng))

        lesions = sorted({place for _, _, place, _ in patient.samples if place})
        if patient.therapy[2]:
            add(self.genome.named(*patient.therapy[2]), "driver", dict.fromkeys(lesions, (1, 1)))
        if rng.random() < self.fraction:
            rows = self.pools[patient.therapy]
            changes = rows[rng.integers(len(rows))]
            chosen = changes[rng.integers(len(changes))]
            add(chosen, "mechanism", _resistant(lesions, rng))
        number = {
            "truncal": 1 + rng.poisson(rng.gamma(2.0, 6.0)),
            "subclonal": rng.poisson(3),
            "private": rng.poisson(3) if len(lesions) > 1 else 0,
            "passenger": rng.poisson(rng.gamma(1.0, 4.0) if rng.random() > 0.05 else 80),
        }
        for kind, several in number.items():
            for _ in range(several):
                change = self.genome.passenger(rng, spectrum)
                add(change, kind, _fractions(kind, lesions, rng))

    def _others(self, patient: Patient, rng: np.random.Generator) -> None:
        """Add the catalogue's sites: errors alone, or what hops over from other patients."""
        there = {v.change for v in patient.variants}
        zero = np.zeros(len(patient.samples) + 1)
        patient.variants += [
            Variant(change, "none", zero.copy(), 0.0)
            for change in self.sites
            if change not in there
        ]
        if patient.hopping:
            pool = [c for rows in self.pools.values() for row in rows for c in row]
            drivers = [self.genome.named(*t[2]) for t in THERAPIES if t[2]]
            own = {v.change: v for v in patient.variants}
            for _ in range(rng.integers(1, 8)):
                change = pool[rng.integers(len(pool))]
                if rng.random() < 0.5:
                    change = drivers[rng.integers(len(drivers))]
                if change not in own:
                    own[change] = Variant(change, "none", zero.copy(), 0.0)
                    patient.variants.append(own[change])
                amount = patient.hopping * rng.uniform(0.05, 0.5)
                spread = np.exp(rng.normal(0, 0.5, len(zero)))
                own[change].hopped = own[change].hopped + amount * spread


def parsed(change: Change) -> ProteinChange | None:
    """Return the change of the protein as the catalogue reads it."""
    return parse(change.protein)


def _purity(rng: np.random.Generator, role: str, before: bool) -> float:
    """Return the tumour fraction of a sample: before treatment some have little or none."""
    if role == "plasma":
        return float(10 ** rng.uniform(-2.5, -0.5))
    if before and rng.random() < 0.3:
        return 0.0 if rng.random() < 1 / 3 else float(10 ** rng.uniform(-2.3, -1))
    return float(rng.uniform(0.15, 0.9))


def _stated(rng: np.random.Generator, purity: np.ndarray) -> list[float | None]:
    """Return the sheet's purities: none, about right, or wrong by 0.2."""
    u = rng.random()
    if u < 0.4:
        return [None] * len(purity)
    error = rng.normal(0, 0.06, len(purity))
    if u > 0.9:
        error = rng.choice([-0.2, 0.2], len(purity))
    return [float(np.clip(p + e, 0.05, 1.0).round(2)) for p, e in zip(purity, error, strict=True)]


def _resistant(lesions: Sequence[str], rng: np.random.Generator) -> dict:
    """Return the fraction of a resistant clone in each lesion before and after."""
    before = dict.fromkeys(lesions, 0.0)
    u = rng.random()
    if u > 0.55:
        # It was there: in one lesion, as a fraction that is small more often than large.
        fraction = rng.beta(0.35, 3.0) if u < 0.9 else rng.uniform(0.2, 1.0)
        before[lesions[rng.integers(len(lesions))]] = float(fraction)
    return {name: (c, float(rng.uniform(0.15, 1.0))) for name, c in before.items()}


def _fractions(kind: str, lesions: Sequence[str], rng: np.random.Generator) -> dict:
    """Return cancer cell fractions of a passenger in each lesion before and after."""
    if kind == "truncal":
        return dict.fromkeys(lesions, (1.0, 1.0))
    if kind == "private":
        return {lesions[rng.integers(len(lesions))]: (1.0, 1.0)}
    if kind == "subclonal":
        return {name: tuple(rng.beta(1.0, 2.0, 2)) for name in lesions}
    before = float(rng.beta(0.3, 6.0)) if rng.random() < 0.3 else 0.0
    after = 1.0 if rng.random() < 0.4 else float(rng.uniform(0.05, 1.0))
    return dict.fromkeys(lesions, (before, after))


def variant(
    patient: Patient, change: Change, kind: str, fraction: dict, rng: np.random.Generator
) -> Variant:
    """Return a variant with its frequencies, on any number of copies that a tumour may have."""
    copies = int(rng.choice([1, 2, 3, 4], p=[0.12, 0.66, 0.15, 0.07]))
    most = max(copies - 1, 1)
    mutated = int(rng.integers(1, most + 1)) if rng.random() < 0.4 else 1
    if copies == 2 and rng.random() < 0.08:
        mutated = 2
    if kind == "driver" and rng.random() < 0.2:
        copies, mutated = 6, 4
    af, before = [0.0], 0.0
    for (_, role, place, earlier), p in zip(patient.samples, patient.purity[1:], strict=True):
        if role == "plasma":
            c = float(np.mean([pair[0] for pair in fraction.values()])) if fraction else 0.0
            c *= len(fraction) / len({row[2] for row in patient.samples if row[2]})
        else:
            c = fraction.get(place, (0.0, 0.0))[0 if earlier else 1]
        if earlier:
            before = max(before, c)
        af.append(p * mutated * c / (p * copies + 2 * (1 - p)))
    if rng.random() < 0.1:
        # Tumour cells in the normal.
        af[0] = max(af) * float(rng.uniform(0.0, 0.02))
    return Variant(change, kind, np.array(af), before)


def hop(patient: Patient, rng: np.random.Generator) -> None:
    """Let the patient's libraries hop into each other."""
    if patient.hopping:
        for one in patient.variants:
            if one.af.max() > 0.02:
                others = (one.af.sum() - one.af) / (len(one.af) - 1)
                one.hopped = one.hopped + patient.hopping * others


#: Classes of fragments: fraction, error relative to the mean.
CLASSES = ((0.08, 5.0), (0.62, 0.8), (0.30, 0.1))
#: Mean error rate of each type of substitution, per fragment.
ERRORS = dict(zip(TYPES, (1.5e-4, 4e-5, 2e-4, 5e-5, 8e-5, 4e-5), strict=True))


def site_factors(rng: np.random.Generator, number: int, samples: int) -> np.ndarray:
    """Return by how much sites err more than their type of substitution, (number, samples).

    A site errs alike in all samples, or in each by itself; a few sites err far more.
    """
    shared = rng.random(number) < 0.5
    spread = rng.normal(0, 0.35, (number, samples))
    spread[shared] = spread[shared, :1]
    often = np.where(rng.random(number) < 0.004, rng.uniform(3, 15, number), 1.0)
    return np.exp(spread) * often[:, None]


def count(patient: Patient, rng: np.random.Generator) -> None:
    """Draw the fragments with each allele, (samples, classes of fragments)."""
    depth, n, alleles = patient.depth, len(patient.depth), patient.variants
    part, error = np.array(CLASSES).T
    relative = part * error / (part * error).sum()
    factor = site_factors(rng, len(alleles), n)
    rate = np.array([ERRORS[one.change.type] for one in alleles])[:, None] * factor
    errors = rng.poisson((rate * depth)[:, :, None] * relative)
    size = (1 - patient.rho) / patient.rho
    for one, wrong in zip(alleles, errors, strict=True):
        one.counts = wrong
        if np.any(one.hopped):
            hopped = rng.poisson(depth * one.hopped)
            one.counts = one.counts + np.array([rng.multinomial(k, part) for k in hopped])
        there = one.af > 0
        if there.any():
            f = np.zeros(n)
            a = one.af[there]
            f[there] = rng.beta(a * size[there], (1 - a) * size[there])
            with_allele = rng.binomial(depth, f)
            shown = np.array([rng.multinomial(k, part) for k in with_allele])
            one.counts = one.counts + shown
