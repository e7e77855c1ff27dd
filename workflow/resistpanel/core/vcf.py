"""The one reader of VCFs that `resistpanel call` wrote, annotated or not."""

import dataclasses
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cyvcf2 import VCF, Variant

from resistpanel.core.errors import InputError
from resistpanel.core.files import check_whole

#: FORMAT fields of the caller that every reader needs.
FORMATS = ("AD", "ADF", "ADR", "DP", "AF", "AFCI", "LOD", "UB", "DET")


@dataclasses.dataclass(frozen=True)
class Genotype:
    """One sample's evidence for an allele, as the caller states it.

    Parameters
    ----------
    ad, adf, adr : (int, int)
        Fragments of the reference and of the allele; read on the forward, the reverse strand.
    depth : int
        Informative fragments.
    af, low, high : float or None
        Allele frequency (0 to 1) and its 95 % interval.
    lod : float or None
        Lowest AF that would have been called here with 95 % probability.
    ub : float or None
        One-sided 95 % upper bound of the AF.
    detected : bool or None
        None: not assessable.
    presence : float or None
        Log10 Bayes factor of presence against absence, given the other samples; None where an
        earlier version of the caller stated none.
    lod_of_another : float or None
        Of an inherited allele: the LOD of another, new allele at its place.
    errors : (float, float) or None
        Of a called allele: expected fragments with it if the sample lacks it, and their standard
        deviation.
    critical : int or None
        Of a called allele: fewest fragments that show it in this sample, known as it is.
    """

    ad: tuple[int, int]
    depth: int
    af: float | None
    low: float | None
    high: float | None
    lod: float | None
    ub: float | None
    detected: bool | None
    adf: tuple[int, int] = (0, 0)
    adr: tuple[int, int] = (0, 0)
    presence: float | None = None
    lod_of_another: float | None = None
    errors: tuple[float, float] | None = None
    critical: int | None = None

    @property
    def alt(self) -> int:
        """Fragments with the allele."""
        return self.ad[1]


@dataclasses.dataclass(frozen=True)
class Call:
    """One allele of the VCF.

    Attributes
    ----------
    chrom, ref, alt : str
        As VCF writes them, the anchor base of an indel included.
    pos : int
        1-based.
    filters : tuple of str
        ``PASS`` alone for a call.
    info : mapping
        cyvcf2's INFO; `get` returns None for what is missing.
    genotypes : dict of str to Genotype
        By sample, in the order of the VCF.
    """

    chrom: str
    pos: int
    ref: str
    alt: str
    filters: tuple[str, ...]
    info: Any
    genotypes: dict[str, Genotype]

    @property
    def id(self) -> str:
        """``chrom:pos:ref:alt``, as JSON files name the allele."""
        return f"{self.chrom}:{self.pos}:{self.ref}:{self.alt}"

    @property
    def symbolic(self) -> bool:
        """Whether the allele is a junction: symbolic, or a breakend."""
        return _symbolic(self.alt)

    @property
    def passed(self) -> bool:
        """Whether it is a somatic call in at least one tumour."""
        return self.filters == ("PASS",)

    def words(self, name: str) -> list[str]:
        """Return the comma-separated parts of an INFO string; [] where it is missing."""
        value = self.info.get(name)
        return [] if value is None else [w for w in str(value).split(",") if w and w != "."]


class CallVcf:
    """A VCF of `resistpanel call`.

    Parameters
    ----------
    path : path
    formats : sequence of str
        FORMAT fields that it must have.
    step : str
        The command that writes it, for messages.

    Attributes
    ----------
    samples : list of str
    header : str
        The raw header.
    parameters : dict of str to str
        The header's ``##resistpanel_*`` lines, without that prefix.

    Raises
    ------
    InputError
        If the file is missing, is no VCF, or has no FORMAT fields.

    Notes
    -----
    cyvcf2 gives FILTER None for both ``PASS`` and ``.`` (its FILTERS distinguish them), floats in
    single precision, and missing integers as negative numbers. All of that ends here.
    """

    def __init__(
        self, path: str | Path, formats: Sequence[str] = FORMATS, step: str = "resistpanel call"
    ):
        self.path = str(path)
        if not Path(path).is_file():
            raise InputError("no such file", self.path, f"run `{step}` first")
        check_whole(path)
        try:
            self._vcf = VCF(self.path)
        except Exception as error:  # cyvcf2 raises nothing more exact
            raise InputError("cannot be read as VCF", self.path, str(error)) from error
        self.samples = list(self._vcf.samples)
        self.header = self._vcf.raw_header
        missing = [name for name in formats if f"##FORMAT=<ID={name}," not in self.header]
        if missing:
            raise InputError(
                f"has no FORMAT {', '.join(missing)}", self.path, f"give a VCF of `{step}`"
            )
        found = re.findall(r"^##resistpanel_([^=\n]+)=(.*)$", self.header, re.MULTILINE)
        self.parameters: dict[str, str] = dict(found)

    def unit(self, sample: str) -> str:
        """Return what a sample's counts are of: ``fragments`` or ``molecules``.

        Molecules where reads were grouped by their UMIs, or are consensus reads.
        """
        assay = self.parameters.get(f"assay_{sample}", "")
        kinds = dict(part.split(":", 1) for part in assay.split(",") if ":" in part)
        grouped = kinds.get("families", "none") != "none"
        consensus = kinds.get("reads") in ("simplex", "duplex")
        return "molecules" if grouped or consensus else "fragments"

    def filter_descriptions(self) -> dict[str, str]:
        """Return the header's filters with their descriptions, in its order."""
        return {
            record["ID"]: record["Description"].strip('"')
            for record in self._vcf.header_iter()
            if record["HeaderType"] == "FILTER"
        }

    def __iter__(self) -> Iterator[Call]:
        """Iterate over the alleles that are sequences, each by itself; see `junctions`."""
        return (call for call in self._calls(self._vcf) if not call.symbolic)

    def junctions(self) -> list[Call]:
        """Return the junctions: symbolic alleles and breakends, both of a pair."""
        again = CallVcf(self.path, formats=())
        # Most records are sequences, and need not be taken apart a second time.
        records = (one for one in again._vcf if len(one.ALT) != 1 or _symbolic(one.ALT[0]))
        found = (call for call in again._calls(records) if call.symbolic)
        # What cyvcf2 gives reads from the file's header, which ends here.
        return [dataclasses.replace(call, info=dict(call.info)) for call in found]

    def at(self, chrom: str, pos: int) -> Iterator[Call]:
        """Return the calls whose POS is `pos` (1-based); needs the index."""
        for call in self._calls(self._vcf(f"{chrom}:{pos}-{pos}")):
            if call.pos == pos and not call.symbolic:
                yield call

    def _calls(self, records: Iterator[Variant]) -> Iterator[Call]:
        try:
            for record in records:
                yield self._call(record)
        except InputError:
            raise
        except Exception as error:  # cyvcf2 raises nothing more exact
            raise InputError(
                f"damaged, or cut short ({error})", self.path, "recreate it"
            ) from error

    def _call(self, record: Variant) -> Call:
        place = f"{self.path} ({record.CHROM}:{record.POS})"
        if len(record.ALT) != 1:
            raise InputError(
                "needs one alternative allele per record", place, "split it with bcftools norm -m-"
            )
        if not record.FILTERS:
            raise InputError("the record has no FILTER", place, "give a VCF of `resistpanel call`")
        return Call(
            record.CHROM,
            record.POS,
            record.REF,
            record.ALT[0],
            tuple(record.FILTERS),
            record.INFO,
            dict(zip(self.samples, genotypes(record, len(self.samples)), strict=True)),
        )


def genotypes(record: Variant, samples: int) -> list[Genotype]:
    """Return each sample's genotype; fields that the record lacks are missing values."""
    # cyvcf2 raises KeyError for a field that the header does not have.
    columns = {
        name: record.format(name).tolist() if name in record.FORMAT else None
        for name in (*FORMATS, "PRESENCE", "LODN", "ERR", "CRIT")
    }

    def row(name: str, i: int) -> list:
        column = columns[name]
        return [] if column is None else column[i]

    found = []
    for i in range(samples):
        ad, adf, adr = (_counts(row(name, i)) for name in ("AD", "ADF", "ADR"))
        detected = _whole(row("DET", i))
        interval = row("AFCI", i)
        found.append(
            Genotype(
                ad=ad,
                adf=adf,
                adr=adr,
                depth=max(_whole(row("DP", i)) or 0, sum(ad)),
                af=_fraction(row("AF", i)),
                low=_fraction(interval),
                high=_fraction(interval[1:]),
                lod=_fraction(row("LOD", i)),
                ub=_fraction(row("UB", i)),
                detected=None if detected is None else detected == 1,
                presence=number(next(iter(row("PRESENCE", i)), None)),
                lod_of_another=_fraction(row("LODN", i)),
                errors=_pair(row("ERR", i)),
                critical=_whole(row("CRIT", i)),
            )
        )
    return found


def _symbolic(alt: str) -> bool:
    return any(c in alt for c in "<[]")


def number(value: Any) -> float | None:
    """Return a finite number with the six digits that single precision holds, or None."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.6g}") + 0.0  # no -0


def _whole(values: list) -> int | None:
    return None if not values or values[0] < 0 else int(values[0])


def _counts(values: list) -> tuple[int, int]:
    counts = [max(int(value), 0) for value in values[:2]]
    return tuple(counts + [0] * (2 - len(counts)))


def _pair(values: list) -> tuple[float, float] | None:
    found = [number(value) for value in values[:2]]
    return None if len(found) < 2 or None in found else (found[0], found[1])


def _fraction(values: list) -> float | None:
    if not values or not math.isfinite(values[0]):
        return None
    return min(max(float(f"{values[0]:.6g}"), 0.0), 1.0)
