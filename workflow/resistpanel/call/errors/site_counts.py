"""What is counted at every site of a sample, compressed.

Site multipliers are learned once the error rates of the whole sample are known, so that the counts
of all sites are kept until then: 150 bytes of a site as arrays. Neighbouring sites have about the
same depth, few classes of fragments occur, and hardly any site shows errors. The differences
between neighbours, in the smallest type that holds them and deflated, take 4 to 8 bytes.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from resistpanel.core.inflate import deflate, inflate

#: Bytes that are allocated at once: they go back to the operating system when they are released.
SEGMENT = 1 << 22
#: Of a packed chunk: its bytes, sites, classes, groups; which classes and groups occur, a bit each;
#: the numbers in each of its four arrays, and the bytes of one; bytes before compression.
HEAD = struct.Struct("<IIBB8s4I4BI")


@dataclass(frozen=True, eq=False)
class Sites:
    """Counts of the sites of a chunk.

    Attributes
    ----------
    context : int8, (n,)
        Trinucleotide contexts, -1 where unknown.
    shape : (int, int)
        Classes of fragments, merged quality groups.
    occurs : int, (rows,)
        Class and group of each row of `steps`, as an index into (classes, groups).
    steps : unsigned, (rows, n)
        Fragments, as what each site has more than the one before, modulo the size of the type.
    shown : int, (k,)
        Indices of `errors` in (n, 4, 3), ascending.
    errors : unsigned, (k,)
        Mismatches by the base read: good bases of F1R2 and of F2R1 fragments, all bases.
    left_out : int, (v,)
        Alleles that are no errors, as indices into (n, 4), ascending.
    """

    context: np.ndarray
    shape: tuple[int, int]
    occurs: np.ndarray
    steps: np.ndarray
    shown: np.ndarray
    errors: np.ndarray
    left_out: np.ndarray

    @classmethod
    def of_steps(
        cls,
        context: np.ndarray,
        shape: tuple[int, int],
        steps: np.ndarray,
        most: np.ndarray,
        counts: np.ndarray,
        variant: np.ndarray,
    ) -> "Sites":
        """Return those of steps and highest depths, see `kernels.add_depth`.

        Parameters
        ----------
        counts : int, (12 n,)
            `errors`, by index.
        variant : bool, (n, 4)
        """
        occurs = np.flatnonzero(most)
        steps = steps[occurs].astype(np.min_scalar_type(int(most.max(initial=0))))
        shown = np.flatnonzero(counts)
        errors = np.minimum(counts[shown], np.iinfo(np.uint16).max)
        return cls(context, shape, occurs, steps, shown, errors, np.flatnonzero(variant))

    @classmethod
    def of(
        cls, context: np.ndarray, depth: np.ndarray, counts: np.ndarray, variant: np.ndarray
    ) -> "Sites":
        """Return those of arrays as the properties give them."""
        classes, groups = depth.shape[1:]
        flat = np.asarray(depth, np.uint32).reshape(len(context), classes * groups).T
        steps = np.diff(flat, axis=1, prepend=np.uint32(0))
        most = flat.max(1, initial=0)
        context = np.asarray(context, np.int8)
        return cls.of_steps(context, (classes, groups), steps, most, counts.reshape(-1), variant)

    @property
    def depth(self) -> np.ndarray:
        """Fragments, uint32, (n, classes, groups)."""
        classes, groups = self.shape
        found = np.zeros((len(self.context), classes * groups), np.uint32)
        found[:, self.occurs] = np.cumsum(self.steps, axis=1, dtype=self.steps.dtype).T
        return found.reshape(len(found), classes, groups)

    @property
    def counts(self) -> np.ndarray:
        """`errors` of all sites, uint16, (n, 4, 3)."""
        found = np.zeros((len(self.context), 4, 3), np.uint16)
        found.reshape(-1)[self.shown] = self.errors
        return found

    @property
    def variant(self) -> np.ndarray:
        """Alleles that are no errors, bool, (n, 4)."""
        found = np.zeros((len(self.context), 4), bool)
        found.reshape(-1)[self.left_out] = True
        return found


class SiteCounts:
    """Counts of sites by chunk, in the order in which they were appended.

    Iterating gives the `Sites` of each chunk.
    """

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self._chunks)

    def __iter__(self) -> Iterator[Sites]:
        """Yield each chunk's."""
        return (_unpacked(memoryview(where)[a:b]) for where, a, b in self._chunks)

    def append(self, sites: Sites) -> None:
        """Add a chunk."""
        self._keep(_packed(sites))

    def extend(self, other: "SiteCounts") -> None:
        """Add the chunks of another."""
        self._chunks += other._chunks

    def clear(self) -> None:
        """Release them all."""
        self._chunks: list[tuple[mmap.mmap, int, int]] = []
        self._segment: mmap.mmap | None = None
        self._used = 0

    def _keep(self, piece: bytes) -> None:
        if self._segment is None or self._used + len(piece) > len(self._segment):
            self._segment, self._used = mmap.mmap(-1, max(SEGMENT, len(piece))), 0
        end = self._used + len(piece)
        self._segment[self._used : end] = piece
        self._chunks.append((self._segment, self._used, end))
        self._used = end

    def to_bytes(self) -> np.ndarray:
        """Return all chunks as one array, uint8."""
        return np.frombuffer(b"".join(where[a:b] for where, a, b in self._chunks), np.uint8)

    @classmethod
    def of_bytes(cls, packed: np.ndarray) -> "SiteCounts":
        """Return what `to_bytes` was made of.

        Raises
        ------
        ValueError
            If it is no such array.
        """
        found, at, whole = cls(), 0, packed.tobytes()
        while at < len(whole):
            size = HEAD.unpack_from(whole, at)[0] if at + HEAD.size <= len(whole) else 0
            if size < HEAD.size or at + size > len(whole):
                raise ValueError("counts of sites are damaged")
            found._keep(whole[at : at + size])
            at += size
        return found


def narrowest(values: np.ndarray) -> np.ndarray:
    """Return unsigned whole numbers in the smallest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def _planes(values: np.ndarray) -> bytes:
    """Return the bytes of unsigned numbers: of all the lowest, then of all the next one."""
    size = values.itemsize
    if size == 1:
        return values.tobytes()
    return np.ascontiguousarray(values.reshape(-1).view(np.uint8).reshape(-1, size).T).tobytes()


def _of_planes(planes: np.ndarray, size: int) -> np.ndarray:
    """Return the numbers of which `_planes` made these bytes, each of `size`."""
    if size == 1:
        return planes
    return np.ascontiguousarray(planes.reshape(size, -1).T).view(f"<u{size}")[:, 0]


def _packed(sites: Sites) -> bytes:
    """Return a chunk in bytes."""
    arrays = [
        sites.steps,
        narrowest(np.diff(sites.shown, prepend=0)),
        narrowest(sites.errors),
        narrowest(np.diff(sites.left_out, prepend=0)),
    ]
    whole = b"".join([sites.context.tobytes(), *map(_planes, arrays)])
    body = deflate(whole)
    mask = sum(1 << k for k in sites.occurs.tolist())
    head = HEAD.pack(
        HEAD.size + len(body),
        len(sites.context),
        *sites.shape,
        mask.to_bytes(8, "little"),
        *(part.size for part in arrays),
        *(part.itemsize for part in arrays),
        len(whole),
    )
    return head + body


def _unpacked(piece: memoryview) -> Sites:
    """Return the chunk of which `_packed` made these bytes."""
    size, n, *shape, mask, a, b, c, d, w, x, y, z, total = HEAD.unpack_from(piece)
    whole = np.frombuffer(inflate(piece[HEAD.size : size], total), np.uint8)
    arrays, at = [], n
    for number, itemsize in ((a, w), (b, x), (c, y), (d, z)):
        arrays.append(_of_planes(whole[at : at + number * itemsize], itemsize))
        at += number * itemsize
    steps, shown, errors, left_out = arrays
    occurs = np.flatnonzero(np.unpackbits(np.frombuffer(mask, np.uint8), bitorder="little"))
    return Sites(
        whole[:n].view(np.int8),
        tuple(shape),
        occurs,
        steps.reshape(len(occurs), n),
        np.cumsum(shown, dtype=np.int64),
        errors,
        np.cumsum(left_out, dtype=np.int64),
    )
