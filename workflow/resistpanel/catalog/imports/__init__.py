"""Exports of public knowledge bases, supplied by the user, as catalogue tables."""
