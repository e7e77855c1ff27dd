"""Alterations of a patient with a solid tumour that may be of blood cells instead."""

import re

from resistpanel.compare.compare_constants import HEMATOPOIESIS_GENES
from resistpanel.core.text import join
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.context import Context
from resistpanel.resist.resist_constants import (
    BLOOD_CANCER_STEMS,
    BLOOD_CANCERS,
    SOLID_TUMOR_DRIVERS,
    SOLID_TUMORS,
)
from resistpanel.resist.state_text import sample_text

_WORD = re.compile(r"[a-z]+")


def of_blood_cells(alteration: Alteration, patient: Patient, context: Context, driver: str) -> str:
    """Return why an alteration may be clonal haematopoiesis; empty if nothing says so.

    White blood cells infiltrate tissue and shed most of the DNA of plasma (Razavi et al. 2019, Nat
    Med 25:1928; Ptashkin et al. 2018, JAMA Oncol 4:1589). What compare marks in plasma counts for
    every gene. Otherwise known drivers of the genes of clonal haematopoiesis that are no drivers
    of solid tumours count, in tissue too. Copy numbers, reversions and cancers of the blood are
    left out. Where the disease is not given, or no known one, the text says on what it depends.

    Parameters
    ----------
    alteration : Alteration
    patient : Patient
    context : Context
    driver : str
        Why it is a known driver; empty if it is not.
    """
    if alteration.copy_number or alteration.junction or alteration.restores:
        return ""
    of_blood = blood_cancer(patient, context)
    if of_blood:
        return ""
    lead = "possible clonal haematopoiesis"
    if of_blood is None:
        lead += " unless the patient's disease is a cancer of the blood"
    if alteration.white_cells:
        return f"{lead}: {alteration.white_cells}"
    mine = set(HEMATOPOIESIS_GENES) - set(SOLID_TUMOR_DRIVERS)
    if alteration.gene not in mine or not driver:
        return ""
    return (
        f"{lead}: {alteration.gene} is mutated in blood cells rather than "
        f"in solid tumours; {_normal(alteration, patient)}"
    )


def blood_cancer(patient: Patient, context: Context) -> bool | None:
    """Return whether the disease is a cancer of the blood; None if its name does not say so."""
    if not patient.disease:
        return None
    diseases = context.diseases
    names = f"{patient.disease} {diseases.canonical(patient.disease)}".lower()
    words = _WORD.findall(names)
    if set(words) & set(BLOOD_CANCERS) or any(map(_stem, words)):
        return True
    known = diseases.knows(patient.disease) or any(word.endswith(SOLID_TUMORS) for word in words)
    return False if known else None


def _stem(word: str) -> bool:
    return word.startswith(BLOOD_CANCER_STEMS)


def _normal(alteration: Alteration, patient: Patient) -> str:
    names = [sample.name for sample in patient.samples if sample.role == "normal"]
    if not names:
        return "there is no normal sample to compare with"
    if shown := [name for name in names if alteration.detected(name)]:
        return f"the normal sample {join(shown)} shows it too"
    found = join(f"{name}: {sample_text(alteration.at(name))}" for name in names)
    return f"a normal sample of blood would show it ({found})"
