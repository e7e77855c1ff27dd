"""Catalogued alleles that damage of the template may have made.

Such an allele is called at any frequency, since a hotspot is mutated far more often than any other
site. Below the limit of damage of an amplicon sample nothing in its reads distinguishes the two.
"""

from resistpanel.core.damage_kinds import AGENTS, CHANGES, below_limit
from resistpanel.core.text import join, percent
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.tests_after import earlier, later


def damaged(alteration: Alteration, patient: Patient) -> str:
    """Return why an alteration cannot be told from damage; empty if a tumour shows it otherwise.

    A substitution, or several that are all of one kind of damage, whose allele frequency is below
    the sample's limit in every tumour in which it was detected.
    """
    shown = {s.name: alteration.af(s.name) for s in patient.tumours if alteration.detected(s.name)}
    found = below_limit(alteration.substitutions, shown, patient.damage)
    if found is None:
        return ""
    kind, limits = found
    if len(shown) == 1:
        ((name, af),) = shown.items()
        what = f"AF {percent(af)} is below the damage limit of {name} ({percent(limits[name])})"
    else:
        each = join(f"{percent(af)} in {name} (limit {percent(limits[name])})"
                    for name, af in shown.items())  # fmt: skip
        what = f"AF is below the damage limit of each sample that shows it: {each}"
    return f"{what}: {CHANGES[kind]} there cannot be told from {AGENTS[kind]}"


def supported(alteration: Alteration, patient: Patient) -> bool:
    """Return whether a second tumour sample or another test shows an alteration as well.

    Damage of the same base in two samples is rare.
    """
    shown = sum(alteration.detected(sample.name) for sample in patient.tumours)
    tests = any(said == "supports" for said, _ in later(alteration, patient))
    return shown > 1 or tests or any(one.says == "present" for one in earlier(alteration))
