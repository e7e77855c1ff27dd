"""Hand-made patients: what compare, sheet and copynumber would have written."""

import dataclasses
import json
import re
from types import SimpleNamespace

import msgspec
import pytest

from resistpanel.catalog.drugs import resolve
from resistpanel.catalog.protein import parse
from resistpanel.compare.baseline import Allele, line_states
from resistpanel.compare.comparison import headline
from resistpanel.compare.content import Content
from resistpanel.compare.courses import courses, overall_status
from resistpanel.compare.evidence import View
from resistpanel.compare.lesions import course_samples, distribution, lesion_samples, times
from resistpanel.compare.purity import Locus, Purity
from resistpanel.compare.states import Decision
from resistpanel.core.schemas import from_builtins
from resistpanel.core.vcf import Genotype
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.qc import Qc
from resistpanel.records.resist import Resist
from resistpanel.records.sheet import Sheet
from resistpanel.resist.build import resist
from resistpanel.resist.context import load_context

DEPTH = 900
UNKNOWN = {"value": None, "low": None, "high": None, "source": None}
PLACE = {"chrom": "chr1", "start": 0, "end": 1, "targets": 1}
NOT_GIVEN = (
    "copies_low", "copies_high", "probability", "loh", "balance", "balance_low", "balance_high",
)  # fmt: skip


class HandMade:
    """A patient with a normal, a sample before treatment and one or more after."""

    def __init__(
        self,
        *drugs,
        disease="melanoma",
        samples=None,
        tumor_only=False,
        tumour_free=(),
        lines=None,
        loh=(),
    ):
        """`lines`: of each line of therapy the drugs, and the day of its first dose.

        `loh`: genes that lost a haplotype in every tumour.
        """
        self.loh = loh
        self.tumour_free = tumour_free
        self.tumours = samples or [("pre", 0, None), ("post", 160, None)]
        drugs = drugs or tuple(dict.fromkeys(d for given, _ in lines or () for d in given))
        self.drugs = [resolve(drug) for drug in drugs]
        self.disease, self.tumor_only = disease, tumor_only
        self.variants: list[dict] = []
        #: AF that damage reaches, by sample and kind.
        self.damage: dict[str, dict[str, float]] = {}
        #: The gate of copynumber, and the samples that fail that of qc.
        self.gate = {"passed": True, "failures": []}
        self.quality: tuple[str, ...] | list[str] = ()
        self.amplified: list[tuple[str, dict[str, float]]] = []
        first = self.tumours[0][0]
        later = [name for name, _, _ in self.tumours[1:]]
        self.lines = [{
            "number": 1, "drugs": [drug.name for drug in self.drugs], "start": None, "stop": None,
            "baseline": [first], "samples": later,
        }] if later else []  # fmt: skip
        self.pairs = [
            {"pre": first, "post": name, "drugs": [drug.name for drug in self.drugs]}
            for name, _, _ in self.tumours[1:]
        ]
        if lines:
            self.treat(lines)

    def treat(self, lines):
        """Set the lines of therapy; the pairs are those that the sheet makes of them."""
        starts = [day for _, day in lines]
        self.lines = [
            {
                "number": number,
                "drugs": [resolve(drug).name for drug in drugs],
                "start": start,
                "stop": None,
                "baseline": [n for n, day, _ in self.tumours if day <= start],
                "samples": [n for n, day, _ in self.tumours if start < day <= (end or 1e9)],
            }
            for number, ((drugs, start), end) in enumerate(
                zip(lines, [*starts[1:], None], strict=True), 1
            )
        ]
        first = [row for row in self.tumours if row[1] <= starts[0]]
        self.pairs = []
        for name, day, lesion in self.tumours:
            if day <= starts[0]:
                continue
            same = [row for row in first if lesion and row[2] == lesion]
            given = [d for line in self.lines if line["start"] < day for d in line["drugs"]]
            self.pairs += [
                {"pre": row[0], "post": name, "drugs": list(dict.fromkeys(given))}
                for row in same[-1:] or first
            ]

    def add(self, gene, protein, *fractions, state=None, consequence=None, **more):
        """Add a variant with its AF in each tumour: 0 not detected, None not assessable."""
        number = len(self.variants) + 1
        names = [name for name, _, _ in self.tumours]
        fractions = fractions or (0.0, *([0.16] * (len(names) - 1)))
        samples = {} if self.tumor_only else {"normal": evidence(0.0)}
        samples |= {name: evidence(af) for name, af in zip(names, fractions, strict=True)}
        states = [
            {
                **{key: pair[key] for key in ("pre", "post")},
                "state": state or state_of(samples[pair["pre"]], samples[pair["post"]]),
                "probability_increase": None,
                "fold_change": None,
                "text": "hand-made",
            }
            for pair in self.pairs
        ]
        changes = [
            {
                "residue": int(re.search(r"\d+", part)[0]),
                "residue_end": int(re.findall(r"\d+", part)[-1]),
                "ref": part[0],
                "alt": part[-1],
                "short": part,
                "hgvs_p": f"p.{part}",
                "consequence": "missense",
            }
            for part in (protein or "").split(",")
            if part and parse(part)
        ]
        detected = any(value["detected"] for value in samples.values())
        variant = {
            "id": f"chr1:{1000 + number}:G:C",
            "chrom": "chr1",
            "pos": 1000 + number,
            "ref": "G",
            "alt": "C",
            "type": "SNV",
            "filters": ["PASS"] if detected else ["absent"],
            "model": "somatic" if detected else "absent",
            "somatic_phred": 90.0,
            "gene": gene,
            "transcript": "T",
            "consequence": consequence or "missense",
            "hgvs_c": None,
            "hgvs_p": f"p.{protein}" if protein else None,
            "protein": protein or None,
            "protein_changes": changes,
            "substitutions": [{"pos": 1000 + number, "ref": "G", "alt": "C", "residue": None}],
            "splice": False,
            "sites": [],
            "samples": samples,
            "states": states,
            "reported": detected,
        }
        variant |= self.over_time(variant, state) | more
        self.variants.append(variant)
        return variant["id"]

    def amplify(self, gene, *log2):
        """Add a gene with its log2 ratio in each tumour; above 1 it is amplified."""
        names = [name for name, _, _ in self.tumours]
        self.amplified.append((gene, dict(zip(names, log2, strict=True))))
        return f"copynumber:{gene}:amplification"

    def rename(self, old, new):
        """Give a drug a name that the catalogue may not have."""
        self.drugs = [
            dataclasses.replace(d, name=new, classes=(), targets=()) if d.name == old else d
            for d in self.drugs
        ]
        for row in (*self.lines, *self.pairs):
            row["drugs"] = [new if name == old else name for name in row["drugs"]]

    def delete(self, gene, *log2):
        """Add a gene with its log2 ratio in each tumour; below -1 it is deleted."""
        self.amplify(gene, *log2)
        return f"copynumber:{gene}:deletion"

    def background(self, number=6):
        """Add passengers that are there before and after at the same fraction."""
        for index in range(number):
            self.add("PTPRD", f"E{600 + index}K", *([0.4] * len(self.tumours)))
        return self

    def view(self, name, values):
        """Return a sample's evidence as compare has it; one of `tumour_free` has no tumour."""
        content = Content(6, True, 0.4, 0.37)
        got = Genotype(
            tuple(values["ad"]), values["dp"], values["af"], values["af_low"], values["af_high"],
            values["lod"], values["ub"], values["detected"],
        )  # fmt: skip
        content = Content() if name in self.tumour_free else content
        return View(got, Locus(Purity()), name=f"in {name}", content=content)

    def over_time(self, variant, state=None):
        """Return lines, courses, status and state of a variant, by the rules of compare."""
        views = {n: self.view(n, v) for n, v in variant["samples"].items() if n != "normal"}

        def between(pre, post, _=False):
            one, other = variant["samples"][pre], variant["samples"][post]
            named = (pre, post) in {(p["pre"], p["post"]) for p in self.pairs}
            found = state if state and named else state_of(one, other)
            silent = pre if found in ("acquired", "emergent") else post
            if found in ("acquired", "emergent", "lost") and silent in self.tumour_free:
                return Decision("undetermined", "tumour", None, None, False)
            reason = "support" if found == "emergent" else "bounds"
            return Decision(found, reason, None, None, False)

        rows = from_builtins(self.sheet(), Sheet, "hand-made")
        allele = Allele(views, between, times(rows.samples))
        places = course_samples(rows.samples)
        lines = line_states(allele, rows.lines, places)
        told = courses(allele, places)
        ever = any(view.evidence.detected for view in views.values())
        return {
            "lines": msgspec.to_builtins(lines),
            "courses": msgspec.to_builtins(told),
            "status": overall_status(told, ever),
            "state": headline(rows.lines, lines),
        }

    def lesions(self):
        return lesion_samples(from_builtins(self.sheet(), Sheet, "hand-made").samples)

    def compare(self):
        return {
            "schema": "resistpanel/compare/1",
            "patient": "P",
            "samples": [
                row
                | {
                    "purity": dict(UNKNOWN),
                    "tumor": None
                    if row["role"] == "normal"
                    else msgspec.to_builtins(
                        (Content() if row["sample"] in self.tumour_free else Content(6)).record()
                    ),
                }
                | ({"damage": made} if (made := self.damage.get(row["sample"])) else {})
                for row in self._samples()
            ],
            "pairs": self.pairs,
            "lines": self.lines,
            "changes": [],
            "variants": self.variants,
            "lesions": {
                "samples": self.lesions(),
                "variants": {
                    v["id"]: msgspec.to_builtins(
                        distribution(
                            self.lesions(), {n: s["detected"] for n, s in v["samples"].items()}
                        )
                    )
                    for v in self.variants
                },
            },
        }

    def _samples(self):
        rows = [(name, "tumor", name, day, lesion) for name, day, lesion in self.tumours]
        if not self.tumor_only:
            rows.insert(0, ("normal", "normal", None, None, None))
        keys = ("sample", "role", "timepoint", "day", "lesion")
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def sheet(self):
        return {
            "schema": "resistpanel/sheet/1",
            "patient": "P",
            "sex": None,
            "disease": self.disease,
            "samples": [
                row | {"drugs": [], "bam": "/x.bam", "purity": None} for row in self._samples()
            ],
            "pairs": self.pairs,
            "lines": self.lines,
            "drugs": [
                {
                    "given": drug.name,
                    "drug": drug.name,
                    "classes": list(drug.classes),
                    "targets": list(drug.targets),
                }
                for drug in self.drugs
            ],
            "tumor_only": self.tumor_only,
        }

    def copynumber(self):
        if not self.amplified:
            return None
        samples = {
            name: {
                "purity": UNKNOWN | {"source": "", "method": "none"},
                "baseline": 2,
                "target_noise": None,
                "gene_noise": None,
                "segments": [],
                "genes": [
                    PLACE
                    | dict.fromkeys(NOT_GIVEN)
                    | {
                        "gene": gene,
                        "sites": 0,
                        "log2": log2[name],
                        "log2_low": log2[name] - 0.2,
                        "log2_high": log2[name] + 0.2,
                        "copies": 2 * 2 ** log2[name],
                        "call": called(log2[name]),
                        "loh": gene in self.loh,
                    }
                    for gene, log2 in self.amplified
                ],
            }
            for name, _, _ in self.tumours
        }
        pairs = [
            {
                **{key: pair[key] for key in ("pre", "post")},
                "genes": [
                    PLACE
                    | {
                        "gene": gene,
                        "q": None,
                        "expected": None,
                        "log2_ratio": log2[pair["post"]] - log2[pair["pre"]],
                        "low": log2[pair["post"]] - log2[pair["pre"]] - 0.3,
                        "high": log2[pair["post"]] - log2[pair["pre"]] + 0.3,
                        "p": 0.01,
                        "call": paired_call(log2[pair["post"]] - log2[pair["pre"]]),
                    }
                    for gene, log2 in self.amplified
                ],
            }
            for pair in self.pairs
        ]
        return {
            "schema": "resistpanel/copynumber/1",
            "patient": "P",
            "reference": "the matched normal",
            "samples": samples,
            "pairs": pairs,
            "contamination": {},
            "tumor_in_normal": {},
            "identity": {
                "agreement": [],
                "mismatched": [],
                "sex": {"sheet": None, "samples": {}},
                "genotypes": {"sites": [], "samples": {}},
            },
            "gate": self.gate,
        }

    def qc(self):
        """Return the quality figures; the samples of `quality` fail the gate."""
        failure = {"metric": "mean_depth", "value": 80.0, "condition": ">= 250", "text": "low"}
        figures = dict.fromkeys((
            "on_target_fraction", "duplicate_fraction", "mapped_fraction", "insert_size_median",
            "read_length", "error_rate",
        ))  # fmt: skip
        return {
            "schema": "resistpanel/qc/1",
            "patient": "P",
            "samples": [
                figures
                | {
                    "sample": row["sample"],
                    "reads_total": 10,
                    "reads_on_target": 10,
                    "mean_depth": 900.0,
                    "median_depth": 900.0,
                    "fraction_at": {"100": 1.0, "250": 1.0, "500": 1.0},
                    "unit": "fragments",
                    "targets": [],
                    "gate": {
                        "passed": row["sample"] not in self.quality,
                        "failures": [failure] if row["sample"] in self.quality else [],
                    },
                }
                for row in self._samples()
            ],
            "excluded": [],
            "passed": not self.quality,
        }

    def resist(self, context=None, panel=None, other_tests=()):
        """Run the stage; what it returns fits the schema."""
        copynumber = self.copynumber()
        more = {"other_tests": list(other_tests)} if other_tests else {}
        made = resist(
            from_builtins(self.compare() | more, Compare, "hand-made"),
            from_builtins(self.sheet(), Sheet, "hand-made"),
            context or load_context(),
            from_builtins(copynumber, CopyNumber, "hand-made") if copynumber else None,
            panel=panel,
            qc=from_builtins(self.qc(), Qc, "hand-made"),
        )
        value = json.loads(msgspec.json.encode(made))
        assert from_builtins(value, Resist, "hand-made") == made
        return value


def paired_call(ratio):
    """Return the call of a paired log2 ratio with an interval of 0.3 on either side."""
    return "higher" if ratio > 0.3 else "lower" if ratio < -0.3 else "unchanged"


def called(log2):
    """Return the call of a gene by its log2 ratio."""
    return "amplification" if log2 > 1 else "deletion" if log2 < -1 else "neutral"


def evidence(af):
    """Return one sample's numbers at a depth of `DEPTH` fragments."""
    if af is None:
        return {
            "ad": [0, 0], "adf": [0, 0], "adr": [0, 0], "dp": 0, "af": None, "af_low": None,
            "af_high": None, "lod": None, "ub": None, "detected": None, "ccf": None,
            "ccf_low": None, "ccf_high": None, "ub_ccf": None,
        }  # fmt: skip
    alt = round(af * DEPTH)
    half = 1.96 * (af * (1 - af) / DEPTH) ** 0.5
    return {
        "ad": [DEPTH - alt, alt],
        "adf": [(DEPTH - alt) // 2, alt // 2],
        "adr": [(DEPTH - alt + 1) // 2, (alt + 1) // 2],
        "dp": DEPTH,
        "af": af,
        "af_low": max(0.0, af - half),
        "af_high": min(1.0, af + half),
        "lod": 0.01,
        "ub": 0.0033 if af == 0 else min(1.0, af + half),
        "detected": af > 0,
        "ccf": None,
        "ccf_low": None,
        "ccf_high": None,
        "ub_ccf": None,
    }


def state_of(pre, post):
    """Return the state that clear numbers give; tests name the others themselves."""
    if post["detected"] is None or pre["detected"] is None:
        return "undetermined"
    if post["detected"] and not pre["detected"]:
        return "acquired"
    if pre["detected"] and not post["detected"]:
        return "lost"
    if not pre["detected"]:
        return "absent"
    if post["af"] > 2 * pre["af"]:
        return "rising"
    return "falling" if post["af"] < pre["af"] / 2 else "stable"


@pytest.fixture(scope="session")
def context():
    return load_context()


@pytest.fixture
def patient():
    """The builder of hand-made patients."""
    return HandMade


@pytest.fixture
def finding():
    """Pick the finding of a gene out of resist.json."""

    def pick(value, gene, protein=None):
        found = [
            f
            for f in value["findings"]
            if f["gene"] == gene and (protein is None or f["protein"] == protein)
        ]
        assert len(found) == 1, [f["label"] for f in value["findings"]]
        return SimpleNamespace(**found[0], for_=found[0]["for"])

    return pick
