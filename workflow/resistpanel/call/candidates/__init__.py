"""Alleles that the reads propose."""
