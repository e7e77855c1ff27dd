"""Accuracy and speed of the caller, measured on data with known truth.

Run from the project's root: ``python -m benchmarks.accuracy``, ``python -m benchmarks.speed``,
``python -m benchmarks.calibration``, ``python -m benchmarks.real``. See benchmarks/README.md.
"""
