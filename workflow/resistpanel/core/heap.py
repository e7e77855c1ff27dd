"""How the C library keeps memory, for runs that read much."""

import ctypes

#: Parameters of glibc's mallopt(3), of malloc.h.
M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -2, -3, -8
#: Bytes from which an array has pages of its own, which go back when it does.
OWN_PAGES = 1 << 20
#: Bytes by which the heap grows at a time.
GROWTH = 16 << 20


def keep_small() -> None:
    """Let arrays of a megabyte and more have pages of their own, and all threads one heap.

    By default glibc moves that limit up to the largest array that was freed, at most 32 MB. The
    arrays of a chunk then lie in the heap among what is kept of it, candidates and counts, and
    leave holes there: on exomes a third of the memory. Without glibc nothing is changed.
    """
    for parameter, value in (
        (M_MMAP_THRESHOLD, OWN_PAGES),
        (M_TOP_PAD, GROWTH),
        (M_ARENA_MAX, 1),
    ):
        _glibc("mallopt", parameter, value)


def release() -> None:
    """Give the pages of the heap that nothing uses any more back to the system."""
    _glibc("malloc_trim", 0)


def _glibc(function: str, *arguments: int) -> None:
    """Call a function of glibc; where there is another C library do nothing."""
    try:
        getattr(ctypes.CDLL(None), function)(*arguments)
    except (AttributeError, OSError, TypeError):
        return
