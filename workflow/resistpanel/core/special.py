"""Functions of `scipy.special`; every module takes them from here.

On import, `scipy.special` copies the whole namespace of numpy, and so loads `numpy.f2py`,
`numpy.testing`, `numpy.ma` and others that nothing here uses: 0.25 s of CPU for each process of a
workflow. While it is imported, numpy lists only what is loaded. It also parses the documentation
of each function to add which other arrays it takes: meanwhile nothing is added.
"""

import numpy as np

_ALL, _DIR = np.__all__, np.__dir__
_LOADED = [name for name in _ALL if name in vars(np)]
np.__all__, np.__dir__ = _LOADED, lambda: _LOADED
try:
    from scipy._lib import _array_api

    _CAPABILITIES = _array_api.xp_capabilities
    _array_api.xp_capabilities = lambda *_, **__: lambda function: function
    from scipy.special import (
        bdtr,
        bdtrc,
        betainc,
        betaincinv,
        betaln,
        chdtrc,
        expit,
        gammaincinv,
        gammaln,
        log_ndtr,
        logit,
        logsumexp,
        ndtr,
        ndtri,
        pdtrc,
        stdtr,
        xlog1py,
        xlogy,
    )

    _array_api.xp_capabilities = _CAPABILITIES
finally:
    np.__all__, np.__dir__ = _ALL, _DIR

__all__ = [
    "bdtr",
    "bdtrc",
    "betainc",
    "betaincinv",
    "betaln",
    "chdtrc",
    "expit",
    "gammaincinv",
    "gammaln",
    "log_ndtr",
    "logit",
    "logsumexp",
    "ndtr",
    "ndtri",
    "pdtrc",
    "stdtr",
    "xlog1py",
    "xlogy",
]
