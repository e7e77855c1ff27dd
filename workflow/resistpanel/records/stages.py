"""Which record each stage's JSON is."""

from pathlib import Path
from typing import Any

import msgspec

from resistpanel.core.errors import InputError
from resistpanel.core.schemas import read_record, stage_of
from resistpanel.records.callers import Callers
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.identity import Identity
from resistpanel.records.qc import Qc
from resistpanel.records.report import Report
from resistpanel.records.resist import Resist
from resistpanel.records.sheet import Sheet
from resistpanel.records.validation import Validate

#: By stage, in their order.
RECORDS: dict[str, type[msgspec.Struct]] = {
    stage_of(record): record
    for record in (Sheet, Qc, Callers, CopyNumber, Identity, Compare, Resist, Report, Validate)
}
#: Options that name the JSON of a stage.
STAGE_FILES = ("sheet", "qc", "copynumber", "identity", "compare", "resist")


def damaged(arguments: Any) -> InputError | None:
    """Return what is wrong with the first damaged stage file among a command's arguments.

    A stage trusts what another wrote; when it fails, this shows whether the file was at fault.
    """
    given = [(getattr(arguments, stage, None), stage) for stage in STAGE_FILES]
    if getattr(arguments, "step", None) == "identity":
        given = [(arguments.patients, "copynumber")]
    for paths, stage in given:
        for path in paths if isinstance(paths, list) else [paths]:
            if isinstance(path, str | Path):
                try:
                    read_record(path, RECORDS[stage])
                except InputError as error:
                    return error
    return None
