"""Alleles longer than one base: realignment to haplotypes, phase."""
