"""Error rates, learned from the samples."""
