"""What a call of one patient is: its records, and all that the VCF's header says of it."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from resistpanel.call.errors.error_model import ErrorModel
from resistpanel.call.io.collection import Collection
from resistpanel.call.model.contamination import Fraction
from resistpanel.call.model.overdispersion import Overdispersion
from resistpanel.call.model.posterior import Admixture
from resistpanel.call.settings import Sample, Settings
from resistpanel.call.vcf_writer import Record
from resistpanel.core.allele import Allele
from resistpanel.qc.assay_given import Given
from resistpanel.records.qc import Assay


@dataclasses.dataclass(frozen=True)
class CallResult:
    """The joint call of one patient.

    Attributes
    ----------
    settings : Settings
    samples : sequence of Sample
        In the order of the VCF's columns.
    normal : int or None
        Index of the matched normal.
    targets : sequence of (str, int, int)
        Merged targets, 0-based half-open.
    sites : mapping of Allele to sequence of str
        Alleles asked for, with their identifiers.
    outside : sequence of Allele
        Those not genotyped, since they are outside the targets.
    found : Collection
        What was read: counts of reads left out, checksums.
    error_models : sequence of ErrorModel
        Error model of each sample.
    assays : sequence of Assay
    given : sequence of Given
        What the user says of the assays.
    padding : int
        Bases added on either side of every target.
    contamination, tumor_in_normal : mapping of int to Fraction
        Estimates by sample, and by tumour; empty without a normal.
    overdispersion : sequence of Overdispersion
        Of each sample's allele counts.
    admixture : Admixture
        What of them is beyond doubt, as used by the model.
    log_multiplier : float64, (multipliers,)
        Log weights of the site-specific multipliers of the error rate.
    junction_limits : sequence of sequence of (int, float)
        Per sample: depth, and the AF from which on a junction is called there.
    damage_limits : mapping of str to float64, (samples,)
        By kind of damage, the highest AF that it reaches in each tumour sample of amplicons; NaN in
        the others.
    records : sequence of Record
        Sorted.
    """

    settings: Settings
    samples: Sequence[Sample]
    normal: int | None
    targets: Sequence[tuple[str, int, int]]
    sites: Mapping[Allele, Sequence[str]]
    outside: Sequence[Allele]
    found: Collection
    error_models: Sequence[ErrorModel]
    assays: Sequence[Assay]
    given: Sequence[Given]
    padding: int
    contamination: Mapping[int, Fraction]
    tumor_in_normal: Mapping[int, Fraction]
    overdispersion: Sequence[Overdispersion]
    admixture: Admixture
    log_multiplier: np.ndarray
    junction_limits: Sequence[Sequence[tuple[int, float]]]
    damage_limits: Mapping[str, np.ndarray]
    records: Sequence[Record]
