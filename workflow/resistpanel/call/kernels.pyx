"""Compiled likelihood kernels."""
