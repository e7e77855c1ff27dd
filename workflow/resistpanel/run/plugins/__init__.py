"""The folder in which Snakemake looks for the logger plugin of ``resistpanel run``."""

#: Environment variable that holds the descriptor to which the plugin writes.
DESCRIPTOR = "RESISTPANEL_EVENTS"
