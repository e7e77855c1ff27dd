"""Vignettes of tests/resist/vignettes as patients of `resist`, and what it answered."""

import csv
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from tests.resist.conftest import HandMade

from benchmarks.genome import ROOT
from resistpanel.catalog import protein
from resistpanel.catalog.drugs import CATALOG
from resistpanel.core.errors import InputError
from resistpanel.core.text import join
from resistpanel.inputs.checks import resolver
from resistpanel.inputs.patient import describe
from resistpanel.inputs.sheet import Row

VIGNETTES = ROOT / "tests" / "resist" / "vignettes" / "vignettes.tsv"

#: log2 ratio of a gene by its mark; ++ is higher than +.
LOG2 = {"-": 0.0, "+": 2.0, "++": 3.2}

#: Passengers of every patient, at one fraction in all samples.
PASSENGERS = 6
PASSENGER_AF = 0.4

#: Days between two samples.
INTERVAL = 160

_CONSEQUENCES = {
    "substitution": "missense_variant",
    "synonymous": "synonymous_variant",
    "nonsense": "stop_gained",
    "stop_lost": "stop_lost",
    "start_lost": "start_lost",
    "frameshift": "frameshift_variant",
    "deletion": "inframe_deletion",
    "insertion": "inframe_insertion",
    "duplication": "inframe_insertion",
    "delins": "inframe_deletion",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A tumour sample: taken after so many lines of therapy."""

    name: str
    lesion: str | None
    line: int
    tumour_free: bool


@dataclass(frozen=True, slots=True)
class Given:
    """An alteration with one value per sample: AF in per cent, or a mark of `LOG2`."""

    gene: str
    change: str
    values: tuple[str, ...]
    germline: bool

    @property
    def copies(self) -> bool:
        """Whether it is a change of copy number."""
        return self.change in {"amplification", "deletion"}


@dataclass(frozen=True, slots=True)
class Vignette:
    """A row of vignettes.tsv; `named` by line of therapy."""

    id: str
    kind: str
    disease: str
    lines: tuple[tuple[str, ...], ...]
    samples: tuple[Sample, ...]
    tumor_only: bool
    alterations: tuple[Given, ...]
    verdict: str
    named: dict[int, tuple[str, ...]]
    not_named: tuple[str, ...]
    not_offered: tuple[str, ...]
    not_failing: tuple[str, ...]
    not_said: tuple[str, ...]
    not_passenger: tuple[str, ...]
    source: str


def read_vignettes(path: Path = VIGNETTES) -> list[Vignette]:
    """Return the vignettes of a table, see the README beside it."""
    with path.open(encoding="utf-8", newline="") as handle:
        return [_vignette(row) for row in csv.DictReader(handle, delimiter="\t")]


def _split(text: str, by: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(by) if part.strip())


def _vignette(row: dict[str, str]) -> Vignette:
    lines = tuple(_split(line, " + ") for line in _split(row["lines"], " > "))
    words = row["samples"].split()
    named = (part.split(":", 1) for part in _split(row["named"], ";"))
    samples = tuple(_sample(word) for word in words if word != "tumor_only")
    return Vignette(
        id=row["id"],
        kind=row["class"],
        disease=row["disease"],
        lines=lines,
        samples=samples or tuple(Sample(f"t{n}", None, n, False) for n in range(len(lines) + 1)),
        tumor_only="tumor_only" in words,
        alterations=tuple(_given(text) for text in _split(row["alterations"], ";")),
        verdict=row["verdict"],
        named={int(line): _split(labels, ",") for line, labels in named},
        source=row["source"],
        **{
            key: _split(row[key], ",")
            for key in ("not_named", "not_offered", "not_failing", "not_said", "not_passenger")
        },
    )


def _sample(word: str) -> Sample:
    name, lesion, line, *free = word.split("/")
    return Sample(name, lesion or None, int(line), bool(free))


def _given(text: str) -> Given:
    germline = text.startswith("germline ")
    gene, change, values = text.removeprefix("germline ").split()
    return Given(gene, change, tuple(values.split(",")), germline)


@functools.cache
def _resolver(catalog: Path):
    """Return what resolves drugs by a catalogue; it is read once."""
    return resolver(catalog)


class VignettePatient(HandMade):
    """A patient as sheet, compare and copynumber would hand him on."""

    def __init__(self, vignette: Vignette, catalog: Path = CATALOG):
        self.described = describe(list(_rows(vignette)), _resolver(catalog))
        taken = [(s.name, s.line * INTERVAL, s.lesion) for s in vignette.samples]
        super().__init__(
            disease=vignette.disease,
            samples=taken,
            tumor_only=vignette.tumor_only,
            tumour_free=[s.name for s in vignette.samples if s.tumour_free],
        )
        value = msgspec.to_builtins(self.described)
        self.lines, self.pairs = value["lines"], value["pairs"]
        # Copy number is examined in every patient.
        self.amplify("GAPDH", *([0.0] * len(taken)))
        alive = [0.0 if s.tumour_free else PASSENGER_AF for s in vignette.samples]
        for number in range(PASSENGERS):
            self.put(Given("PTPRD", f"E{600 + number}K", tuple(f"{100 * a}" for a in alive), False))
        for one in vignette.alterations:
            self.put(one)

    def sheet(self) -> dict:
        """Return the sheet's JSON."""
        return msgspec.to_builtins(self.described)

    def put(self, one: Given) -> str:
        """Add an alteration; return its id."""
        if one.copies:
            sign = -1 if one.change == "deletion" else 1
            self.amplify(one.gene, *(sign * LOG2[value] for value in one.values))
            return f"copynumber:{one.gene}:{one.change}"
        fractions = [float(value) / 100 for value in one.values]
        more = {}
        if one.germline:
            more = {"model": "germline", "filters": ["germline"], "reported": False}
        if one.change == "splice":
            return self.add(
                one.gene, "", *fractions, splice=True, consequence="splice_donor_variant", **more
            )
        change = protein.parse(one.change)
        if change is None:
            raise InputError(f"no protein change: '{one.change}'", str(VIGNETTES), "mend the row")
        consequence = _CONSEQUENCES[change.kind]
        record = {
            "residue": change.start,
            "residue_end": change.end,
            "ref": change.ref,
            "alt": re.sub(r"^[A-Z*]\d+(_[A-Z*]\d+)?", "", one.change),
            "short": one.change,
            "hgvs_p": f"p.{one.change}",
            "consequence": consequence,
        }
        return self.add(
            one.gene, one.change, *fractions,
            consequence=consequence, protein_changes=[record], **more,
        )  # fmt: skip

    def copynumber(self) -> dict:
        """Return the copy-number JSON: a log2 ratio below -1 is a deletion."""
        value = super().copynumber()
        for sample in value["samples"].values():
            for gene in sample["genes"]:
                if gene["log2"] < -1:
                    gene["call"] = "deletion"
        return value


def _rows(vignette: Vignette):
    if not vignette.tumor_only:
        yield Row("P", "normal", "normal", Path("/x.bam"), disease=vignette.disease)
    for sample in vignette.samples:
        yield Row(
            "P",
            sample.name,
            "tumor",
            Path("/x.bam"),
            timepoint="post" if sample.line else "pre",
            day=float(sample.line * INTERVAL),
            lesion=sample.lesion,
            drugs=vignette.lines[sample.line - 1] if sample.line else (),
            disease=vignette.disease,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What resist says of a line of therapy: the kind of verdict and the alterations it names.

    Inherited resistance is named as well: without somatic key variants, the kind is ``mechanism``.
    """

    kind: str
    named: tuple[tuple[str, str], ...]
    sentence: str


def answers(value: dict, lines: int) -> dict[int, Answer]:
    """Return the answer of resist.json to each line that it judges, the latest alone if only one.

    A later schema gives a verdict per line in `lines`.
    """
    found = [*value["findings"], *value["excluded"]]
    labels = {f["variant"]: (f["gene"], _change(f)) for f in found}
    told = {lines: value["verdict"]}
    for one in value.get("lines") or ():
        told.setdefault(one["line"], one.get("verdict", one))
    return {
        line: Answer(
            "mechanism" if one["kind"] == "none" and one.get("inherited") else one["kind"],
            tuple(
                labels.get(key, (key, ""))
                for key in (*one["key_variants"], *one.get("inherited", ()))
            ),
            one["sentence"],
        )
        for line, one in told.items()
    }


def _change(finding: dict) -> str:
    if finding["variant"].startswith("copynumber:"):
        return finding["variant"].rsplit(":", 1)[1]
    return finding["protein"] or "splice"


def fits(wanted: str, named: tuple[str, str]) -> bool:
    """Return whether a label such as ``NRAS Q61K`` or ``NF1`` is of an alteration."""
    gene, _, change = wanted.partition(" ")
    return gene == named[0] and change in {"", named[1]}


def mentions(drug: str, texts: Sequence[str]) -> str | None:
    """Return the first text that offers a drug; what stands in brackets are its cautions."""
    for text in texts:
        cautioned = re.search(rf"\([^)]*\b{re.escape(drug)}\b", text)
        plain = re.sub(r"\([^)]*\)", "", text)
        if re.search(rf"\b{re.escape(drug)}\b", plain, re.IGNORECASE) and not cautioned:
            return text
    return None


def listed(labels: Sequence[tuple[str, str]]) -> str:
    """Return alterations as text."""
    return join([" ".join(label).strip() for label in labels]) or "nothing"
