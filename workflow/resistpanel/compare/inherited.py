"""Withhold inherited variants, as a patient's consent asks."""

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from resistpanel.annotate.junctions import known
from resistpanel.annotate.residues import parse_short, short_name
from resistpanel.catalog import protein
from resistpanel.catalog.drivers import Driver, load_drivers
from resistpanel.compare.compare_constants import INHERITED_AF, KEPT_FUNCTION
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.core.tables import read_tsv
from resistpanel.core.vocabulary import GERMLINE_POLICIES
from resistpanel.records import compare as records
from resistpanel.records.base import UNSET
from resistpanel.records.compare import Compare, Variant

#: Genes whose inherited loss of function is reported under the policy ``pathogenic``.
GENES = HOME / "resources" / "germline" / "genes.tsv"
COLUMNS = ("gene", "condition", "source")
#: Sequence Ontology terms of a predicted loss of function (Richards et al. 2015, PVS1).
LOSS = {
    "frameshift_variant",
    "stop_gained",
    "splice_acceptor_variant",
    "splice_donor_variant",
    "start_lost",
    "transcript_ablation",
}
TEXTS = {
    "mask": "Inherited variants are withheld from this report and from every file made with it "
    "(germline policy: mask). Inherited causes of resistance and reversions of inherited variants "
    "are not assessed.",
    "pathogenic": "Inherited variants are withheld from this report and from every file made with "
    "it, except those predicted to inactivate one of {count} named genes (germline policy: "
    "pathogenic). Missense and other inherited variants of these genes are withheld, too.",
}


@dataclasses.dataclass(frozen=True)
class Policy:
    """What becomes of inherited variants, see `resistpanel.core.vocabulary.GERMLINE_POLICIES`."""

    name: str = GERMLINE_POLICIES[0]
    genes: Path = GENES
    catalog: Path | None = None

    def apply(self, compare: Compare) -> Compare:
        """Return a comparison without what is withheld; see `withhold`."""
        if self.name == GERMLINE_POLICIES[0]:
            return compare
        genes = read_genes(self.genes) if self.name == "pathogenic" else ()
        return withhold(compare, self.name, genes, load_drivers(self.catalog))


#: Nothing is withheld.
KEEP = Policy()


def read_genes(path: str | Path = GENES) -> frozenset[str]:
    """Read the genes of the policy ``pathogenic``.

    Parameters
    ----------
    path : path
        TSV with the columns gene, condition and source.

    Raises
    ------
    InputError
        The table is missing, has other columns, or a row names no gene or no source.
    """
    genes = set()
    for where, row in read_tsv(path, COLUMNS):
        for column in ("gene", "source"):
            if not row[column]:
                raise InputError(f"column '{column}' is empty", where, "fill it in")
        genes.add(row["gene"])
    if not genes:
        raise InputError("names no gene", str(path), "add a row per gene")
    return frozenset(genes)


def gained(variant: Variant, drivers: Sequence[Driver]) -> bool:
    """Return whether an allele is a gain of function that tumours acquire and nobody inherits.

    Drivers that the catalogue lists by residue or range of residues, events with a clinical name
    (``MET exon 14 deletion``, ``FLT3-ITD``), fusions that keep a kinase domain, and duplications of
    one. Loss of function, which is inherited, is none of them.
    """
    names = [variant.usual_name or ""]
    if junction := variant.junction or None:
        if junction.kinase == "duplicated" or (junction.fusion and junction.kinase == "kept"):
            return True
        names.append(junction.name or "")
    events = {row["name"] for row in known()["names"]}
    if any(name in events or name.startswith(f"{variant.gene}-ITD") for name in names):
        return True
    changes = [protein.parse(change.short) for change in variant.protein_changes]
    return any(
        any(change and driver.matches_change(change) for change in changes)
        if driver.match_level in ("exact", "codon", "range")
        else driver.alteration_type == "splice"
        and bool(driver.alteration)
        and names[0].startswith(driver.alteration)
        for driver in drivers
        if driver.gene == variant.gene and driver.alteration_type != "loss_of_function"
    )


def inherited(variant: Variant, normal: str | None, drivers: Sequence[Driver] = ()) -> bool:
    """Return whether a variant is, or may be, inherited by the patient or by another person.

    Without a normal, an allele that the catalogue asks for, or that is a gain of function, is not
    withheld as long as it is reported: it is a driver or a resistance allele whose origin is not
    proven.
    """
    if variant.model in ("germline", "contamination"):
        return True
    if variant.origin and variant.origin.value != "somatic":
        return not (variant.reported and (variant.sites or gained(variant, drivers)))
    seen = variant.samples.get(normal) if normal else None
    return bool(seen and seen.detected and (seen.af or 0) >= INHERITED_AF)


def keeps_function(gene: str | None, residue: int) -> bool:
    """Return whether a truncation at a residue (1-based) leaves the function of the protein."""
    return any(gene == name and residue >= first for name, first in KEPT_FUNCTION)


def loss_of_function(variant: Variant, genes: Collection[str]) -> bool:
    """Return whether a variant is predicted to inactivate one of the genes."""
    if variant.gene not in genes or variant.model == "contamination":
        return False
    changes = variant.protein_changes
    if changes and all(keeps_function(variant.gene, change.residue) for change in changes):
        return False
    return bool(set((variant.consequence or "").split("&")) & LOSS)


def withhold(
    compare: Compare, policy: str, genes: Collection[str] = (), drivers: Sequence[Driver] = ()
) -> Compare:
    """Return a comparison without the inherited variants that a policy withholds.

    Every mention of a withheld variant in what remains is removed: phase, haplotype, reversion,
    lesions. A name that two alleles have together becomes that of the somatic allele alone.

    Parameters
    ----------
    compare : Compare
    policy : str
        ``report``, ``pathogenic`` or ``mask``.
    genes : collection of str
        Of the policy ``pathogenic``, see `read_genes`.
    drivers : sequence of Driver
        Without a normal, those of unproven origin are kept.
    """
    if policy == "report":
        return compare
    normal = next((s.sample for s in compare.samples if s.role == "normal"), None)
    of_person = {v.id for v in compare.variants if inherited(v, normal, drivers)}
    listed = {
        v.id
        for v in compare.variants
        if policy == "pathogenic" and v.id in of_person and loss_of_function(v, genes)
    }
    withheld = of_person - listed
    kept = {v.id for v in compare.variants} - withheld
    clones = compare.clones
    if clones and any(withheld & set(clone.variants) for clone in clones.clones):
        clones = UNSET  # their cell fractions were fitted to withheld variants
    lesions = compare.lesions
    return msgspec.structs.replace(
        compare,
        variants=tuple(_cleaned(v, kept) for v in compare.variants if v.id in kept),
        lesions=msgspec.structs.replace(
            lesions, variants={i: row for i, row in lesions.variants.items() if i in kept}
        ),
        clones=clones,
        follow_up=_followed(compare, kept),
        other_tests=_other_tests(compare, kept),
        germline=records.Germline(
            policy=policy,
            listed=tuple(v.id for v in compare.variants if v.id in listed),
            text=TEXTS[policy].format(count=len(genes)),
        ),
    )


def _other_tests(compare: Compare, kept: Collection[str]) -> tuple | msgspec.UnsetType:
    """Return the results of other tests without alleles of files that may be inherited."""
    if not compare.other_tests:
        return UNSET
    return (
        tuple(
            one
            for one in compare.other_tests
            if one.allele is None or (one.variants and set(one.variants) <= set(kept))
        )
        or UNSET
    )


def _followed(compare: Compare, kept: Collection[str]) -> tuple | msgspec.UnsetType:
    """Return the follow-up in plasma without alleles that are not kept."""
    if not compare.follow_up:
        return compare.follow_up
    return tuple(
        msgspec.structs.replace(one, known=tuple(row for row in one.known if row.id in kept))
        for one in compare.follow_up
    )


def _cleaned(variant: Variant, kept: Collection[str]) -> Variant:
    """Return a variant without mention of others that are not kept."""
    changed: dict = {}
    for name in ("phase", "unphased", "reverts"):
        rows = getattr(variant, name)
        if rows and any(row.other not in kept for row in rows):
            changed[name] = tuple(row for row in rows if row.other in kept) or UNSET
    if variant.haplotype and not set(variant.haplotype.others) <= set(kept):
        changed |= _alone(variant)
    return msgspec.structs.replace(variant, **changed) if changed else variant


def _alone(variant: Variant) -> dict:
    """Return the fields of the protein change of an allele that is read without another one."""
    name = variant.haplotype.alone
    short = short_name(name)
    found: dict = {"haplotype": UNSET, "hgvs_p": name, "protein": short, "protein_changes": ()}
    if short is not None:
        change = parse_short(short)
        found["consequence"] = change.consequence
        found["protein_changes"] = (
            records.ProteinChange(
                residue=change.residue,
                residue_end=change.residue_end,
                ref=change.ref,
                alt=change.alt,
                short=change.short,
                hgvs_p=change.hgvs,
                consequence=change.consequence,
            ),
        )
    return found
