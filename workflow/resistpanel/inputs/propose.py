"""Guess patient, role and time point from a sample's name."""

import dataclasses
import itertools
import re
from collections.abc import Callable, Sequence

#: Words in the names of samples, whole or with digits behind.
NORMAL = [
    "normal",
    "norm",
    "germline",
    "germ",
    "pbmc",
    "pbl",
    "buffy",
    "wbc",
    "leukocyte",
    "leukocytes",
    "lymphocyte",
    "lymphocytes",
    "constitutional",
    "gl",
    "nl",
    "n",
]
#: Normal only if nothing else in the name indicates a tumour ("skin-met", "blood_relapse").
NORMAL_PERHAPS = ["blood", "skin", "saliva", "buccal", "control", "ctrl", "reference", "ref"]
PRE = [
    "pre",
    "pretreatment",
    "baseline",
    "before",
    "diagnosis",
    "diagnostic",
    "primary",
    "untreated",
    "naive",
    "initial",
]
POST = [
    "post",
    "posttreatment",
    "relapse",
    "relapsed",
    "relapsing",
    "resistant",
    "resistance",
    "progression",
    "progressed",
    "progressive",
    "pd",
    "after",
    "recurrent",
    "recurrence",
    "rec",
    "late",
    "eot",
]
TUMOR = [
    "tumor",
    "tumour",
    "cancer",
    "met",
    "metastasis",
    "lesion",
    "biopsy",
    "ffpe",
    "t",
]
PLASMA = ["plasma", "cfdna", "ctdna"]
#: Words without information on patient or role.
NOISE = [
    "treatment",
    "treated",
    "sample",
    "bam",
    "dna",
    "sorted",
    "dedup",
    "markdup",
    "wes",
    "wgs",
    "panel",
]
#: Sites of lesions, as sample names have them, in English and as Latin stems.
SITES = [
    *("liver", "hepatic", "lung", "pulmonary", "brain", "cns", "bone", "spine", "rib", "adrenal"),
    *("node", "nodal", "ln", "lymphnode", "axilla", "axillary", "groin", "inguinal", "neck"),
    *("skin", "subcutaneous", "subcut", "scalp", "arm", "leg", "thigh", "back", "chest", "trunk"),
    *("pleura", "pleural", "peritoneum", "peritoneal", "ascites", "omentum", "pelvis", "csf"),
    *("spleen", "kidney", "renal", "colon", "rectum", "bowel", "stomach", "pancreas", "breast"),
    *("ovary", "prostate", "bladder", "thyroid", "abdomen", "mediastinum", "retroperitoneum"),
]
#: Lesions by number: ``met2``, ``lesion3``.
NUMBERED = re.compile(r"(?:met|metastasis|lesion)[0-9]+")
#: Days of a unit of time in a name: ``w12``, ``week-12``, ``d90``. No more precise than the name.
UNITS = {"week": 7, "wk": 7, "w": 7, "day": 1, "d": 1}
WHEN = re.compile(
    rf"(?<![a-z0-9])({'|'.join(UNITS)})s?[-_ .]?([0-9]{{1,4}})(?![0-9a-z])", re.IGNORECASE
)
NO_REASON = "nothing in the name"
#: Of one patient by default: no word of the names tells patients apart.
NOTHING_SHARED = "nothing shared"
#: The word for the patient may be the site of a lesion: ``LUNG1_pre``.
SITE_OR_PATIENT = "site or patient"
#: One letter that alone distinguishes normal from tumour in two names that agree otherwise.
NORMAL_LETTERS, TUMOR_LETTERS = "NRBG", "T"


@dataclasses.dataclass
class Proposal:
    """What is proposed for one sample.

    Attributes
    ----------
    sample : str
    patient : str
    role : str
        ``normal``, ``tumor`` or ``plasma``.
    timepoint : str or None
        ``pre``, ``post`` or None where the name does not say.
    drug : str or None
        A drug in the name.
    why : str
        The part of the name on which the role rests, or why nothing could be guessed.
    day : int or None
        From a week or day in the name.
    lesion : str or None
        A site in the name; None for plasma and normals.
    doubt : str
        What may be wrong with the patient: `NOTHING_SHARED`, `SITE_OR_PATIENT` or nothing.
    """

    sample: str
    patient: str
    role: str = "tumor"
    timepoint: str | None = None
    drug: str | None = None
    why: str = ""
    day: int | None = None
    lesion: str | None = None
    doubt: str = ""


def day_of(name: str) -> int | None:
    """Return the day in a name: 84 for ``P1_w12``, 90 for ``P1-day90``; else None."""
    found = WHEN.search(name)
    return UNITS[found[1].casefold()] * int(found[2]) if found else None


def lesion_of(name: str, patient: str = "") -> str | None:
    """Return the site in a name, or a lesion's number; None if neither.

    The name's first word is none if it is the `patient`.
    """
    words = words_of(name)
    words = words[1:] if patient and words[:1] == [patient] else words
    numbered = [word for word in words if NUMBERED.fullmatch(word)]
    sites = [word for word in words if _bare(word) in SITES]
    return next(iter(sites + numbered), None)


def words_of(name: str) -> list[str]:
    """Return the words of a name, lower case: ``P1-skinNormal2`` gives p1, skin, normal2."""
    parts = re.split(r"[^A-Za-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "-", name))
    return [part.casefold() for part in parts if part]


def _bare(word: str) -> str:
    return word.rstrip("0123456789")


def _cohort_words(names: list[str], keys: list[str]) -> list[str]:
    """Return the first words of names that begin with a site or noise and a number: ``lung2``.

    They name patients of a cohort, unless a name begins otherwise and has no `key` either
    (``blood``, ``lung1``, ``lung2``: one patient).

    Returns
    -------
    list of str
        One for each name, empty where its key stands; all are empty if one name has neither.
    """
    found = []
    for name, key in zip(names, keys, strict=True):
        first = next(iter(words_of(name)), "")
        numbered = first != _bare(first) and _bare(first) in (*SITES, *NOISE)
        # A word with a number names a patient rather than one without: lung1_P7, lung1_exome.
        found.append(first if numbered and not re.search("[0-9]", key) else "")
    whole = all(word or key for word, key in zip(found, keys, strict=True))
    return found if whole else [""] * len(names)


def _kind(word: str) -> str | None:
    bare = _bare(word)
    for kind, known in (
        ("normal", NORMAL),
        ("perhaps", NORMAL_PERHAPS),
        ("pre", PRE),
        ("post", POST),
        ("tumor", TUMOR),
        ("plasma", PLASMA),
        ("noise", NOISE),
    ):
        if word in known or bare in known:
            return kind
    return None


def _letter_pairs(names: list[str]) -> dict[str, tuple[str, str, str]]:
    """Return {name: (role, what the pair shares, the letter)} of names that differ in a letter."""
    found = {}
    for one, other in itertools.permutations(names, 2):
        if len(one) != len(other):
            continue
        spots = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(spots) != 1:
            continue
        i = spots[0]
        if one[i].upper() in NORMAL_LETTERS and other[i].upper() in TUMOR_LETTERS:
            shared = one[:i] + one[i + 1 :]
            found[one] = ("normal", shared, one[i])
            found[other] = ("tumor", shared, other[i])
    return found


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")


def common_start(names: list[str]) -> str:
    """Return the characters with which all names begin."""
    first, last = min(names), max(names)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(char for char, _ in same)


def _patient_name(names: list[str], key: str) -> str:
    """Name a patient: what its samples' names begin with, where that is a word, else the key."""
    start = common_start(names)
    whole = all(len(name) == len(start) or not name[len(start)].isalnum() for name in names)
    if not whole and not start.endswith(("-", "_", ".")):
        # Cut back to the end of a word, unless the names differ in one letter only.
        start = start if len(key) == len(names[0]) - 1 else re.sub(r"[A-Za-z0-9]*$", "", start)
    return _safe(start) or _safe(key)


def propose(
    names: list[str],
    drug_of: Callable[[str], str | None] = lambda word: None,
    files: Sequence[str] = (),
) -> list[Proposal]:
    """Propose patient, role, time point and lesion of samples.

    Parameters
    ----------
    names : list of str
        Samples, each once.
    drug_of : callable
        Gives the drug that a word names, or None.
    files : sequence of str
        Names of the samples' files without suffixes, for day and lesion; may be empty.

    Returns
    -------
    list of Proposal
        In the order of `names`. Nothing is invented: what a name does not say stays None, and a
        sample is a tumour unless its name says that it is not.
    """
    letters = _letter_pairs(names)
    found, keys = [], []
    for name in names:
        rest, perhaps, proposal = [], "", Proposal(name, "", why=NO_REASON)
        plasma = False
        for word in words_of(WHEN.sub(" ", name)):
            kind, drug = _kind(word), drug_of(word)
            if drug:
                proposal.drug = drug
            elif kind == "normal":
                proposal.role, proposal.why = "normal", f'"{word}"'
            elif kind == "perhaps":
                perhaps = word
            elif kind in ("pre", "post"):
                proposal.timepoint, proposal.why = kind, f'"{word}"'
            elif kind in ("tumor", "plasma"):
                proposal.why = f'"{word}"'
                plasma |= kind == "plasma"
            elif kind is None and not NUMBERED.fullmatch(word):
                rest += [] if _bare(word) in SITES else [word]
        if perhaps and proposal.why == NO_REASON and not proposal.drug:
            proposal.role, proposal.why = "normal", f'"{perhaps}"'
        if name in letters and proposal.why == NO_REASON:
            proposal.role, shared, letter = letters[name]
            proposal.why = f"the letter {letter}"
            rest = [shared]
        if proposal.role == "normal":
            proposal.timepoint = proposal.drug = None
        elif plasma:
            proposal.role = "plasma"
        if proposal.drug and proposal.timepoint is None:
            proposal.timepoint, proposal.why = "post", f'"{proposal.drug}"'
        found.append(proposal)
        keys.append("-".join(rest[:1]))
    cohort = _cohort_words(names, keys)
    keys = [word or key for word, key in zip(cohort, keys, strict=True)]
    normals = sum(proposal.role == "normal" for proposal in found)
    alone = {
        key
        for key in keys
        if {p.role for p, k in zip(found, keys, strict=True) if k == key} == {"normal"}
    }
    # One normal, and tumours whose names share nothing with it: one patient.
    united = normals == 1 and bool(alone or "" in keys)
    keys = [""] * len(keys) if united else keys
    cohort = [""] * len(keys) if united else cohort
    _place_and_day(found, files, cohort)
    for key in dict.fromkeys(keys):
        members = [p for p, k in zip(found, keys, strict=True) if k == key]
        shared = _patient_name([p.sample for p in members], key)
        for proposal in members:
            proposal.patient = shared or "patient1"
            if not shared and len(members) > 1:
                proposal.doubt = NOTHING_SHARED
            elif key and key in cohort and _bare(key) in SITES:
                proposal.doubt = SITE_OR_PATIENT
    count_from_baseline(found)
    return found


def _place_and_day(found: list[Proposal], files: Sequence[str], patients: Sequence[str]) -> None:
    """Add day and lesion of the tumours, from the samples' names or else the files'."""
    for number, proposal in enumerate(found):
        if proposal.role == "normal":
            continue
        for name in (proposal.sample, *files[number : number + 1]):
            if proposal.day is None:
                proposal.day = day_of(name)
            if proposal.lesion is None and proposal.role != "plasma":
                proposal.lesion = lesion_of(name, patients[number])


def count_from_baseline(found: list[Proposal]) -> None:
    """Give a sample before treatment day 0, where the patient's others are counted in days."""
    for proposal in found:
        others = [p for p in found if p.patient == proposal.patient and p is not proposal]
        if proposal.timepoint == "pre" and proposal.day is None:
            days = [p.day for p in others if p.day is not None]
            proposal.day = 0 if days and min(days) > 0 else None
