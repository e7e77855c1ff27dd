"""The one exception that a user is meant to see."""

import difflib
import errno
import unicodedata
from collections.abc import Iterable


class InputError(Exception):
    """Bad input: one line that names the file, the place and the cure.

    The command line prints it as ``resistpanel: error: WHERE: WHAT; CURE`` and exits with 2.
    Several problems found together are raised as one error with one line each.

    Parameters
    ----------
    what : str
        What is wrong.
    where : str, optional
        File and place, e.g. ``samples.tsv:4 (column 'role')``.
    cure : str, optional
        What the user can do about it.
    """

    def __init__(self, what: str, where: str = "", cure: str = ""):
        self.what, self.where, self.cure = what, where, cure
        super().__init__(self.line())

    def line(self) -> str:
        """Return the message as one line."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{text}; {self.cure}" if self.cure else text
        return printable(" ".join(text.split()))

    def lines(self) -> list[str]:
        """Return every problem, one line each."""
        return [self.line()]


def printable(text: str) -> str:
    """Return text with control characters written out: a terminal would act on them.

    Examples
    --------
    >>> printable("a" + chr(27) + "[2J")
    'a\\x1b[2J'
    """
    return "".join(
        char if unicodedata.category(char) not in ("Cc", "Cf", "Cs") else ascii(char)[1:-1]
        for char in text
    )


class InputErrors(InputError):
    """Several input errors, reported at once."""

    def __init__(self, errors: list[InputError]):
        self.errors = list(errors)
        super().__init__(f"{len(self.errors)} problems with the input")
        self.args = ("\n".join(self.lines()),)

    def lines(self) -> list[str]:
        """Return every problem, one line each."""
        return [line for error in self.errors for line in error.lines()]


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word spelt most like `word`, or None if none is near.

    `cutoff` is the least ratio of `difflib`, 0 to 1.
    """
    by_key = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), by_key, n=1, cutoff=cutoff)
    return by_key[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the known word spelt most like `word`, else ``""``."""
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else ""


#: What a user can do about what the machine refuses.
CURES = {
    errno.ENOSPC: "free space there, then run the same command again",
    errno.EDQUOT: "free space there or have the quota raised, then run the same command again",
    errno.EROFS: "give an output folder that can be written to",
    errno.EACCES: "give an output folder that you may write to, or correct the permissions",
    errno.EPERM: "give an output folder that you may write to, or correct the permissions",
    errno.EMFILE: "raise the number of open files (ulimit -n)",
    errno.EIO: "the disk or the network file system failed: try again, or copy the file elsewhere",
}


def machine_fault(error: BaseException) -> str | None:
    """Return in one line what the machine refused (memory, disk, permission), or None.

    Neither bad input nor a fault of the program: the command line prints it and exits with 1.
    """
    unmapped = isinstance(error, ImportError) and "failed to map segment" in str(error)
    if isinstance(error, MemoryError) or unmapped:
        return (
            "out of memory; give the job more (with Snakemake: --set-resources RULE:mem_mb=N), "
            "or fewer --threads"
        )
    if isinstance(error, OSError) and error.strerror:
        places = [str(name) for name in (error.filename, error.filename2) if name is not None]
        where = f"{' to '.join(places)}: " if places else ""
        cure = f"; {CURES[error.errno]}" if error.errno in CURES else ""
        return " ".join(f"{where}{error.strerror}{cure}".split())
    return None
