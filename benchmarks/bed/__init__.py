"""A second simulator, written without the caller's assumptions, and what is measured on it.

``python -m benchmarks.bed ASSAY`` makes patients of an assay, calls them and scores the calls.
The parts: ``genome`` (sequence, inherited and somatic variants), ``tumour`` (clones, copy number,
haplotype copies), ``molecules`` (which DNA is sampled), ``errors`` (damage, PCR, sequencing),
``library`` (reads, FASTQ, BAM), ``assay`` (the assays), ``score``, ``statistics``, ``depths``
(the same at the level of depths and counts), ``peers`` (other programs).
"""
