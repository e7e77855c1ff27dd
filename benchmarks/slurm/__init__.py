"""The workflow on a slurm cluster of one node."""
