"""Read the annotated VCF."""

import dataclasses
import math
import re
from collections.abc import Iterator
from pathlib import Path

from cyvcf2 import VCF, Variant

from resistpanel.annotate.residues import parse_short
from resistpanel.annotate.vcf import decode
from resistpanel.compare.evidence import DEFAULT_ERROR, Evidence
from resistpanel.core.errors import InputError

NEEDED_FORMAT = ("AD", "ADF", "ADR", "DP", "AF", "AFCI", "LOD", "UB", "DET")
#: Quality group of the caller whose learned error rate stands for a fragment: single reads
#: of quality 30 to 34.
ERROR_GROUP = 3


@dataclasses.dataclass(frozen=True)
class Record:
    """One allele of the VCF.

    Parameters
    ----------
    fields : dict
        What the JSON says of the allele itself, ready to be written.
    evidence : dict of str to Evidence
        By sample.
    """

    fields: dict
    evidence: dict[str, Evidence]


class AnnotatedVcf:
    """The annotated VCF of a patient.

    Parameters
    ----------
    path : path

    Raises
    ------
    InputError
        If the file is missing, is no VCF, or lacks fields that the caller writes.
    """

    def __init__(self, path: str | Path):
        self.path = str(path)
        if not Path(path).is_file():
            raise InputError("no such file", self.path, "run `resistpanel annotate` first")
        try:
            self._vcf = VCF(self.path)
        except Exception as error:  # cyvcf2 raises nothing more exact
            raise InputError("cannot be read as VCF", self.path, str(error)) from error
        self.samples = list(self._vcf.samples)
        header = self._vcf.raw_header
        missing = [name for name in NEEDED_FORMAT if f"##FORMAT=<ID={name}," not in header]
        if missing:
            raise InputError(
                f"lacks FORMAT {', '.join(missing)}",
                self.path,
                "give a VCF of `resistpanel call`, annotated",
            )
        if "##INFO=<ID=HGVSC," not in header:
            raise InputError("is not annotated", self.path, "run `resistpanel annotate` on it")
        self._errors = learned_errors(header)

    def error(self, sample: str) -> float:
        """Return the expected rate of one wrong base in a sample, per fragment."""
        return self._errors.get(sample, DEFAULT_ERROR)

    def __iter__(self) -> Iterator[Record]:
        for variant in self._variants():
            if len(variant.ALT) != 1:
                raise InputError(
                    "needs one alternative allele per record",
                    f"{self.path} ({variant.CHROM}:{variant.POS})",
                    "split it with bcftools norm -m-",
                )
            if not variant.FILTERS:
                raise InputError(
                    "the record has no FILTER",
                    f"{self.path} ({variant.CHROM}:{variant.POS})",
                    "give a VCF of `resistpanel call`, annotated",
                )
            yield Record(describe(variant), dict(_evidence(variant, self.samples)))

    def _variants(self) -> Iterator:
        """Yield cyvcf2's variants."""
        try:
            yield from self._vcf
        except Exception as error:  # cyvcf2 raises nothing more exact
            raise InputError(
                f"damaged, or cut short ({error})", self.path, "make it again"
            ) from error


def learned_errors(header: str) -> dict[str, float]:
    """Return the error rates that the caller states in its header, by sample.

    ``##resistpanel_error_rate_SAMPLE`` lists the rate of mismatches by quality group; a third
    of it is the rate of one wrong base.
    """
    found = {}
    for line in header.splitlines():
        match = re.fullmatch(r"##resistpanel_error_rate_(.+?)=([-+0-9.e,]+)", line)
        if match:
            rates = [float(rate) for rate in match[2].split(",") if rate not in ("", ".")]
            if rates:
                found[match[1]] = min(max(rates[min(ERROR_GROUP, len(rates) - 1)] / 3, 1e-6), 0.1)
    return found


def describe(variant: Variant) -> dict:
    """Return what the JSON says of an allele itself."""
    info = variant.INFO
    changes = [_change(parse_short(short)) for short in _several(info.get("PROTEIN"))]
    hgvs_p = info.get("HGVSP")
    alt = variant.ALT[0]
    return {
        "id": f"{variant.CHROM}:{variant.POS}:{variant.REF}:{alt}",
        "chrom": variant.CHROM,
        "pos": variant.POS,
        "ref": variant.REF,
        "alt": alt,
        "type": info.get("TYPE"),
        "filters": list(variant.FILTERS),
        "model": info.get("MODEL"),
        "somatic_phred": _number(info.get("SOMATIC_PHRED")),
        "gene": info.get("GENE"),
        "transcript": info.get("TRANSCRIPT"),
        "consequence": info.get("CONSEQUENCE"),
        "hgvs_c": _decoded(info.get("HGVSC")),
        "hgvs_p": _decoded(hgvs_p),
        "protein": ",".join(change["short"] for change in changes) or None,
        "protein_changes": changes,
        "substitutions": _substitutions(variant),
        "splice": bool(info.get("SPLICE")),
        "sites": _several(info.get("SITE")),
        "reported": list(variant.FILTERS) == ["PASS"],
        "phase": [_phase(variant.CHROM, entry) for entry in _several(info.get("PHASE"))],
    }


def _phase(contig: str, entry: str) -> dict:
    """Return an entry of the caller's INFO/PHASE, ``POS_REF_ALT_cis_trans``."""
    pos, ref, alt, cis, trans = entry.split("_")
    return {"other": f"{contig}:{pos}:{ref}:{alt}", "cis": int(cis), "trans": int(trans)}


def _several(value) -> list[str]:
    return [] if value is None else [str(part) for part in str(value).split(",") if part != "."]


def _decoded(value: str | None) -> str | None:
    return None if value is None else decode(value)


def _number(value) -> float | None:
    if value is None or math.isnan(value) or math.isinf(value):
        return None
    return max(float(f"{value:.6g}"), 0.0) + 0.0  # the caller may write -0


def _change(change) -> dict:
    return {
        "residue": change.residue,
        "residue_end": change.residue_end,
        "ref": change.ref,
        "alt": change.alt,
        "short": change.short,
        "hgvs_p": change.hgvs,
        "consequence": change.consequence,
    }


def _substitutions(variant: Variant) -> list[dict]:
    """Return the single bases of an SNV or MNV, each with its codon."""
    ref, alt = variant.REF.upper(), variant.ALT[0].upper()
    if len(ref) != len(alt) or set(ref + alt) - set("ACGTN"):
        return []
    changed = [i for i in range(len(ref)) if ref[i] != alt[i]]
    stated = variant.INFO.get("RESIDUES")
    if stated is None:
        residues = [None] * len(changed)
    else:
        values = stated if isinstance(stated, (tuple, list)) else (stated,)
        residues = [None if value is None or value < 0 else int(value) for value in values]
    return [
        {"pos": variant.POS + i, "ref": ref[i], "alt": alt[i], "residue": residue}
        for i, residue in zip(changed, residues, strict=True)
    ]


def _evidence(variant: Variant, samples: list[str]) -> Iterator[tuple[str, Evidence]]:
    columns = {name: variant.format(name) for name in NEEDED_FORMAT}
    for i, sample in enumerate(samples):

        def row(name, i=i):
            column = columns[name]
            return [] if column is None else list(column[i])

        ad, adf, adr = (_counts(row(name)) for name in ("AD", "ADF", "ADR"))
        depth = _whole(row("DP")[:1]) or 0
        low, high = (_fraction(row("AFCI")[k : k + 1]) for k in (0, 1))
        detected = _whole(row("DET")[:1])
        yield (
            sample,
            Evidence(
                ad=ad,
                adf=adf,
                adr=adr,
                depth=max(depth, sum(ad)),
                af=_fraction(row("AF")[:1]),
                low=low,
                high=high,
                lod=_fraction(row("LOD")[:1]),
                ub=_fraction(row("UB")[:1]),
                detected=None if detected is None else detected == 1,
            ),
        )


def _whole(values: list) -> int | None:
    """Return an integer FORMAT value; cyvcf2 gives a missing one as a negative number."""
    return None if not values or values[0] < 0 else int(values[0])


def _counts(values: list) -> tuple[int, int]:
    counts = [max(int(value), 0) for value in values[:2]]
    return tuple(counts + [0] * (2 - len(counts)))


def _fraction(values: list) -> float | None:
    """Return a FORMAT value between 0 and 1.

    htslib holds it in single precision, which gives six digits; what is beyond is cut.
    """
    if not values or not math.isfinite(values[0]):
        return None
    return min(max(float(f"{values[0]:.6g}"), 0.0), 1.0)
