"""A pooled mutagenesis screen: which substitutions of a cDNA library survive a drug."""
