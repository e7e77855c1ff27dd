"""False "acquired", false "rising" and "falling" by Monte Carlo through compare's own functions.

Counts are drawn for whole patients: a normal, a sample before treatment of a stated purity and a
relapse of purity 0.6, with a truncal driver and eleven further truncal variants, of which any may
be missed before, and one variant that relapse brought. Each draw is put to `compare` and, for
comparison, to the rule that looks at a pair of samples alone.

    python -m benchmarks.baselines --seed 1 --patients 1000 --publish
"""

import argparse
import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import betaincinv
from scipy.stats import poisson

from resistpanel.compare.comparison import Comparison
from resistpanel.compare.copynumber import CopyNumber
from resistpanel.compare.evidence import DEFAULT_ERROR, View
from resistpanel.compare.read_calls import Record
from resistpanel.compare.scale import Scale
from resistpanel.compare.states import DEFAULT, decide
from resistpanel.core.stats import clopper_pearson_upper, jeffreys_interval
from resistpanel.core.vcf import Genotype
from resistpanel.records.sheet import Line, Pair, Sample, Sheet

PAGE = Path(__file__).parents[1] / "docs" / "validation" / "baselines.md"
PURITIES = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 0.6)
DEPTHS = (100, 300, 900, 3000)
RHOS = (5e-4, 5e-3)
#: Purity of the relapse, the fraction of its cells that a new subclone has, and that of the cells
#: before in which what is clonal at relapse was present.
RELAPSE, SUBCLONE, BEFORE = 0.6, 0.2, 0.3
TRUNCAL = 12
#: A negative needs so many fragments; a call is as rare by error alone.
LEAST_DEPTH, ALPHA = 12, 1e-6
UNSCALED = Scale(0.0, 0.0, 99)


@functools.cache
def genotype(alt: int, depth: int) -> Genotype:
    """Return what a caller states for counts: Jeffreys AFCI, Clopper-Pearson UB, Poisson call."""
    least = int(poisson.isf(ALPHA, depth * DEFAULT_ERROR)) + 1
    low, high = map(float, jeffreys_interval(alt, depth))
    lod = float(betaincinv(least, depth - least + 1, 0.95)) if least <= depth else None
    detected = alt >= least
    return Genotype(
        (depth - alt, alt), depth, alt / depth, low, high, lod,
        float(clopper_pearson_upper(alt, depth)),
        None if not detected and depth < LEAST_DEPTH else detected,
    )  # fmt: skip


class Drawn:
    """One patient's calls, as `Comparison` reads them from a VCF."""

    def __init__(self, records: list[Record]):
        self.path, self.samples, self.records = "drawn", ["normal", "pre", "post"], records

    def overdispersion(self, sample: str) -> float | None:
        return None

    def error(self, sample: str) -> float:
        """Return the error rate of a sample."""
        return DEFAULT_ERROR

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)


@functools.cache
def sheet() -> Sheet:
    """Return the sheet of a drawn patient: purity is not stated."""
    roles = {"normal": "normal", "pre": "tumor", "post": "tumor"}
    return Sheet(
        schema="resistpanel/sheet/1", patient="P", sex=None, disease=None, tumor_only=False,
        drugs=(), pairs=(Pair(pre="pre", post="post", drugs=()),),
        samples=tuple(
            Sample(sample=name, role=role, timepoint=None, day=None, lesion=None, drugs=(),
                   bam="", purity=None)
            for name, role in roles.items()
        ),
        lines=(Line(number=1, drugs=(), start=None, stop=None, baseline=("pre",),
                    samples=("post",)),),
    )  # fmt: skip


def record(number: int, counts: dict[str, tuple[int, int]], site: bool) -> Record:
    """Return an allele; that of a site is the driver."""
    evidence = {name: genotype(*pair) for name, pair in counts.items()}
    called = any(evidence[name].detected for name in ("pre", "post"))
    fields = {
        "id": f"chr1:{number + 1}:A:C", "chrom": "chr1", "pos": number + 1, "ref": "A", "alt": "C",
        "type": "SNV", "filters": ("PASS",), "model": "somatic", "somatic_phred": 99.0,
        "gene": None, "transcript": None, "consequence": None, "hgvs_c": None, "hgvs_p": None,
        "protein": None, "protein_changes": (), "substitutions": (), "splice": False,
        "sites": ("driver",) if site else (), "reported": called, "phase": (),
    }  # fmt: skip
    return Record(fields, evidence)


def draw(rng: np.random.Generator, af: float, depth: int, rho: float) -> tuple[int, int]:
    """Return fragments with an allele, errors included, and all fragments."""
    f = af * (1 - DEFAULT_ERROR) + (1 - af) * DEFAULT_ERROR
    if rho > 0 and f > 0:
        size = (1 - rho) / rho
        f = rng.beta(f * size, (1 - f) * size)
    return int(rng.binomial(depth, f)), depth


def patient(rng, afs: list[tuple[float, float]], depth: int, rho: float) -> Comparison:
    """Return a patient's comparison; `afs` are those before and at relapse, the driver first."""
    records = []
    for number, (before, after) in enumerate(afs):
        counts = {"normal": draw(rng, 0.0, depth, 0.0), "pre": draw(rng, before, depth, rho),
                  "post": draw(rng, after, depth, rho)}  # fmt: skip
        records.append(record(number, counts, number == 0))
    return Comparison(sheet(), Drawn(records), CopyNumber(), DEFAULT)


def by_pair(made: Comparison, one: Record, common: Scale | None = UNSCALED) -> str:
    """Return the state by the two samples alone: whether they contain tumour is not asked."""
    views = [made._view(one, name) for name in ("pre", "post")]
    bare: list[View] = [dataclasses.replace(view, content=None) for view in views]
    return decide(*bare, common=common, interval=False).state


def states(made: Comparison, one: Record) -> tuple[str, str]:
    """Return the state of compare and that of the pair alone.

    What was detected in both is neither acquired nor lost; its test takes long.
    """
    seen = one.evidence["pre"].detected, one.evidence["post"].detected
    if seen == (True, True):
        return "present", "present"
    return str(made.variant(one).state), by_pair(made, one)


def acquired(seed: int, patients: int) -> pd.DataFrame:
    """Return, per purity before, depth and overdispersion, how often variants are acquired.

    Wrongly: a truncal one, per variant and per patient with any, and one that grew from a fraction
    `BEFORE` of the cells to all. Rightly: a new clonal one, and a new subclone.
    """
    rows = []
    for purity in PURITIES:
        for depth in DEPTHS:
            for rho in RHOS:
                key = [seed, round(1e4 * purity), depth, round(1e6 * rho)]
                rng = np.random.default_rng(key)
                clonal = RELAPSE / 2
                afs = [(purity / 2, clonal)] * TRUNCAL
                afs += [(BEFORE * purity / 2, clonal), (0.0, clonal), (0.0, SUBCLONE * clonal)]
                found = np.zeros((patients, len(afs), 2), bool)
                for number in range(patients):
                    made = patient(rng, afs, depth, rho)
                    for i, one in enumerate(made.records):
                        found[number, i] = [state == "acquired" for state in states(made, one)]
                share = found.mean(axis=0)
                hits = int(found[:, :TRUNCAL, 0].any(axis=1).sum())
                rows.append((
                    purity, depth, rho, patients, *share[:TRUNCAL].mean(axis=0), hits / patients,
                    rate_bound(hits, patients), *share[TRUNCAL:].ravel(),
                ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


#: With the suffix ``_pair`` by the two samples alone.
COLUMNS = [
    "purity", "depth", "rho", "patients", "truncal", "truncal_pair", "any", "any_bound", "grown",
    "grown_pair", "clonal", "clonal_pair", "subclone", "subclone_pair",
]  # fmt: skip


def rate_bound(hits: int, number: int) -> float:
    """Return the one-sided 95 % upper bound of a rate."""
    return float(clopper_pearson_upper(hits, number))


def changed(seed: int, patients: int) -> pd.DataFrame:
    """Return how often a truncal variant rises or falls where purity is 0.3, then 0.6, unstated.

    And a subclone that grew from a quarter of the tumour cells to all of them, which rose.
    """
    rows = []
    for shared in (2, 4, 5, 12, 30):
        for depth in (300, 900, 3000):
            rng = np.random.default_rng([seed, shared, depth, 7])
            wrong, pair, right = 0, 0, 0
            for _ in range(patients):
                afs = [(0.15, 0.3)] * (shared + 1) + [(0.0375, 0.3)]
                made = patient(rng, afs, depth, DEFAULT.overdispersion)
                tested = made.records[1]
                grown = made.records[-1]
                wrong += _state(made, tested, made.records[:-1]) in ("rising", "falling")
                pair += by_pair(made, tested) in ("rising", "falling")
                right += _state(made, grown, made.records[1:]) == "rising"
            rows.append((shared, depth, patients, wrong / patients, rate_bound(wrong, patients),
                         pair / patients, right / patients))  # fmt: skip
    return pd.DataFrame(
        rows, columns=["shared", "depth", "patients", "wrong", "bound", "pair", "right"]
    )


def several(seed: int, patients: int) -> pd.DataFrame:
    """Return how often any of 30 unchanged variants of a patient rises or falls."""
    rows = []
    for depth in (900, 3000):
        for rho in (0.0, *RHOS):
            rng = np.random.default_rng([seed, depth, round(1e6 * rho), 11])
            hits = single = 0
            for _ in range(patients):
                made = patient(rng, [(0.3, 0.3)] * 30, depth, rho)
                wrong = sum(
                    _state(made, one, made.records) in ("rising", "falling") for one in made.records
                )
                hits += wrong > 0
                single += wrong
            share = single / patients / 30
            rows.append((depth, rho, patients, share, hits / patients, rate_bound(hits, patients)))
    return pd.DataFrame(rows, columns=["depth", "rho", "patients", "single", "any", "bound"])


def _state(made: Comparison, one: Record, truncal: list[Record]) -> str:
    """Return the state by the truncal variants as the scale, the tested one left out."""
    made.shared = tuple(truncal)
    made._points.clear()
    made._scales.clear()
    made._groups.clear()
    common = made._scale("pre", "post", one.fields["id"])
    among = made._among("pre", "post")
    unchanged = among.unchanged.get(one.fields["id"]) if among else None
    views = [made._view(one, name) for name in ("pre", "post")]
    return decide(*views, common=common, interval=False, unchanged=unchanged).state


def page(
    new: pd.DataFrame, scale: pd.DataFrame, null: pd.DataFrame, seed: int, patients: int
) -> str:
    """Return docs/validation/baselines.md."""
    lines = [
        "# Was it there before: error rates of the baseline",
        "",
        f"Written by `python -m benchmarks.baselines --seed {seed} --patients {patients} "
        "--publish`. Counts are drawn",
        "(binomial, or beta-binomial of the stated overdispersion) for patients with a driver and",
        f"{TRUNCAL - 1} further truncal variants; purity is {RELAPSE:g} at relapse, not stated. "
        "The caller is replaced by its",
        "limits: Jeffreys AFCI, Clopper-Pearson UB, and a call where an error rate of 0.00033 "
        "gives as many fragments",
        "with a probability below 1e-6. *Pair* is the rule that compares two samples and does not "
        "ask whether the earlier one",
        "contains tumour, nor how much. The bounds are those of binomial counts: they do not "
        "include the overdispersion.",
        "",
        "## Acquired",
        "",
        "Called acquired, %. Wrongly: truncal variants (and patients with any, with the upper 95 % "
        f"bound), and a variant that grew from {100 * BEFORE:g} % of",
        "the tumour cells before to all of them. Rightly: new variants of all tumour cells, and of "
        f"{100 * SUBCLONE:g} %.",
        "",
        "| purity before | depth | rho | truncal: pair | truncal | patients | grown: pair | "
        "grown | new, all cells: pair | new, all cells | new, subclone: pair | new, subclone |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in new.itertuples():
        lines.append(
            f"| {100 * r.purity:g} % | {r.depth} | {r.rho:g} | {100 * r.truncal_pair:.1f} | "
            f"{100 * r.truncal:.2f} | {100 * r.any:.1f} (< {100 * r.any_bound:.1f}) | "
            f"{100 * r.grown_pair:.0f} | {100 * r.grown:.1f} | {100 * r.clonal_pair:.0f} | "
            f"{100 * r.clonal:.0f} | {100 * r.subclone_pair:.0f} | {100 * r.subclone:.0f} |"
        )
    lines += [
        "",
        "## False rising or falling",
        "",
        "Purity 0.3 before and 0.6 at relapse, not stated; rho 0.0005. A truncal variant called "
        "rising or falling, % (upper 95 % bound),",
        "and a subclone that grew from a quarter of the tumour cells to all of them called rising, "
        "%. *Pair alone* compares the AFs.",
        "",
        "| other shared variants | depth | truncal, pair alone | truncal | subclone |",
        "|---|---|---|---|---|",
    ]
    for r in scale.itertuples():
        lines.append(
            f"| {r.shared} | {r.depth} | {100 * r.pair:.0f} | {100 * r.wrong:.2f} (< "
            f"{100 * r.bound:.2f}) | {100 * r.right:.0f} |"
        )
    lines += [
        "",
        "## Several variants",
        "",
        "30 variants at an AF of 30 % that did not change, tested with the default rho of 0.0005 "
        "against the median of the others;",
        "*rho* is that of the counts. Called rising or falling: variants, %; patients with any, % "
        "(upper 95 % bound).",
        "",
        "| depth | rho | patients drawn | variants | patients |",
        "|---|---|---|---|---|",
    ]
    for r in null.itertuples():
        lines.append(
            f"| {r.depth} | {r.rho:g} | {r.patients} | {100 * r.single:.2f} | "
            f"{100 * r.any:.0f} (< {100 * r.bound:.0f}) |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw, print the page, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=1000, help="per cell")
    parser.add_argument("--publish", action="store_true", help=f"write {PAGE.name}")
    given = parser.parse_args()
    text = page(
        acquired(given.seed, given.patients),
        changed(given.seed, given.patients),
        several(given.seed, max(given.patients // 2, 1)),
        given.seed,
        given.patients,
    )
    if given.publish:
        PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
