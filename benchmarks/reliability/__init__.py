"""Faults on purpose: killed runs, full disks, broken input."""
