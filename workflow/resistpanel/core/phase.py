"""What fragments that cover two alleles show of their phase."""

from resistpanel.core.core_constants import CIS_FRACTION, PHASE_FRAGMENTS


def phase_of(cis: int, trans: int) -> str:
    """Return ``cis``, ``trans``, ``cis and trans`` or ``unknown``.

    Parameters
    ----------
    cis, trans : int
        Fragments that have both alleles, and those that cover both sites and have the first one
        alone.
    """
    if cis + trans < PHASE_FRAGMENTS:
        return "unknown"
    share = cis / (cis + trans)
    if share >= CIS_FRACTION:
        return "cis"
    return "trans" if share <= 1 - CIS_FRACTION else "cis and trans"
