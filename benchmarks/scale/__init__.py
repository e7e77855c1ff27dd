"""Many patients, deep BAMs."""
