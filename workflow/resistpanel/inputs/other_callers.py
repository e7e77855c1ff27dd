"""Which other callers a patient is given to, and where the user's own VCFs are."""

from collections.abc import Iterable
from pathlib import Path

from resistpanel.core.files import resource
from resistpanel.inputs.config import Settings
from resistpanel.inputs.sheet import Row

#: Callers that cannot do without a matched normal.
NEEDS_NORMAL = {"strelka2"}


def callers_of(settings: Settings, rows: Iterable[Row]) -> list[str]:
    """Return the callers that can be run on a patient."""
    normal = any(row.role == "normal" for row in rows)
    return [name for name in settings.callers if normal or name not in NEEDS_NORMAL]


def caller_vcfs(settings: Settings, patient: str, rows: Iterable[Row]) -> list[tuple[str, Path]]:
    """Return (name, VCF) of the user's other callers for a patient.

    A name is that of the caller; ``NAME:TUMOR`` where the VCF is of one tumour.
    """
    tumors = [row.sample for row in rows if row.tumor]
    found = []
    for name, patterns in settings.callers_vcf.items():
        for pattern in patterns:
            text = pattern.replace("{patient}", patient)
            if "{sample}" in text:
                found += [
                    (f"{name}:{tumor}", resource(text.replace("{sample}", tumor)))
                    for tumor in tumors
                ]
            else:
                found.append((name, resource(text)))
    return found
