"""One page of figures over all samples of a run, by MultiQC."""
