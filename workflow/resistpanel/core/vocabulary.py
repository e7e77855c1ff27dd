"""Words that stages hand to each other, in one order."""

#: Roles of samples that hold, or may hold, tumour DNA.
TUMOR_ROLES = ("tumor", "plasma")
#: States of an alteration between two samples, ordered by how much they matter for resistance:
#: what relapse brought, what is open, what was there all along, what went away. Over several
#: pairs of samples the first of these is the overall state.
STATES = (
    "acquired",
    "emergent",
    "rising",
    "undetermined",
    "not covered",
    "stable",
    "falling",
    "lost",
    "absent",
)
#: States in which relapse brought more of the alteration.
GAINED = ("acquired", "emergent", "rising")
#: States that leave open whether the alteration was there before.
OPEN = ("undetermined", "not covered")
#: What becomes of inherited variants: all are kept; those withheld that are not predicted to
#: inactivate a named gene; all are withheld. Stricter ones come later.
GERMLINE_POLICIES = ("report", "pathogenic", "mask")
#: Filters of call that are of an allele's origin, or follow from its doubt.
PROVISIONAL = frozenset({"germline", "weak", "germline_resource"})
