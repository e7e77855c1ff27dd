"""The sensitising driver over time: retained, lost, absent, or not to be told."""

from collections.abc import Sequence

import msgspec

from resistpanel.catalog.drivers import Driver
from resistpanel.core.text import join
from resistpanel.records import resist as records
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.context import Context
from resistpanel.resist.effect import is_driver, sensitising
from resistpanel.resist.finding import Finding
from resistpanel.resist.function import is_inherited, truncates_alone
from resistpanel.resist.match import shown_by_breakpoints
from resistpanel.resist.resist_constants import ENOUGH_OTHERS, SHARED
from resistpanel.resist.state_text import sample_text


def track(patient: Patient, context: Context, findings: Sequence[Finding]) -> records.Driver:
    """Return the `driver` part of resist.json.

    Returns
    -------
    records.Driver
        `state` is ``retained`` (detected before and in a later sample; the text names those in
        which it is not), ``present`` (in a later sample, and in none before treatment), ``lost``
        (in none of the later samples, which contain tumour), ``absent`` (in no tumour, although it
        was looked for) or ``unknown``. Without a normal the text says that the driver's origin is
        not proven.
    """
    if not patient.drugs:
        return _result(
            None,
            "unknown",
            "no drug is given between the samples, so there is no sensitising alteration to track",
        )
    drivers = sensitising(patient, context)
    if not drivers:
        given = join((drug.name for drug in patient.drugs), "or")
        return _result(
            None, "unknown", f"the catalogue lists no alteration that sensitises to {given}"
        )
    found = [finding.alteration for finding in findings if finding.driver in drivers]
    found += [
        alteration
        for alteration in patient.alterations
        if is_inherited(alteration)
        # Of a range of residues, any inherited substitution would do.
        and any(_inherited_driver(alteration, d) for d in drivers if d.match_level != "range")
    ]
    if not found:
        return _none_found(patient, drivers)
    before = patient.before()
    best = min(
        found,
        key=lambda a: (
            not any(a.detected(name) for name in before),
            -max((a.af(name) or 0 for name in a.samples), default=0),
            a.id,
        ),
    )
    result = _over_time(best, patient, findings)
    if best.germline:
        text = f"germline, in the normal cells too; {result.text}"
        return msgspec.structs.replace(result, text=text)
    if patient.tumor_only and not best.copy_number:
        text = f"{result.text}; {_origin_text(best, patient)}"
        return msgspec.structs.replace(result, text=text)
    return result


def _origin_text(alteration: Alteration, patient: Patient) -> str:
    """Return what is known of an alteration's origin without a normal, and by what.

    A purity that the driver itself gives is no evidence of its origin.
    """
    origin = alteration.origin
    if not origin:
        return "present, origin not proven without a normal"
    value = origin.somatic
    how = ">0.999" if value > 0.999 else "<0.001" if value < 0.001 else f"{value:.3g}"
    if origin.value == "somatic":
        by = ["allele frequency"]
        if any(alteration.detected(name) for name in patient.known_purity):
            by.append("purity")
        if patient.copy_number_examined and patient.examined_copies(alteration.gene):
            by.append("copies")
        return f"present, without a normal somatic by its {join(by)} (probability {how})"
    return f"present, origin not proven without a normal (somatic with probability {how})"


def _inherited_driver(alteration: Alteration, driver: Driver) -> bool:
    """Whether an inherited alteration is a driver, regardless of later changes in the tumour."""
    lost = driver.alteration_type == "loss_of_function" and driver.gene == alteration.gene
    return is_driver(alteration, driver) or (lost and truncates_alone(alteration))


def _none_found(patient: Patient, drivers: Sequence[Driver]) -> records.Driver:
    ids = {driver.id for driver in drivers}
    looked_for = [
        alteration
        for alteration in patient.alterations
        if ids & set(alteration.sites)
        and any(alteration.at(sample.name).detected is False for sample in patient.tumours)
    ]
    invisible = [driver for driver in drivers if not driver.visible_in_dna]
    by_junction = [driver for driver in invisible if shown_by_breakpoints(driver)]
    all_names = join(dict.fromkeys(map(_label, drivers)), "or")
    names = join(dict.fromkeys(map(_label, by_junction)), "or")
    if looked_for and by_junction == invisible:
        outside = f"; {names} cannot be detected if the breakpoints are outside of the targets"
        more = outside if names else ""
        return _result(
            None,
            "absent",
            f"no sensitising alteration ({all_names}) was found in any tumour sample: low tumour "
            f"content, a sample swap, or another driver{more}",
        )
    if by_junction and by_junction == invisible:
        return _result(
            None,
            "unknown",
            f"no sensitising alteration was found; {names} cannot be detected if the breakpoints "
            "are outside of the targets",
        )
    if invisible:
        names = join(dict.fromkeys(driver.alteration for driver in invisible), "or")
        return _result(
            None,
            "unknown",
            f"{names} cannot be detected by a panel of coding exons; no other was found",
        )
    return _result(
        None,
        "unknown",
        f"no sensitising alteration ({all_names}) was found, and none of them has a site that was "
        "examined",
    )


def _label(driver: Driver) -> str:
    """Return gene and alteration; a fusion has the gene in its name: ``EML4-ALK``."""
    named = _named(driver)
    return named if driver.gene in named else f"{driver.gene} {named}"


def _named(driver: Driver) -> str:
    """Return the alteration in words: a range of residues says what it is a range of."""
    if driver.match_level == "range":
        return f"{driver.alteration_type.replace('_', ' ')} of residues {driver.alteration}"
    return driver.alteration


def _over_time(
    alteration: Alteration, patient: Patient, findings: Sequence[Finding]
) -> records.Driver:
    after = patient.after()
    seen = [name for name in after if alteration.detected(name)]
    missing = [name for name in after if alteration.at(name).detected is False]
    measured = "; ".join(
        f"{sample.name} {_measured(alteration, sample.name)}" for sample in patient.tumours
    )
    before = patient.before()
    state = "retained"
    if seen and before and not any(alteration.detected(name) for name in before):
        state = "present"
        line = alteration.line
        measured += (
            f"; whether it was present before treatment is not known: {line.why}"
            if line and line.why
            else "; not detected before treatment"
        )
    if seen and not missing:
        return _result(alteration, state, measured)
    silent = [name for name in missing if name in patient.without_tumour]
    if silent and not set(missing) - set(silent):
        text = f"{measured}; {join(silent)} contains no detectable tumour"
        return _result(alteration, state if seen else "unknown", text)
    if missing:
        plasma = {sample.name for sample in patient.tumours if sample.role == "plasma"}
        if seen and set(missing) <= plasma:
            text = f"{measured}; below detection in plasma {join(missing)}"
            return _result(alteration, state, f"{text}, which does not show a loss")
        if foreign := [name for name in missing if name in patient.foreign]:
            several = "are" if len(foreign) > 1 else "is"
            text = f"{measured}; {join(foreign)} {several} not of this patient"
            return _result(alteration, state if seen else "unknown", text)
        suspicion = _suspicion(patient, findings, missing, alteration)
        if seen:
            return _result(alteration, state, f"{measured}; not in {join(missing)}: {suspicion}")
        return _result(alteration, "lost", f"{measured}; {suspicion}")
    return _result(alteration, "unknown", f"{measured}; not assessable after treatment")


def _measured(alteration: Alteration, sample: str) -> str:
    if alteration.copy_number:
        return "amplified" if alteration.detected(sample) else "not amplified"
    return sample_text(alteration.at(sample))


def _suspicion(
    patient: Patient, findings: Sequence[Finding], missing: Sequence[str], driver: Alteration
) -> str:
    """Say what the loss may mean, from the other mutations of the earlier sample."""
    before = patient.before()
    others = [
        finding.alteration
        for finding in findings
        if finding.alteration is not driver
        and any(finding.alteration.detected(name) for name in before)
    ]
    kept = [a for a in others if any(a.detected(name) for name in missing)]
    if len(others) < ENOUGH_OTHERS:
        return "too few other mutations to distinguish a sample swap from a loss"
    counts = f"{len(kept)} of {len(others)} other mutations of the earlier sample are present"
    if len(kept) < SHARED * len(others):
        return f"{counts}: a sample swap or low tumour content is more likely than a loss"
    return (
        f"{counts}: the same tumour, which lost the driver or grew from cells without it, and may "
        "resist for that reason"
    )


def _result(alteration: Alteration | None, state: str, text: str) -> records.Driver:
    return records.Driver(
        variant=alteration.id if alteration else None,
        gene=alteration.gene if alteration else None,
        protein=(alteration.protein or None) if alteration else None,
        state=state,
        text=text,
    )
