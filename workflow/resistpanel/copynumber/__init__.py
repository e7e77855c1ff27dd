"""Copy number, purity, identity and contamination: the tumour around the calls."""
