"""Snakemake's logger plugin: what happens, as one JSON object a line, to a file descriptor.

``resistpanel run`` names the descriptor in the environment and reads at its other end. Written to
the interface of snakemake-interface-logger-plugins; Snakemake finds it by its module's name.
"""

import json
import logging
import os

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

#: Fields that are handed on, by event.
FIELDS = {
    LogEvent.RUN_INFO: ("stats",),
    LogEvent.JOB_INFO: ("jobid", "rule_name", "wildcards", "log"),
    LogEvent.JOB_FINISHED: ("job_id",),
    LogEvent.JOB_ERROR: ("jobid", "rule_name", "log"),
    LogEvent.GROUP_ERROR: ("groupid", "job_error_info"),
    LogEvent.PROGRESS: ("done", "total"),
    LogEvent.ERROR: ("exception",),
}


class LogHandler(LogHandlerBase):
    """Writes events and warnings; everything goes to Snakemake's own log file too."""

    def __post_init__(self) -> None:
        """Open the descriptor; without one there is nothing to write to."""
        # Here, since Snakemake imports every plugin before it reads the Snakefile, which is where a
        # study's folder is taken off the path.
        from resistpanel.run.snakemake import DESCRIPTOR

        number = os.environ.get(DESCRIPTOR, "")
        # Closed with the process; line-buffered, since a pipe's reader wants whole lines.
        self.sink = (
            open(int(number), "w", buffering=1, closefd=False)  # noqa: SIM115
            if number.isdigit()
            else None
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if it is an event that is handed on, or a warning."""
        event = getattr(record, "event", None)
        if self.sink is None or (event not in FIELDS and record.levelno < logging.WARNING):
            return
        value = {name: getattr(record, name, None) for name in FIELDS.get(event, ())}
        value["event"] = str(event) if event in FIELDS else None
        if record.levelno >= logging.WARNING:
            value |= {"level": record.levelname.lower(), "message": record.getMessage()}
        try:
            self.sink.write(json.dumps(value, default=str) + "\n")
        except OSError:  # the reader has gone: the run goes on
            self.sink = None

    @property
    def writes_to_stream(self) -> bool:
        """Snakemake's own lines on standard error are not wanted beside the progress."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """The log file is left to Snakemake."""
        return False

    @property
    def has_filter(self) -> bool:
        """The filter is in `emit`."""
        return True

    @property
    def has_formatter(self) -> bool:
        """There is nothing to format."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False
