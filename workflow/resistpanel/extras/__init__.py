"""Beside the stages: other callers, and the pooled mutagenesis screen."""
