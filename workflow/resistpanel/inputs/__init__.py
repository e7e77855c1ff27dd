"""The sample sheet, the configuration, and every check before a run."""
