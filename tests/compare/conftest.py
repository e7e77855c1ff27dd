"""Evidence built as the caller would state it."""

import functools
from pathlib import Path

import msgspec
import pytest
from scipy.special import betaincinv
from scipy.stats import poisson

from resistpanel.catalog.drugs import resolve
from resistpanel.compare.comparison import Comparison
from resistpanel.compare.copynumber import CopyNumber
from resistpanel.compare.evidence import DEFAULT_ERROR, View
from resistpanel.compare.purity import Locus, Purity
from resistpanel.compare.read_calls import Record
from resistpanel.compare.states import Rules
from resistpanel.core.vcf import Genotype
from resistpanel.inputs.patient import describe
from resistpanel.inputs.sheet import Row
from resistpanel.inputs.treatments import Treatment
from resistpanel.records.compare import Compare


@functools.cache
def needed_fragments(depth, error=DEFAULT_ERROR, alpha=1e-6):
    """Return the fewest fragments with the allele that are called: too many for error."""
    return int(poisson.isf(alpha, depth * error)) + 1


@functools.cache
def caller(alt, depth, error=DEFAULT_ERROR):
    """Return the evidence that a caller with these limits states for counts.

    AFCI is Jeffreys', UB Clopper-Pearson's, DET 1 from `needed_fragments` on, LOD the AF that
    reaches them with 95 % probability; below 12 fragments a negative is not assessable.
    """
    if depth == 0:
        return Genotype((0, 0), 0, None, None, None, None, None, None)
    least = needed_fragments(depth, error)
    low = float(betaincinv(alt + 0.5, depth - alt + 0.5, 0.025)) if alt else 0.0
    high = float(betaincinv(alt + 0.5, depth - alt + 0.5, 0.975)) if alt < depth else 1.0
    ub = float(betaincinv(alt + 1, depth - alt, 0.95)) if alt < depth else 1.0
    lod = float(betaincinv(least, depth - least + 1, 0.95)) if least <= depth else None
    detected = alt >= least
    if not detected and depth < 12:
        detected = None
    return Genotype((depth - alt, alt), depth, alt / depth, low, high, lod, ub, detected)


def make_view(alt, depth, name="", purity=None, copies=None, control=(0, 0), **interval):
    where = Purity() if purity is None else Purity(purity, source="test", **interval)
    return View(caller(alt, depth), Locus(where, copies), DEFAULT_ERROR, control, name)


@pytest.fixture(scope="session")
def view():
    return make_view


class Study:
    """A patient's samples and variants, compared without files.

    Parameters
    ----------
    samples : sequence of str
        ``name day lesion drugs role purity``, a word or a dot each; later ones may be left out.
        A normal called N is added.
    treatments : sequence of (str, float, float or None)
        Drug, first and last day.
    """

    def __init__(self, *samples, treatments=(), tumor_only=False):
        rows = [] if tumor_only else [Row("P", "N", "normal", Path("N.bam"))]
        for text in samples:
            words = [None if w == "." else w for w in text.split()]
            name, day, lesion, drugs, role, purity = words + [None] * (6 - len(words))
            rows.append(
                Row(
                    "P", name, role or "tumor", Path(f"{name}.bam"), day=float(day), lesion=lesion,
                    drugs=tuple((drugs or "").split("+")) if drugs else (),
                    purity=float(purity) if purity else None,
                )
            )  # fmt: skip
        given = [Treatment("P", *one) for one in treatments]
        self.sheet = describe(rows, lambda name, _: resolve(name), given)
        self.samples = [row.sample for row in rows]
        self.records = []
        self.path = "made"

    def overdispersion(self, sample):
        return None

    def damage(self, sample):
        return {}

    def error(self, sample):
        return DEFAULT_ERROR

    def unit(self, sample):
        return "fragments"

    def __iter__(self):
        return iter(self.records)

    def add(self, name, counts, sites=(), model="somatic"):
        """Add an allele: fragments with it and all fragments, per sample; a normal is clean."""
        number = len(self.records) + 1
        evidence = {s: caller(*counts[s]) for s in self.samples if s in counts}
        evidence.setdefault("N", caller(0, 900))
        detected = any(one.detected for s, one in evidence.items() if s != "N")
        fields = {
            "id": f"chr1:{number}:A:C", "chrom": "chr1", "pos": number, "ref": "A", "alt": "C",
            "type": "SNV", "filters": ("PASS",) if detected else ("absent",), "model": model,
            "somatic_phred": 90.0, "gene": name, "transcript": None, "consequence": None,
            "hgvs_c": None, "hgvs_p": None, "protein": None, "protein_changes": (),
            "substitutions": (), "splice": False, "sites": tuple(sites), "reported": detected,
            "phase": (),
        }  # fmt: skip
        self.records.append(Record(fields, evidence))
        return self

    def tumour(self, **af):
        """Add the driver and five more variants at these AFs of 900 fragments."""
        for i in range(6):
            counts = {s: (round(900 * f), 900) for s, f in af.items()}
            self.add("BRAF" if i == 0 else f"S{i}", counts, ("BRAF_V600E",) if i == 0 else ())
        return self

    def compare(self, copynumber=None, rules=None):
        """Return the comparison; what it returns fits the schema."""
        made = Comparison(self.sheet, self, copynumber or CopyNumber(), rules or Rules())
        found = made.result()
        assert msgspec.convert(msgspec.to_builtins(found), Compare) == found
        return found

    def state(self, name, **more):
        """Return the variant of a gene."""
        return next(v for v in self.compare(**more).variants if v.gene == name)


@pytest.fixture(scope="session")
def study():
    return Study
