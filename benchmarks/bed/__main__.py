"""python -m benchmarks.bed ASSAY [--seed N | --fresh]"""

import sys

from benchmarks.bed.run import main

sys.exit(main())
