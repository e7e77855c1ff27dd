"""BAMs that were fetched from object storage: put in place and indexed."""

import os
import shutil
from pathlib import Path

from resistpanel.core.bam import make_index
from resistpanel.core.files import replacing


def keep(copy: Path, output: Path) -> None:
    """Keep Snakemake's temporary copy of a BAM under a name of its own, and index it.

    The copy is linked, not copied again, where both are on one file system.

    Parameters
    ----------
    copy : Path
        Removed by Snakemake after the job.
    output : Path
        The BAM; its index is `output` with ``.bai``.
    """
    with replacing(output) as temporary:
        try:
            os.link(copy, temporary)
        except OSError:
            shutil.copyfile(copy, temporary)
    # An index of what was there before is not that of this BAM.
    Path(f"{output}.bai").unlink(missing_ok=True)
    make_index(output)
