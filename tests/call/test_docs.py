"""The tables of docs/call.md are those of the code.

``python tests/call/test_docs.py`` writes them anew.
"""

import dataclasses
import re

import pytest

from resistpanel.call import call_constants as c
from resistpanel.call.filters import FILTERS
from resistpanel.call.io.pileup import QUALITY_GROUPS
from resistpanel.call.io.reader import LONGEST_GAP, MOST_GAPS
from resistpanel.call.io.regions import CHUNK_BASES
from resistpanel.call.model.posterior import FREQUENCIES, LEAKS_TRIED, Priors
from resistpanel.call.vcf_writer import FORMAT, INFO
from resistpanel.core.files import HOME
from resistpanel.core.parameters import described
from resistpanel.qc import qc_constants as q

PAGE = HOME / "docs" / "call.md"


def table(columns: str, rows) -> str:
    """Return rows as a table of Markdown."""
    names = columns.split()
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def expected() -> dict[str, str]:
    """Return the tables by the name of their markers."""
    filters = [
        (
            f"`{f.name}`",
            f"`{f.metric}` {'<' if f.below else '>'} {f.threshold:g}",
            f.description.format(threshold=f.threshold),
        )
        for f in FILTERS
    ]
    fields = {
        name: table("field number type meaning", [(f"`{key}`", *more) for key, *more in rows])
        for name, rows in (("info", INFO), ("format", FORMAT))
    }
    meanings = described(Priors)
    priors = [
        (f"`{f.name}`", f"{getattr(Priors(), f.name):g}", meanings[f.name])
        for f in dataclasses.fields(Priors)
    ]
    return {
        "filters": table("filter applies meaning", filters),
        "priors": table("prior value of", priors),
    } | fields


def between(text: str, name: str) -> re.Match:
    """Return the match of what stands between two markers."""
    found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", text, re.DOTALL)
    assert found, name
    return found


@pytest.mark.parametrize("name", ["filters", "info", "format", "priors"])
def test_table(name):
    assert between(PAGE.read_text(), name).group() == expected()[name], (
        "python tests/call/test_docs.py writes it anew"
    )


def percent(fraction: float) -> float:
    return round(100 * fraction, 3)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # Assay
        ("direction within {} bases start at the same base", [q.END_WINDOW]),
        ("From {} on the library is an amplicon library", [q.FIXED_ENDS]),
        ("within {} bases of the end of one amplicon", [c.INFERRED_PRIMER]),
        ("at least {} bases from the ends of another amplicon", [c.SHORTEST_PRIMER]),
        ("at least {} bases further inside than in the first", [c.DEEPER_INSIDE]),
        ("one-base deletions within {} bases of the ends", [c.PRIMER_REACH]),
        ("at an AF up to {} %, are compared", [percent(c.DAMAGE_MOST)]),
        ("with at least {} times the median depth", [c.DAMAGE_DEPTH]),
        (
            "the {} % of the sites with the highest AF exceed ({} sites at most)",
            [percent(c.DAMAGE_TAIL), c.DAMAGE_TAIL_MOST],
        ),
        ("the threshold, with the weight of {} sites", [c.DAMAGE_PRIOR]),
        ("beyond which {} of the sites are expected", [c.DAMAGE_FALSE]),
        # Reading
        ("chunks of up to {} bases", [CHUNK_BASES]),
        ("chunks of the targets ({} bases)", [CHUNK_BASES]),
        ("skips more than {} reference bases", [LONGEST_GAP]),
        ("has more than {} gaps and more than one per ten bases", [MOST_GAPS]),
        ("mapping quality of a read (20) and base quality ({})", [c.MIN_BASE_QUALITY]),
        # Candidates
        ("a base seen in {} fragments of a sample", [c.MIN_FRAGMENTS]),
        ("(or in {} over all samples, {} of them", [c.MIN_FRAGMENTS + 1, c.MIN_BEST]),
        ("would give that many with p < {}", [c.GATE]),
        ("with both are at least {} % of those", [percent(c.PHASED)]),
        ("supporting reads show within {} bases on either side", [c.INDEL_FLANK]),
        ("start at the same base in {} fragments", [c.MIN_CLIPPED]),
        ("at least {} bases long in each and {} in one", [c.SHORT_CLIP, c.MIN_CLIP]),
        ("within {} bases ({} if it is short)", [c.CLIP_REACH, c.SHORT_CLIP_REACH]),
        ("if {} bases confirm it", [c.LEAST_OVERLAP]),
        ("an allele needs {} fragments in all", [c.MIN_FRAGMENTS]),
        ("more than {} positions with gaps", [c.MOST_PLACES]),
        # Evidence
        ("that it fits {} times better", [c.HAPLOTYPE_ODDS]),
        ("and more than {} % mismatches)", [percent(c.MAX_MISMATCHES)]),
        ("with fewer than {} supporting fragments are dropped", [c.MIN_FRAGMENTS]),
        ("more than {} bases, a dropped allele of up to {} bases", [c.WIDE_LOCUS, c.WIDE_LOCUS]),
        ("unless it is within {} bases of a supported allele", [c.INDEL_FLANK]),
        ("soft clip more than {} bases away from the locus", [c.OTHER_EVENT]),
        ("Alleles within {} bases of each other are one locus", [c.OTHER_EVENT]),
        ("nearby that {} % of a sample's fragments", [percent(c.COMMON_SUBSTITUTION)]),
        (
            "insertion or duplication of {} to {} bases count",
            [c.PRODUCT_WOBBLE + 1, c.WIDE_LOCUS],
        ),
        (
            "`primer_end` if more than {} times",
            [next(f.threshold for f in FILTERS if f.name == "primer_end")],
        ),
        ("is {} times likelier than the reference", [c.OTHER_HAPLOTYPE_ODDS]),
        ("local score of at least {} with the scores of bwa", [c.LEAST_SCORE]),
        # Error model
        ("AF of at least {} % and four fragments", [percent(c.VARIANT_FRACTION)]),
        ("converge (at most {} rounds)", [c.ROUNDS]),
        ("each of {} groups of base quality", [QUALITY_GROUPS]),
        ("with a weight of {} expected errors", [c.SHRINK]),
        ("is multiplied by {}, the probability of a further error", [c.SECOND_ERROR]),
        ("over a grid from {} to {} is", [c.SITE_MULTIPLIERS[0], c.SITE_MULTIPLIERS[-1]]),
        (
            "errors recur at {} of the sites, at m of {} to {}",
            [c.RECURRENT_SITES, *c.RECURRENT_RANGE],
        ),
        ("Up to {} sites do not change", [c.UNHEARD_SITES]),
        (
            "at most {} % in raw bases of quality 30 and above ({} % below 30), {} % in simplex "
            "and {} % in duplex",
            [percent(c.SITE_MOST_RATES[k]) for k in (5, 0, 6, 7)],
        ),
        ("Damage of one orientation reaches at most {} %", [percent(c.DAMAGE_MOST)]),
        ("a minimum rate of {} per fragment", [c.INDEL_FLOOR]),
        # Model
        ("over {} frequencies and {} values of m", [len(FREQUENCIES), len(c.SITE_MULTIPLIERS)]),
        (
            "with probability {}, {} to {} % of the highest tumour AF, if that is at least {} %",
            [
                c.TIN_PRIOR,
                percent(LEAKS_TRIED[0]),
                percent(LEAKS_TRIED[-1]),
                percent(c.TIN_FROM),
            ],
        ),
        ("normal near 0.5 or above {}, tumours any AF", [c.HOM_LEAST]),
        ("Below {} the prior decreases", [c.ARTIFACT_LEVEL]),
        ("or {} for an allele that the resource does not list", [c.UNLISTED]),
        ("likelihood ratio against zero is above {}", [10**c.LEAST_EVIDENCE]),
        (
            "at least {} % (contamination) or {} % (TiN)",
            [percent(c.LEAST_CONTAMINATION), percent(c.LEAST_TIN)],
        ),
        ("presence is {} times likelier than absence", [c.PRESENT_BF]),
        ("`.` below {} informative fragments", [c.MIN_DEPTH]),
        # Limits and output
        ("(`SOMATIC_PHRED` {})", [next(f.threshold for f in FILTERS if f.name == "weak")]),
        ("LOD is the f at which it reaches {}.", [c.LOD_LEVEL]),
        ("Where at most {} errors are expected", [c.MANY_ERRORS]),
        ("`SOMATIC_PHRED` of {} or more", [c.NEAR_MISS]),
        ("less than {} % of its expected fragments", [percent(c.LESS_SIDE)]),
        ("germline resource has it at an AF above {}", [c.INHERITED_AF]),
    ],
)
def test_numbers(text, values):
    """Constants that the page quotes are those of the code."""
    given = [
        f"{v:,}" if v >= 1000 and v == int(v) else f"{v:g}".replace("e-0", "e-") for v in values
    ]
    assert text.format(*given).lower() in " ".join(PAGE.read_text().split()).lower()


def test_every_option_is_told():
    import argparse

    from resistpanel.call.command import register

    parser = argparse.ArgumentParser()
    register(parser)
    text = PAGE.read_text()
    options = [o for a in parser._actions for o in a.option_strings if o.startswith("--")]
    assert [o for o in options if o not in text and o != "--help"] == []


if __name__ == "__main__":
    page = PAGE.read_text()
    for key, made in expected().items():
        found = between(page, key)
        page = page[: found.start()] + made + page[found.end() :]
    PAGE.write_text(page)
