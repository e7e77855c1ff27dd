"""Writing files so that a reader never sees half of one."""

import contextlib
import errno
import gzip
import hashlib
import json
import os
import platform
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

import pysam

from resistpanel.core.errors import InputError


def find_home() -> Path:
    """Return where Snakefile, rules, schemas, panels/ and resources/ stand.

    What the environment variable RESISTPANEL_HOME says, else the checkout round this file, else
    the copy that an installed package carries.
    """
    if "RESISTPANEL_HOME" in os.environ:
        return Path(os.environ["RESISTPANEL_HOME"])
    checkout = Path(__file__).resolve().parents[3]
    inside = Path(__file__).resolve().parents[1] / "home"
    return checkout if (checkout / "Snakefile").is_file() or not inside.is_dir() else inside


#: The project's root, see `find_home`.
HOME = find_home()

#: Where the JSON Schemas stand, ``<stage>.schema.json``.
SCHEMAS = HOME / "workflow" / "schemas"


def resource(path: str | Path) -> Path:
    """Return `path` as typed if it exists, else the file of that name in the project's root.

    A configuration may so name ``panels/cancer138/hg19.bed`` from any working directory.
    """
    path = Path(path)
    return HOME / path if not path.exists() and (HOME / path).exists() else path


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


#: Several hosts of a cluster may write to one folder; process ids are those of a host.
_HOST = platform.node().split(".")[0] or "localhost"


def _remove_stale(path: Path) -> None:
    """Remove temporary files of `path`, and their indexes, whose process on this host is gone."""
    name = re.compile(rf"\.{re.escape(_HOST)}\.(\d+)\.{re.escape(path.name)}(\.tbi|\.csi)?")
    for entry in os.scandir(path.parent):
        match = name.fullmatch(entry.name)
        if not match or int(match[1]) == os.getpid():
            continue
        try:
            os.kill(int(match[1]), 0)
        except ProcessLookupError:
            Path(entry.path).unlink(missing_ok=True)
        except PermissionError:
            pass  # it lives, and is another user's


def make_folder(path: Path) -> None:
    """Make the folder of a file.

    Raises
    ------
    InputError
        A file stands where the folder is to be.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(
            "cannot be written: a part of its path is a file", str(path), "name another"
        ) from None


def sync(path: str | Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk (fsync).

    A file system that has no fsync for folders is left as it is.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        # A full disk or a failing one is reported late by some file systems: here.
        if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
            raise
    finally:
        os.close(descriptor)


def rename(old: str | Path, new: str | Path) -> None:
    """Rename a file so that a power cut leaves the old one or the whole new one."""
    sync(old)
    Path(old).replace(new)
    sync(Path(new).parent)


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds.

    File and folder are synced, so that the name never stands for an empty file after a power cut.

    The temporary name keeps the suffixes of `path`, since htslib and others read the format
    off them. If the block fails, the temporary file is removed and `path` is untouched. What a
    process that was killed left behind on this host is removed too.

    Raises
    ------
    InputError
        A folder stands there, or a file where its folder is to be.
    """
    path = Path(path)
    if not path.name or path.is_dir():
        raise InputError("a folder, where a file is to be written", str(path), "name a file")
    make_folder(path)
    _remove_stale(path)
    temporary = path.with_name(f".{_HOST}.{os.getpid()}.{path.name}")
    try:
        yield temporary
        rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_readable(path: str | Path) -> None:
    """Raise InputError where a file is given that cannot be read to its end, such as a pipe.

    A file that is missing is left to the reader, which knows what it was to be.
    """
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except ValueError:
        raise InputError("a zero byte in the path", repr(str(path))) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)[:200]) from None
    if stat.S_ISDIR(mode):
        raise InputError("a folder, where a file is expected", str(path))
    if not stat.S_ISREG(mode):
        raise InputError("not a regular file", str(path), "give a file on disk")


#: The first bytes of every gzip file (RFC 1952).
GZIP = b"\x1f\x8b"
#: The empty block that ends every whole BGZF file (SAM specification, section 4.1.2).
BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
#: Bytes of a text input at the most, unpacked: the GFF3 of a genome is below it, what a panel needs
#: is a few MB. Lines take several times their bytes of memory.
MOST_TEXT = 512 << 20
#: Bytes that are read at a time.
BLOCK = 1 << 20


def lacks_end(path: str | Path) -> bool:
    """Return whether a bgzipped file lacks its last block; False of any other regular file.

    Cut between two blocks it unpacks without an error.
    """
    path = Path(path)
    with path.open("rb") as handle:
        start = handle.read(18)
        if start[:2] != GZIP or start[12:14] != b"BC":
            return False
        handle.seek(max(path.stat().st_size - len(BGZF_EOF), 0))
        return handle.read() != BGZF_EOF


def truncated(path: str | Path) -> InputError:
    """Return the error of a file that lacks its last block."""
    return InputError(
        "truncated (its end-of-file block is missing)", str(path), "copy or recreate it"
    )


def check_whole(path: str | Path) -> None:
    """Raise InputError if a bgzipped file is cut short; a file that is missing is left alone."""
    if Path(path).is_file() and lacks_end(path):
        raise truncated(path)


def _bytes_of(path: Path) -> bytes:
    """Return what a text file holds, unpacked, if that is not more than `MOST_TEXT`."""
    with path.open("rb") as handle:
        packed = handle.read(len(GZIP)) == GZIP
    # Block by block: read(MOST_TEXT) asks for that much memory at once, however small the file.
    blocks, size = [], 0
    with gzip.open(path) if packed else path.open("rb") as handle:
        while block := handle.read(BLOCK):
            blocks.append(block)
            size += len(block)
            if size > MOST_TEXT:
                raise InputError(
                    f"{'unpacks to' if packed else 'is of'} more than {MOST_TEXT >> 20} MB",
                    str(path),
                    "give what the panel needs of it",
                )
    return b"".join(blocks)


def read_text(path: str | Path) -> str:
    """Read a text file whole, gzipped or not; a UTF-8 byte order mark is dropped.

    Raises
    ------
    InputError
        If there is none, or it is a folder, a pipe, cut short, no UTF-8 text, or of more than
        `MOST_TEXT`.
    """
    check_readable(path)
    check_whole(path)
    try:
        return _bytes_of(Path(path)).decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such file", str(path)) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"not a whole gzip file ({error})", str(path), "compress or copy it again"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"not text: byte {error.start + 1} is not UTF-8",
            str(path),
            "save it as plain text (UTF-8), uncompressed",
        ) from None


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path`, all or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: object) -> None:
    """Write `value` as JSON with sorted keys and no NaN, all or nothing."""
    write_text(path, indented_json(value) + "\n")


def indented_json(value: object) -> str:
    """Return `value` as JSON with sorted keys and no NaN, indented by one space.

    As `json.dumps` with an indent, which is written in Python and takes ten times as long.
    """
    import msgspec  # `--help` needs none of it

    text = json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return msgspec.json.format(text, indent=1)


def open_fasta(path: str | Path) -> pysam.FastaFile:
    """Open a FASTA with its index.

    Raises
    ------
    InputError
        If there is none, or it is no FASTA, or packed by gzip instead of bgzip.
    """
    if not Path(path).is_file():
        raise InputError("no such file", str(path), "give the reference FASTA")
    try:
        return pysam.FastaFile(str(path))
    except (OSError, ValueError) as error:
        raise InputError(
            "cannot be read as an indexed FASTA",
            str(path),
            "compress it with bgzip, not gzip, and index it with samtools faidx",
        ) from error


def read_json(path: str | Path) -> dict:
    """Read a JSON file that holds an object.

    Raises
    ------
    InputError
        If there is none, or it is cut short or no JSON.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such file", str(path)) from None
    except IsADirectoryError:
        raise InputError("is a folder", str(path), "give a file in it") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", str(path), "recreate it") from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object", str(path), "give the file of the step before")
    return value
