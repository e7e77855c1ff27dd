"""Reads fragments from BAM and CRAM."""
