"""Raw DEFLATE and CRC-32 by the fastest library that is installed.

The htslib inside pysam's wheels is built with plain zlib, which costs more than all that is done
with the reads. libdeflate inflates the blocks of a BAM in two thirds of the time of ISA-L; ISA-L
deflates in two thirds of the time of libdeflate.
"""

try:
    from isal import isal_zlib as zlib
except ImportError:  # no wheel for this platform: the same streams, more slowly
    import zlib

try:
    from deflate import DeflateError as InflateError
    from deflate import crc32
    from deflate import deflate_decompress as inflate
except ImportError:
    InflateError, crc32 = zlib.error, zlib.crc32

    def inflate(packed, size: int) -> bytes:
        """Return the bytes of a raw DEFLATE stream, of which there should be `size`."""
        return zlib.decompress(packed, wbits=-15, bufsize=max(size, 1))


def deflate(data) -> bytes:
    """Return data as a raw DEFLATE stream, compressed little and fast."""
    return zlib.compress(data, 1, wbits=-15)


__all__ = ["InflateError", "crc32", "deflate", "inflate"]
