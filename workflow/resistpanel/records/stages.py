"""Which record each stage's JSON is."""

import msgspec

from resistpanel.core.schemas import stage_of
from resistpanel.records.assay import BuiltAssay
from resistpanel.records.biomarkers import Biomarkers
from resistpanel.records.callers import Callers
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.counts import Counts
from resistpanel.records.dossier import Dossier
from resistpanel.records.identity import Identity
from resistpanel.records.pack import Pack
from resistpanel.records.qc import Qc
from resistpanel.records.report import Report
from resistpanel.records.resist import Resist
from resistpanel.records.sheet import Sheet
from resistpanel.records.validation import Validate

STAGES = (
    *(Sheet, Qc, Callers, CopyNumber, Identity, Compare, Resist, Biomarkers),
    *(Report, Validate, Pack, BuiltAssay, Dossier, Counts),
)
#: By stage, in their order.
RECORDS: dict[str, type[msgspec.Struct]] = {stage_of(record): record for record in STAGES}
