"""resistpanel: which mutation makes this tumour resist the drug, and was it there before?"""

# pysam first: its import loads the htslib that the compiled caller is linked to.
import pysam as _pysam  # noqa: F401

__all__ = ["__version__"]

__version__ = "0.1.0"
