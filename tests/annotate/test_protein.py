"""Protein names of edits of a short coding sequence, read off the rules by hand."""

import pytest

from resistpanel.annotate.protein import protein_effect
from resistpanel.annotate.residues import long_name, parse_short

#          1  2  3  4  5  6  7  8  9
CODING = "ATGAAATGTACGGAGTTTTTTGGATAA"
#          M  K  C  T  E  F  F  G  *
TRAILING = "CAGCAGTAGCC"


def name(start, end, alt, trailing=TRAILING):
    found = protein_effect(CODING, trailing, start, end, alt)
    return found.hgvs, ",".join(found.shorts), "&".join(found.terms)


@pytest.mark.parametrize(
    ("start", "end", "alt", "expected"),
    [
        # substitutions
        (7, 8, "C", ("p.Cys3Ser", "C3S", "missense_variant")),
        (8, 9, "C", ("p.Cys3=", "C3C", "synonymous_variant")),
        (8, 9, "A", ("p.Cys3Ter", "C3*", "stop_gained")),
        (0, 1, "C", ("p.Met1?", "M1?", "start_lost")),
        (2, 3, "A", ("p.Met1?", "M1?", "start_lost")),
        # the stop: TAA to CAA, then CAG CAG and the next stop: Ter9 becomes Gln, stop 3 later
        (24, 25, "C", ("p.Ter9GlnextTer3", "*9Qext*3", "stop_lost")),
        (26, 27, "G", ("p.Ter9=", "*9*", "stop_retained_variant")),
        # several bases in phase
        (11, 13, "AA", ("p.Glu5Lys", "T4T,E5K", "missense_variant")),
        (11, 15, "AGAT", ("p.Glu5Asp", "T4T,E5D", "missense_variant")),
        (11, 15, "AGAA", ("p.Thr4_Glu5=", "T4T,E5E", "synonymous_variant")),
        (9, 14, "TCGCA", ("p.Thr4_Glu5delinsSerGln", "T4S,E5Q", "missense_variant")),
        (7, 13, "CTACGA", ("p.[Cys3Ser;Glu5Lys]", "C3S,E5K", "missense_variant")),
        (7, 14, "AAACGCA", ("p.Cys3Ter", "C3*", "stop_gained")),
        # deletions and duplications, moved to the most C-terminal place
        (9, 12, "", ("p.Thr4del", "T4del", "inframe_deletion")),
        (15, 18, "", ("p.Phe7del", "F7del", "inframe_deletion")),
        (9, 15, "", ("p.Thr4_Glu5del", "T4_E5del", "inframe_deletion")),
        (15, 15, "TTT", ("p.Phe7dup", "F7dup", "inframe_insertion")),
        (15, 15, "ACGGAG", ("p.Thr4_Glu5dup", "T4_E5dup", "inframe_insertion")),
        (9, 9, "GCT", ("p.Cys3_Thr4insAla", "C3_T4insA", "inframe_insertion")),
        (10, 10, "CTG", ("p.Thr4_Glu5insAla", "T4_E5insA", "inframe_insertion")),
        (24, 24, "GCT", ("p.Gly8_Ter9insAla", "G8_*9insA", "inframe_insertion")),
        # deletion and insertion within codons
        (10, 13, "", ("p.Thr4_Glu5delinsLys", "T4_E5delinsK", "inframe_deletion")),
        (7, 9, "CCGCT", ("p.Cys3delinsSerAla", "C3delinsSA", "inframe_insertion")),
        # shifted frames: ATG AAA GTA CGG AGT TTT TTG GAT AAC AGC AGT AGC C: no stop
        (6, 7, "", ("p.Cys3ValfsTer?", "C3Vfs*?", "frameshift_variant")),
        # ATG AAA TGT AAC GGA GTT TTT TGG ATA ACA GCA GTA GCC
        (9, 9, "A", ("p.Thr4AsnfsTer?", "T4Nfs*?", "frameshift_variant")),
        # ATG AAA TGT ACG GAG TTT TTT TGG ATA ACA GCA GTA GCC: first new residue is 8
        (15, 15, "T", ("p.Gly8TrpfsTer?", "G8Wfs*?", "frameshift_variant")),
        # ATG AAA TGT ACG TAG
        (12, 12, "TA", ("p.Glu5Ter", "E5*", "stop_gained&frameshift_variant")),
        # ATG AAA TGT ACG GAG TTT TTT GAT AA|C AGC AGT AGC
        (21, 22, "", ("p.Gly8AspfsTer?", "G8Dfs*?", "frameshift_variant")),
        # stop brought by an in-frame event
        (9, 9, "GCTTAG", ("p.Cys3_Thr4insAlaTer", "C3_T4insA*", "stop_gained&inframe_insertion")),
        (9, 9, "TAGGCT", ("p.Thr4Ter", "T4*", "stop_gained&inframe_insertion")),
        (10, 13, "A", ("p.Thr4LysfsTer?", "T4Kfs*?", "frameshift_variant")),
        (22, 24, "CATAG", ("p.Gly8delinsAlaTer", "G8delinsA*", "stop_gained&inframe_insertion")),
        # the stop lost with others: what follows is not known
        (21, 27, "", ("p.?", "", "stop_lost&inframe_deletion")),
        # the start kept by the bases that move in, or lost
        (3, 3, "ATG", ("p.Met1dup", "M1dup", "inframe_insertion")),
        (1, 4, "", ("p.Met1?", "M1?", "start_lost")),
    ],
)
def test_names(start, end, alt, expected):
    assert name(start, end, alt) == expected


def test_frameshift_counts_to_the_new_stop():
    # T inserted after codon 2: ATG AAA TTG TAC GGA GTT TTT TGG ATA ACA GCA GTA GCC ... TAG
    assert name(6, 6, "T", trailing="CAGCAGTAGCCTAG")[0] == "p.Cys3LeufsTer12"
    # the same, the end of the sequence unknown
    assert name(6, 6, "T", trailing="CAGNNNTAGCCTAG")[0] == "p.Cys3LeufsTer?"


def test_frameshift_behind_the_last_residue_extends():
    # GGA T|AA -> GGA TTA ACA GCA GTA G: the stop turns into Leu
    assert name(25, 25, "T") == ("p.Ter9LeuextTer?", "*9Lext*?", "stop_lost&frameshift_variant")
    # T|AA -> TAA TAA: a second stop behind the first
    assert name(25, 25, "AAT") == ("p.=", "", "stop_retained_variant")
    # TA|A -> TAA A: the stop stays
    assert name(26, 26, "A") == ("p.=", "", "stop_retained_variant")


def test_unknown_bases_are_not_guessed():
    hidden = CODING[:6] + "TNT" + CODING[9:]
    assert protein_effect(hidden, TRAILING, 6, 7, "G").terms == ("coding_sequence_variant",)
    assert protein_effect(hidden, TRAILING, 6, 7, "G").hgvs == "p.?"
    # a deletion next to it can still be named; the hidden codon is not involved
    assert protein_effect(hidden, TRAILING, 9, 12, "").hgvs == "p.Thr4del"
    # a frameshift that runs over hidden codons has no known stop
    hidden = CODING[:15] + "N" * 12
    assert protein_effect(hidden, "", 6, 6, "T").hgvs == "p.Cys3LeufsTer?"
    # in-frame changes need no stop to be known
    assert protein_effect(hidden, "", 9, 12, "").hgvs == "p.Thr4del"
    # the first residue to differ is hidden
    assert protein_effect(CODING[:9] + "N" * 18, "", 8, 8, "T").hgvs == "p.?"


@pytest.mark.parametrize(
    ("short", "hgvs", "consequence"),
    [
        ("C121S", "p.Cys121Ser", "missense_variant"),
        ("T726T", "p.Thr726=", "synonymous_variant"),
        ("R213*", "p.Arg213Ter", "stop_gained"),
        ("*110Qext*17", "p.Ter110GlnextTer17", "stop_lost"),
        ("*110*", "p.Ter110=", "stop_retained_variant"),
        ("M1?", "p.Met1?", "start_lost"),
        ("R97Pfs*23", "p.Arg97ProfsTer23", "frameshift_variant"),
        ("E746_A750del", "p.Glu746_Ala750del", "inframe_deletion"),
        ("L747_P753delinsS", "p.Leu747_Pro753delinsSer", "inframe_deletion"),
        ("D770_N771insSVD", "p.Asp770_Asn771insSerValAsp", "inframe_insertion"),
        ("Y842dup", "p.Tyr842dup", "inframe_insertion"),
        ("T5_R6delinsSK", "p.Thr5_Arg6delinsSerLys", "missense_variant"),
    ],
)
def test_short_names(short, hgvs, consequence):
    change = parse_short(short)
    assert (change.hgvs, change.consequence) == (hgvs, consequence)
    assert hgvs == f"p.{long_name(short)}"


def test_not_a_short_name():
    with pytest.raises(ValueError, match=r"not a short protein name: 'p\.C121S'"):
        parse_short("p.C121S")
