"""A call in shares: the evidence of some chunks written to a file, and put together again.

Tallies are counts, whole numbers in float64, so that their sums do not depend on how they are
grouped; sites and candidates stay in the order of the chunks. What is put together is what one
process would have collected, bit for bit.
"""

import dataclasses
import hashlib
import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resistpanel import __version__
from resistpanel.call.errors.error_model import ErrorCounts
from resistpanel.call.errors.site_counts import SiteCounts
from resistpanel.call.io.collection import Collection
from resistpanel.call.io.evidence import Candidate, Support
from resistpanel.call.io.regions import Chunk
from resistpanel.core.allele import Allele
from resistpanel.core.errors import InputError
from resistpanel.core.files import replacing, sha256
from resistpanel.qc.assay import line

if TYPE_CHECKING:
    from resistpanel.call.caller import Caller

FORMAT = "resistpanel/call-evidence/7"
#: Fields of a tally that are added up.
SUMMED = tuple(
    f.name for f in dataclasses.fields(ErrorCounts) if f.name not in ("sites", "suspects")
)
#: Arrays of a tally's suspects, per chunk.
SUSPECT_PARTS = 4
#: Arrays of a collection with one row per sample.
PER_SAMPLE = ("reads", "gapped", "no_qualities", "ends", "adapters", "lengths", "molecules")


def share(chunks: Sequence[Chunk], number: int, shards: int) -> list[Chunk]:
    """Return the chunks of a share, those of all shares being about equally many bases.

    Parameters
    ----------
    chunks : all chunks, in order
    number, shards : int
        1 to `shards`; there may be more shards than chunks, some then have none.
    """
    bases = np.array([int((c.ends - c.starts).sum()) for c in chunks], dtype=np.int64)
    middle = 2 * np.cumsum(bases) - bases
    owner = middle * shards // max(2 * int(bases.sum()), 1)
    return [c for c, k in zip(chunks, owner, strict=True) if k == number - 1]


def stamp(caller: "Caller") -> dict:
    """Return what the shards of one call must have in common, independent of paths."""
    settings = caller.settings

    def digest(rows) -> str:
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    chunks = [[c.contig, c.starts.tolist(), c.ends.tolist()] for c in caller.chunks]
    return {
        "version": __version__,
        "samples": [s.name for s in caller.samples],
        "normal": None if caller.normal is None else caller.samples[caller.normal].name,
        "sizes of the BAMs": [Path(s.path).stat().st_size for s in caller.samples],
        "reference": digest(list(caller.reference.contigs.items())),
        "targets": digest(chunks),
        "sites": digest([dataclasses.astuple(a) for a in sorted(caller.sites)]),
        "padding": caller.padding,
        "min-mapq": settings.min_mapq,
        "min-qual": settings.min_qual,
        "primers": [sha256(g.primers) if g.primers else None for g in caller.given],
        "assay": [line(a) for a in caller.assays],
    }


def save(path: str | Path, found: Collection, common: dict, number: int, shards: int) -> None:
    """Write the evidence of a share."""
    samples = len(found.error_counts)
    candidates = found.candidates
    supports = [support for c in candidates for support in c.support]
    head = {
        "format": FORMAT,
        "shard": number,
        "shards": shards,
        "common": common,
        "thinned": found.thinned,
        "bases": found.bases,
        "crowded": found.crowded,
        "candidates": [
            [
                dataclasses.astuple(c.allele),
                c.context,
                [[dataclasses.astuple(other), cis, trans] for other, cis, trans in c.phase],
                c.misread is not None,
                c.amplicons,
            ]
            for c in candidates
        ],
    }
    arrays = {name: getattr(found, name) for name in (*PER_SAMPLE, "sums")}
    for s, tally in enumerate(found.error_counts):
        arrays[f"signals.{s}"] = found.signals[s]
        arrays |= {f"tally.{s}.{name}": getattr(tally, name) for name in SUMMED}
        arrays[f"sites.{s}"] = tally.sites.to_bytes()
        for k in range(SUSPECT_PARTS if tally.suspects else 0):
            arrays[f"suspects.{s}.{k}"] = np.concatenate([part[k] for part in tally.suspects])
    arrays["suspects"] = np.array([len(p[0]) for p in found.error_counts[0].suspects], np.int64)
    if candidates:
        arrays["rows"] = np.concatenate([support.rows for support in supports])
        arrays["carriers"] = np.array([len(support.rows) for support in supports], np.int64)
        arrays["depth"] = np.stack([support.depth for support in supports])
        arrays["low_mapq"] = np.array([support.low_mapq for support in supports], np.int64)
        arrays["mapq"] = np.array([support.mapq for support in supports], np.float64)
        arrays["near_end"] = np.array([support.near_end for support in supports], np.float64)
        arrays["places"] = np.array([support.places for support in supports], np.int64)
        arrays["misread"] = np.stack(
            [np.zeros(samples) if c.misread is None else c.misread for c in candidates]
        )
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    with replacing(path) as temporary, temporary.open("wb") as out:
        np.savez_compressed(out, **arrays)


#: Bytes that the evidence of a share may unpack to.
MOST_UNPACKED = 4 << 30


def load(path: str | Path) -> tuple[dict, Collection]:
    """Read the evidence of a share: its head, and the collection.

    Raises
    ------
    InputError
        If it is no such file, or a damaged one.
    """
    try:
        with Path(path).open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            size = sum(one.file_size for one in arrays.zip.infolist())
            if size > MOST_UNPACKED:
                raise InputError(f"unpacks to {size >> 20} MB", str(path), "recreate it")
            head = json.loads(arrays["head"].tobytes())
            if head["format"] != FORMAT:
                raise InputError(
                    f"is of format {head['format']}, not {FORMAT}",
                    str(path),
                    "recreate it with this version of resistpanel",
                )
            return head, _collection(head, arrays)
    except OSError as error:
        if error.strerror:
            raise InputError(f"cannot be read ({error.strerror})", str(path)) from error
        fault: Exception = error
    except (ValueError, KeyError, TypeError, IndexError, EOFError, zlib.error) as error:
        fault = error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OverflowError) as error:
        # What zipfile raises of other versions, encryption and sizes, as damage may state them.
        fault = error
    raise InputError(
        "is no evidence of `resistpanel call --shard`, or damaged", str(path), "recreate it"
    ) from fault


def _collection(head: dict, arrays) -> Collection:
    samples = len(head["common"]["samples"])
    found = Collection.empty(samples)
    found.thinned, found.bases = float(head["thinned"]), int(head["bases"])
    found.crowded = int(head["crowded"])
    for name in (*PER_SAMPLE, "sums"):
        setattr(found, name, arrays[name])
    found.signals = [arrays[f"signals.{s}"] for s in range(samples)]
    for s, tally in enumerate(found.error_counts):
        for name in SUMMED:
            setattr(tally, name, arrays[f"tally.{s}.{name}"])
        tally.sites = SiteCounts.of_bytes(arrays[f"sites.{s}"])
        if len(arrays["suspects"]):
            where = np.cumsum(arrays["suspects"])[:-1]
            parts = [np.split(arrays[f"suspects.{s}.{k}"], where) for k in range(SUSPECT_PARTS)]
            tally.suspects = list(zip(*parts, strict=True))
    if not head["candidates"]:
        return found
    # Each member of the archive is unpacked anew whenever it is asked for.
    names = ("depth", "low_mapq", "mapq", "near_end", "misread", "places")
    depth, low, mapq, near_end, misread, places = (arrays[name] for name in names)
    rows = np.split(arrays["rows"], np.cumsum(arrays["carriers"])[:-1])
    for n, (allele, context, phase, has_misread, amplicons) in enumerate(head["candidates"]):
        support = [
            Support(
                rows[i], depth[i], int(low[i]), float(mapq[i]), float(near_end[i]), int(places[i])
            )
            for i in range(n * samples, (n + 1) * samples)
        ]
        phased = [(Allele(*other), cis, trans) for other, cis, trans in phase]
        found.candidates.append(
            Candidate(
                Allele(*allele),
                support,
                context,
                phase=phased,
                amplicons=[(s, tuple(amplicon)) for s, amplicon in amplicons],
                misread=misread[n] if has_misread else None,
            )
        )
    return found


def gather(paths: Sequence[str | Path], caller: "Caller") -> Collection:
    """Combine the shards of a call, in any order.

    Raises
    ------
    InputError
        If one is missing, given twice, or of another call.
    """
    common = stamp(caller)
    shares: dict[int, tuple[str | Path, Collection]] = {}
    shards = 0
    for path in paths:
        head, found = load(path)
        for key, value in common.items():
            if head["common"].get(key) != value:
                plain = not isinstance(value, list) and len(str(value)) < 64
                how = f": {head['common'].get(key)}, not {value}" if plain else ""
                raise InputError(
                    f"was made with other {key}{how}" if key != "version" else
                    f"was made by version {head['common'].get(key)}, not {value}",
                    str(path),
                    "recreate it with the options and files of this call",
                )  # fmt: skip
        number = head["shard"]
        shards = shards or head["shards"]
        if head["shards"] != shards:
            raise InputError(
                f"is one of {head['shards']} shards, {paths[0]} one of {shards}",
                str(path),
                "give the shards of one call",
            )
        if number in shares:
            raise InputError(
                f"is shard {number} of {shards}, as is {shares[number][0]}",
                str(path),
                "give each once",
            )
        shares[number] = (path, found)
    missing = [str(k) for k in range(1, shards + 1) if k not in shares]
    if missing:
        raise InputError(
            f"of {shards} shards {', '.join(missing)} missing", "--gather", "give them all"
        )
    return merge([shares[k][1] for k in sorted(shares)], caller.sites)


def merge(shares: Sequence[Collection], sites: dict[Allele, list[str]]) -> Collection:
    """Put collections together, in the order of their chunks."""
    whole = Collection.empty(len(shares[0].error_counts))
    for found in shares:
        whole.thinned = min(whole.thinned, found.thinned)
        whole.bases += found.bases
        whole.crowded += found.crowded
        for name in PER_SAMPLE:
            setattr(whole, name, getattr(whole, name) + getattr(found, name))
        for mine, other in zip(whole.error_counts, found.error_counts, strict=True):
            for name in SUMMED:
                setattr(mine, name, getattr(mine, name) + getattr(other, name))
            mine.sites.extend(other.sites)
            mine.suspects += other.suspects
        whole.candidates += found.candidates
    whole.signals = [
        np.concatenate([found.signals[s] for found in shares]) for s in range(len(whole.signals))
    ]
    whole.sums = np.concatenate([found.sums for found in shares])
    whole.ask(sites)
    return whole
