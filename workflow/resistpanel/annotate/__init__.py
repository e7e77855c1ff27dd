"""Consequences and HGVS names of the called variants, in the panel's transcripts."""
