"""What `resistpanel call` says of an allele, for comparison with other callers."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pysam

from resistpanel.core.errors import InputError
from resistpanel.core.haplotypes import Fetch, tidy
from resistpanel.core.replacement import Variant
from resistpanel.extras.formats import count, field, info, number


@dataclass
class Own:
    """One record of our caller.

    Attributes
    ----------
    variant : Variant
        Trimmed and left-aligned.
    id : str
        ``chrom:pos:ref:alt`` with VCF's alleles, as in compare.json.
    filters : tuple of str
        ``PASS`` alone for a call.
    model : str or None
    somatic_phred : float or None
    samples : dict of str to dict
        Per sample: detected, af, af_low, af_high, alt, depth, lod, ub.
    """

    variant: Variant
    id: str
    filters: tuple[str, ...]
    model: str | None = None
    somatic_phred: float | None = None
    samples: dict[str, dict] = dataclasses.field(default_factory=dict)

    @property
    def called(self) -> bool:
        """Whether it is a somatic call."""
        return self.filters == ("PASS",)

    @property
    def germline(self) -> bool:
        """Whether it is an inherited variant."""
        return self.model == "germline"


def read_own(path: Path, fetch: Fetch) -> list[Own]:
    """Read a VCF of ``resistpanel call``.

    Raises
    ------
    InputError
        If it is missing, or not a VCF of `resistpanel call`.
    """
    found = []
    try:
        with pysam.VariantFile(str(path)) as handle:
            if "DET" not in handle.header.formats:
                raise InputError("is not a VCF of `resistpanel call`", str(path))
            for record in handle:
                alt = record.alts[0] if record.alts else ""
                if not alt or set(alt + record.ref) - set("ACGT"):
                    continue
                variant = tidy(Variant(record.chrom, record.start, record.ref, alt), fetch)
                phred = number(info(record, "SOMATIC_PHRED"))
                samples = {}
                for name, data in record.samples.items():
                    detected = count(field(data, "DET"))
                    samples[name] = {
                        "detected": None if detected is None else bool(detected),
                        "af": number(field(data, "AF")),
                        "af_low": number(field(data, "AFCI"), 0),
                        "af_high": number(field(data, "AFCI"), 1),
                        "alt": count(field(data, "AD"), 1),
                        "depth": count(field(data, "DP")),
                        "lod": number(field(data, "LOD")),
                        "ub": number(field(data, "UB")),
                    }
                found.append(
                    Own(
                        variant,
                        f"{record.chrom}:{record.pos}:{record.ref}:{alt}",
                        tuple(record.filter),
                        info(record, "MODEL"),
                        phred,
                        samples,
                    )
                )
    except FileNotFoundError:
        raise InputError("no such VCF", str(path), "give the VCF of `resistpanel call`") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read as VCF: {error}", str(path)) from None
    return found
