"""SNVs and MNVs: substitutions that stand out, with the fragments that carry them."""

import numpy as np

from resistpanel.call.call_constants import (
    GATE_ROUNDS,
    LEAST_RATE,
    MAX_MISMATCHES,
    MIN_BEST,
    MIN_FRAGMENTS,
    PHASED,
)
from resistpanel.call.candidates import propose as candidates
from resistpanel.call.errors.error_model import GOOD
from resistpanel.call.io.evidence import (
    ROW,
    Candidate,
    Pile,
    Support,
    count,
    mask,
    near,
    others,
    strand_class,
    to_ends,
    variants,
)
from resistpanel.call.io.pileup import GROUP_OF
from resistpanel.call.io.regions import Chunk
from resistpanel.core.allele import Allele, haplotype
from resistpanel.core.reference import BASES, Reference, encode


def _rows(p: Pile, index: int, base: int) -> np.ndarray:
    """Return the fragments of one sample that show `base` at a position of the chunk."""
    events = p.events[p.key == 4 * index + base]
    out = np.zeros(len(events), dtype=ROW)
    for name in ("frag", "base", "group", "cls", "dist", "cycle"):
        out[name] = events[name]
    pos = events["pos"].astype(np.int64)
    out["outer"] = to_ends(p, events["frag"], pos, pos + 1)
    out["mapq"] = p.mapq[events["read"]]
    out["mismatches"] = p.reads.table["mismatches"][events["read"]]
    return out


def _mapping(p: Pile, pos: int) -> tuple[int, float, float]:
    """Return what `Support` holds of the reads over a position.

    Those left out, the mean mapping quality of the others, and the fraction of which has it near
    an end.
    """
    low = 0
    if len(p.reads.low_mapq):
        low = int(((p.reads.low_mapq[:, 0] <= pos) & (p.reads.low_mapq[:, 1] > pos)).sum())
    rows = p.over(pos, pos + 1)
    if not len(rows):
        return low, 60.0, 0.0
    starts, ends, _ = p.spans
    dist = np.minimum(pos - starts[rows], ends[rows] - 1 - pos)
    at_end = np.count_nonzero(dist < near(p.templates.length)) / len(rows)
    return low, int(p.mapq[rows].sum()) / len(rows), at_end


def standing_out(piles: list[Pile], codes: np.ndarray) -> np.ndarray:
    """Return which substitutions of a chunk are worth modelling, bool, (positions, 4).

    All bases are counted, and good ones alone: a few bases of low quality make most of the errors,
    and without them fewer fragments stand out. What stands out is no measure of the noise that
    it must exceed, so that the rates are taken again without it.

    Parameters
    ----------
    codes : uint8, (positions,)
        The reference.
    """
    common = variants(piles)
    good = [p.events["group"] >= GOOD for p in piles]
    kinds = (
        ([p.counts for p in piles], [p.total for p in piles]),
        (
            [count(p.key[g], len(p.depth)) for p, g in zip(piles, good, strict=True)],
            [p.depth[:, :, GOOD:].sum((1, 2)) for p in piles],
        ),
    )
    result = np.zeros(common.shape, dtype=bool)
    for counts, depths in kinds:
        chosen = np.zeros(common.shape, dtype=bool)
        for _ in range(GATE_ROUNDS):
            out = common | chosen
            rates = [
                max((c.sum() - c[out].sum()) / max(d.sum(), 1), LEAST_RATE)
                for c, d in zip(counts, depths, strict=True)
            ]
            before = chosen
            chosen = candidates.substitutions(counts, depths, rates, codes)
            if (chosen <= before).all():
                break
        result |= chosen
    return result


def substitution_candidates(
    piles: list[Pile],
    chunk: Chunk,
    codes: np.ndarray,
    context: np.ndarray,
    chosen: np.ndarray,
    forced: list[Allele],
    reference: Reference,
) -> list[Candidate]:
    """Return SNV and MNV candidates of a chunk with their evidence.

    `chosen` is from `standing_out`.

    Substitutions at adjacent positions, or with one base between, that are carried by the same
    fragments are one MNV; each single one stays a candidate of its own with the fragments that
    do not carry the other.
    """
    positions = chunk.positions()
    chosen = np.argwhere(chosen)
    singles: dict[tuple[int, int], list[np.ndarray]] = {
        (int(i), int(b)): [_rows(p, i, b) for p in piles] for i, b in chosen
    }
    result = []
    multiple, singles = _phase(singles, positions, piles)
    for run, rows, silent in multiple:
        # All of `rows` cover these positions. What is added, and an unchanged base between them,
        # may not be covered by all: mates can disagree there.
        told = [index for index, _ in run]
        _extend(run, rows, piles, positions, codes)
        first, last = run[0][0], run[-1][0]
        start = int(positions[first])
        alt = codes[first : last + 1].copy()
        for index, base in run:
            alt[index - first] = base
        allele = Allele(
            chunk.contig,
            start,
            "".join(BASES[c] for c in codes[first : last + 1]),
            "".join(BASES[c] for c in alt),
        )
        # A fragment is informative if it covers every change, at most the lowest depth.
        support = []
        for s, (p, r) in enumerate(zip(piles, rows, strict=True)):
            depths = {i: p.depth[i].astype(float) for i in told}
            for (sample, index), part in silent.items():
                if sample == s:
                    np.add.at(depths[index], (part["cls"], part["group"]), -1)
            thinnest = min(depths.values(), key=np.sum)
            support.append(_with_clipped(p, allele, r, thinnest, reference))
        result.append(Candidate(allele, support))
    for (index, base), rows in singles.items():
        allele = Allele(chunk.contig, int(positions[index]), BASES[codes[index]], BASES[base])
        support = [
            Support(r, p.depth[index].astype(float), *_mapping(p, allele.pos))
            for p, r in zip(piles, rows, strict=True)
        ]
        result.append(Candidate(allele, support, int(context[index])))
    have = {c.allele for c in result}
    for allele in forced:
        if allele in have:
            continue
        larger = [c for c in result if _within(allele, c.allele)]
        result.append(_forced(piles, chunk, codes, context, allele, larger, reference))
    return result


def _with_clipped(
    p: Pile, allele: Allele, rows: np.ndarray, depth: np.ndarray, reference: Reference
) -> Support:
    """Return the evidence for an MNV, with the fragments that carry it in a soft-clipped end.

    Near the end of a read several mismatches cost more than clipping them, so that aligners clip
    the MNV off, while they align the reference to the end. A clip counts if it shows the MNV and
    is otherwise the reference, laid on without a gap.

    Parameters
    ----------
    rows : ROW array
        Fragments that carry it in an alignment.
    depth : (CLASSES, QUALITY_GROUPS)
        Fragments that show it in an alignment.
    """
    table = p.reads.table
    near = p.touching(allele.pos, allele.end)
    told = mask(p, p.frags[p.over(allele.pos, allele.end)])
    told[rows["frag"]] = True
    near = near[~told[p.frags[near]]]
    ends = table[near]
    cut = (ends["lclip"] > 0) & (ends["pos"] > allele.pos)
    cut |= (ends["rclip"] > 0) & (ends["end"] < allele.end)
    changed = [k for k, (r, a) in enumerate(zip(allele.ref, allele.alt, strict=True)) if r != a]
    found = {}
    for i in near[cut]:
        read = table[i]
        length, first = int(read["length"]), int(read["pos"] - read["lclip"])
        last = int(read["end"] + read["rclip"])
        for clip, origin, low, high in (
            (read["lclip"], first, first, int(read["pos"])),
            (read["rclip"], last - length, int(read["end"]), last),
        ):
            # The read's base `x - origin` is on position x of the reference.
            start, stop = min(low, allele.pos), max(high, allele.end)
            if not clip or allele.pos >= high or allele.end <= low:
                continue
            if start < origin or stop > origin + length:
                continue
            at = int(read["seq"]) + start - origin
            shown = p.reads.bases[at : at + stop - start]
            wanted = haplotype(allele, reference, start, stop)
            quals = p.reads.quals[at + allele.pos - start :][changed]
            other = shown != wanted
            inside = other[allele.pos - start : allele.end - start]
            if inside[changed].any() or (quals < p.min_qual).any():
                continue
            if other.sum() > max(1, MAX_MISMATCHES * (stop - start)):
                continue
            x = allele.pos + changed[0] - origin
            row = np.zeros(1, dtype=ROW)[0]
            row["frag"], row["base"] = read["frag"], encode(allele.alt)[changed[0]]
            row["group"] = GROUP_OF[read["tier"], quals[0]]
            row["cls"] = strand_class(read["flag"])
            row["dist"] = min(x, length - 1 - x)
            row["cycle"] = length - 1 - x if read["flag"] & 16 else x
            row["mapq"] = read["mapq"]
            row["mismatches"] = read["mismatches"] + other.sum()
            found.setdefault(int(read["frag"]), row)
    if found:
        more = np.array(list(found.values()), dtype=ROW)
        more["outer"] = to_ends(p, more["frag"], allele.pos, allele.end)
        rows, depth = np.concatenate([rows, more]), depth.copy()
        np.add.at(depth, (more["cls"], more["group"]), 1)
    return Support(rows, depth, *_mapping(p, allele.pos))


def _extend(run, rows, piles, positions, codes) -> None:
    """Add to an MNV, in place, what else its fragments show beside it.

    A substitution of too few fragments for a candidate of its own, as others do not reach it or
    show it in poor quality, is part of the event if its fragments are those of the event.

    Parameters
    ----------
    run, rows
        As `_phase` returns them.
    """
    for step in (-1, -2, 1, 2):
        edge = run[0][0] if step < 0 else run[-1][0]
        index = edge + step
        if not 0 <= index < len(positions) or positions[index] - positions[edge] != step:
            continue
        pos = int(positions[index])
        for base in range(4):
            if sum(int(p.counts[index, base]) for p in piles) < MIN_BEST:
                continue
            showing = [p.events["frag"][p.key == 4 * index + base] for p in piles]
            n = sum(
                int(mask(p, frags)[r["frag"]].sum())
                for p, frags, r in zip(piles, showing, rows, strict=True)
            )
            if n < MIN_BEST or n < PHASED * sum(map(len, showing)):
                continue
            against = [others(p, pos, base)[r["frag"]] for p, r in zip(piles, rows, strict=True)]
            if n < PHASED * (n + sum(int(x.sum()) for x in against)):
                continue
            # What shows no base there, being poor or at its end, still carries the rest.
            for k, x in enumerate(against):
                rows[k] = rows[k][~x]
            run.append((index, base))
            run.sort()
            break


def _within(allele: Allele, larger: Allele) -> bool:
    """Return whether the changes of a substitution are part of those of a larger one."""
    start = allele.pos - larger.pos
    if start < 0 or allele.end > larger.end or allele == larger:
        return False
    there = larger.alt[start : start + len(allele.alt)]
    return all(a == t for r, a, t in zip(allele.ref, allele.alt, there, strict=True) if r != a)


def _forced(
    piles,
    chunk,
    codes,
    context,
    allele: Allele,
    larger: list[Candidate],
    reference: Reference,
) -> Candidate:
    """Return the evidence at a site that is forced, regardless of what the reads propose.

    Fragments of a `larger` MNV, of which the allele is a part, do not carry the allele: another
    change of the codon is another change of the protein.
    """
    index = int(chunk.index(np.array([allele.pos]))[0])
    alt = encode(allele.alt)
    changed = [
        (index + k, int(b))
        for k, (r, b) in enumerate(zip(allele.ref, alt, strict=True))
        if BASES[b] != r
    ]
    single = len(allele.ref) == 1
    support = []
    for s, p in enumerate(piles):
        rows = [_rows(p, i, b) for i, b in changed]
        keep = rows[0]
        for other in rows[1:]:
            keep = keep[mask(p, other["frag"])[keep["frag"]]]
        for candidate in larger:
            keep = keep[~mask(p, candidate.support[s].rows["frag"])[keep["frag"]]]
        thinnest = min((i for i, _ in changed), key=lambda i, p=p: p.depth[i].sum())
        depth = p.depth[thinnest].astype(float)
        if single:
            support.append(Support(keep, depth, *_mapping(p, allele.pos)))
        else:
            support.append(_with_clipped(p, allele, keep, depth, reference))
    return Candidate(allele, support, int(context[index]) if single else -1, forced=True)


def _alone(p: Pile, x, y, a: tuple[int, int], b: tuple[int, int], positions) -> tuple[int, int]:
    """Return how many fragments show one of two substitutions, and another base for the other.

    `x` and `y` are the fragments, ROW arrays, with `a` and `b`, each (index, base).
    """
    of_a = others(p, int(positions[b[0]]), b[1])[x["frag"]].sum()
    return int(of_a), int(others(p, int(positions[a[0]]), a[1])[y["frag"]].sum())


def _phase(singles, positions, piles):
    """Join neighbouring substitutions that the same fragments carry.

    Returns
    -------
    multiple : list of (run of (index, base), rows per sample of the fragments that carry all,
        {(sample, index): rows of the fragments that carry a part and do not cover the rest})
    singles : what is left to each substitution alone
    """
    keys = sorted(singles)
    links: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for n, a in enumerate(keys):
        for b in keys[n + 1 :]:
            gap = positions[b[0]] - positions[a[0]]
            if gap > 2:
                break
            if gap == 0 or positions[b[0]] - positions[a[0]] != b[0] - a[0]:
                continue
            samples = list(zip(piles, singles[a], singles[b], strict=True))
            shared = [int(mask(p, y["frag"])[x["frag"]].sum()) for p, x, y in samples]
            # A sample in which no fragment carries both shows errors, or another event.
            carriers = [of for of, n in zip(samples, shared, strict=True) if n]
            both = sum(shared)
            if both < MIN_FRAGMENTS:
                continue
            more = max(sum(len(x) for _, x, _ in carriers), sum(len(y) for *_, y in carriers))
            if both < PHASED * more:
                # Fragments of which a primer, or their end, hides the other base say nothing.
                alone = np.sum([_alone(*of, a, b, positions) for of in carriers], axis=0)
                more = both + alone.max()
            if both >= PHASED * more:
                links.append((a, b))
    multiple = []
    runs: list[list[tuple[int, int]]] = []
    for a, b in links:
        for run in runs:
            if a in run and b not in run:
                run.append(b)
                break
        else:
            if not any(a in run and b in run for run in runs):
                runs.append([a, b])
    for run in runs:
        run.sort()
        rows = []
        for s in range(len(singles[run[0]])):
            keep = singles[run[0]][s]
            for other in run[1:]:
                keep = keep[mask(piles[s], singles[other][s]["frag"])[keep["frag"]]]
            rows.append(keep)
        if sum(map(len, rows)) < MIN_FRAGMENTS:
            continue
        multiple.append((run, rows, {}))
    for run, rows, silent in multiple:
        for key in run:
            # What is left speaks for the substitution alone only if it shows another base at
            # the neighbour's place; where that place is not read, it may well be the MNV.
            neighbour = min((k for k in run if k != key), key=lambda k, key=key: abs(k[0] - key[0]))
            left_over = []
            for s, (p, r, joint) in enumerate(zip(piles, singles[key], rows, strict=True)):
                r = r[~mask(p, joint["frag"])[r["frag"]]]
                shown = others(p, int(positions[neighbour[0]]), neighbour[1])[r["frag"]]
                left_over.append(r[shown])
                silent[s, key[0]] = r[~shown]
            singles[key] = left_over
    left = {key: rows for key, rows in singles.items() if sum(map(len, rows)) >= MIN_FRAGMENTS}
    return multiple, left
