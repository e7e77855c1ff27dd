"""The VCF's header and warnings of a call: parameters, input, what was excluded."""

from pathlib import Path

import numpy as np

from resistpanel.call.filters import FILTERS
from resistpanel.call.io.reader import LONGEST_GAP
from resistpanel.call.result import CallResult
from resistpanel.call.vcf_writer import number
from resistpanel.core import damage_kinds
from resistpanel.core.files import sha256
from resistpanel.core.molecules import COUNTS
from resistpanel.qc.assay import UMI, line, notes
from resistpanel.qc.assay_folder import header_value

#: A resource beyond this, such as gnomAD, has the checksum of its index: that is made from
#: where each record stands.
LARGE = 100_000_000


def checksum(path: str | Path) -> str:
    """Return the SHA-256 of a file, or of the index beside it if it is large."""
    path = Path(path)
    if path.stat().st_size > LARGE:
        for suffix in (".tbi", ".csi"):
            index = path.with_name(path.name + suffix)
            if index.is_file():
                return f"{sha256(index)} (index)"
    return sha256(path)


def inputs(result: CallResult) -> dict[str, str]:
    """Return the checksums of the input, independent of its paths and of how it is stored."""
    settings, found = result.settings, result.found
    told = {f"input_{s.name}": found.checksum(k) for k, s in enumerate(result.samples)}
    files = {
        "targets": settings.targets,
        "sites": settings.sites,
        "germline_resource": settings.germline,
        "panel_of_normals": settings.pon,
    }
    primers = list(dict.fromkeys(g.primers for g in result.given if g.primers))
    files |= {f"primers_{k}" if k else "primers": path for k, path in enumerate(primers)}
    return (
        told
        | {"reference_bases": found.checksum(-1)}
        | {name: checksum(path) for name, path in files.items() if path}
    )


def parameters(result: CallResult) -> dict[str, str]:
    """Return the header's ``##resistpanel_*`` lines."""
    settings, found = result.settings, result.found
    told = {
        "mode": "tumor-only" if result.normal is None else "paired",
        "normal": result.samples[0].name if result.normal is not None else ".",
        "padding": str(result.padding),
        "min_mapq": str(settings.min_mapq),
        "min_qual": str(settings.min_qual),
        "prior_somatic": number(settings.priors.somatic),
        "filters": ",".join(
            f"{f.name}:{f.metric}{'<' if f.below else '>'}{f.threshold:g}" for f in FILTERS
        ),
        **({"built_assay": header_value(settings.built)} if settings.built else {}),
        "target_bases": str(sum(e - s for _, s, e in result.targets)),
        "kept_fraction": number(found.thinned),
        "multiplier": ",".join(number(float(w)) for w in np.exp(result.log_multiplier)),
    }
    for sample, learned in zip(result.samples, result.error_models, strict=True):
        told[f"error_rate_{sample.name}"] = ",".join(number(float(q)) for q in learned.quality)
    for sample, kind, counts in zip(
        result.samples, result.assays, found.molecules.tolist(), strict=True
    ):
        if kind.families != "none":
            pairs = zip(COUNTS, counts, strict=False)
            told[f"molecules_{sample.name}"] = ",".join(f"{name}:{n}" for name, n in pairs)
    for sample, kind in zip(result.samples, result.assays, strict=True):
        told[f"assay_{sample.name}"] = line(kind)
    for name, estimates in (
        ("contamination", result.contamination),
        ("tumor_in_normal", result.tumor_in_normal),
    ):
        for s, fraction in estimates.items():
            told[f"{name}_{result.samples[s].name}"] = fraction.text()
    for sample, found_rho in zip(result.samples, result.overdispersion, strict=True):
        told[f"overdispersion_{sample.name}"] = found_rho.text()
    for sample, limits in zip(result.samples, result.junction_limits, strict=True):
        told[f"junction_lod_{sample.name}"] = ",".join(
            f"{depth}:{'.' if np.isnan(lod) else number(lod)}" for depth, lod in limits
        )
    for s, sample in enumerate(result.samples):
        limits = {kind: float(most[s]) for kind, most in result.damage_limits.items()}
        if limits and not any(map(np.isnan, limits.values())):
            told[f"{damage_kinds.PARAMETER}{sample.name}"] = damage_kinds.written(limits)
    # What the model uses: estimates that are beyond doubt.
    told["model_tumor_in_normal"] = number(result.admixture.tumor_in_normal)
    for s, value in result.admixture.contamination.items():
        told[f"model_contamination_{result.samples[s].name}"] = number(value)
    for s, sample in enumerate(result.samples):
        told[f"left_out_{sample.name}"] = (
            f"gaps:{found.gapped[s]},no_qualities:{found.no_qualities[s]},"
            f"adapters:{found.adapters[s]}"
        )
    told["left_out_indels"] = str(found.crowded)
    told["left_out_sites"] = str(len(result.outside))
    return told | {f"sha256_{name}": value for name, value in inputs(result).items()}


def warnings(result: CallResult) -> list[str]:
    """Return a line for each thing that was left out."""
    found = result.found
    lines = []
    for s, sample in enumerate(result.samples):
        if found.gapped[s]:
            lines.append(
                f"{sample.path}: {found.gapped[s]} reads were left out: their alignments have gaps "
                f"of more than {LONGEST_GAP:,} bases, or a gap to ten bases"
            )
        if found.no_qualities[s]:
            lines.append(
                f"{sample.path}: {found.no_qualities[s]} reads were left out: they have no base "
                "qualities"
            )
    for sample, kind in zip(result.samples, result.assays, strict=True):
        lines += [f"{sample.path}: {note}" for note in notes(kind)]
    for sample, kind, counts in zip(
        result.samples, result.assays, found.molecules.tolist(), strict=True
    ):
        named = dict(zip(COUNTS, counts, strict=False))
        if kind.families != "none" and named["without_umi"]:
            lines.append(
                f"{sample.path}: {named['without_umi']} of {named['reads']} reads have no UMI "
                f"({UMI[kind.umi]} expected): those of the same ends count as one molecule"
            )
    if found.crowded:
        lines.append(
            f"{found.crowded} places of gaps or clips were left out for better supported ones "
            "nearby: the reads are badly aligned, or very deep"
        )
    outside = result.outside
    if outside:
        a = outside[0]
        lines.append(
            f"{len(outside)} of {len(result.sites)} forced sites are outside the targets and "
            f"were not genotyped ({a.contig}:{a.pos + 1} {a.ref or '-'}>{a.alt or '-'}"
            f"{' and so on' if len(outside) > 1 else ''})"
        )
    return lines
