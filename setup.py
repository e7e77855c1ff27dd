"""Builds the compiled kernels; everything else stands in pyproject.toml."""

import glob
import os
import shutil

import numpy
import pysam
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_py import build_py

PYSAM = os.path.dirname(pysam.__file__)
#: What the workflow reads beside the code; a wheel carries it as resistpanel/home/.
HOME = (
    *("Snakefile", "config.yaml", "panels", "resources", "workflow/rules", "workflow/schemas"),
    *("workflow/envs", "workflow/profiles", "workflow/report", "docs"),
)
#: Without debugging information, which is a sixth of the work of the compiler.
COMPILE = ["-O3", "-g0"]
#: Kernels that are compiled side by side.
JOBS = os.cpu_count() or 1


class WithHome(build_py):
    """Puts rules, schemas, panels and catalogue into the package, but not for a checkout."""

    def run(self):
        """Build, then copy."""
        super().run()
        if self.editable_mode:
            return
        home = os.path.join(self.build_lib, "resistpanel", "home")
        for name in HOME:
            target = os.path.join(home, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isdir(name):
                shutil.copytree(name, target, dirs_exist_ok=True)
            else:
                shutil.copy2(name, target)


def htslib() -> str:
    """Return the file name of the htslib that ships inside pysam."""
    found = glob.glob(os.path.join(PYSAM, "libchtslib*.so"))
    if len(found) != 1:
        raise SystemExit(f"expected one libchtslib*.so in {PYSAM}, found {found}")
    return os.path.basename(found[0])


# htslib is linked by bare file name and found at run time beside the installed package:
# a recorded path would be that of the isolated build environment.
def against_htslib(module: str) -> Extension:
    """Return an extension that is compiled against pysam's htslib and numpy."""
    source = f"workflow/{module.replace('.', '/')}.pyx"
    up = "/".join(".." for _ in module.split(".")[1:])
    return Extension(
        module,
        [source],
        include_dirs=[*pysam.get_include(), numpy.get_include()],
        library_dirs=[PYSAM],
        libraries=[f":{htslib()}"],
        runtime_library_dirs=[f"$ORIGIN/{up}/pysam"],
        define_macros=[
            ("PYSAM_BUILD_VERSION", f'"{pysam.__version__}"'),
            ("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"),
        ],
        extra_compile_args=COMPILE,
    )


stream = against_htslib("resistpanel.core.stream")
molecules = against_htslib("resistpanel.core.molecules")
consensus = against_htslib("resistpanel.core.consensus")
reader = against_htslib("resistpanel.call.io.reader")
signals = against_htslib("resistpanel.call.io.signals")
pileup = against_htslib("resistpanel.call.io.pileup")
count = against_htslib("resistpanel.qc.count")
ends = against_htslib("resistpanel.call.io.ends")
overlap = against_htslib("resistpanel.align.overlap")


def plain(module: str) -> Extension:
    """Return an extension that is compiled against numpy alone."""
    return Extension(
        module,
        [f"workflow/{module.replace('.', '/')}.pyx"],
        include_dirs=[numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
        # Unless libm is named, exp and log bind to the slower symbols of the oldest glibc.
        libraries=["m"],
        extra_compile_args=COMPILE,
    )


kernels = plain("resistpanel.call.kernels")
limit_kernels = plain("resistpanel.call.limit_kernels")
compare_kernels = plain("resistpanel.compare.kernels")
#: Cython's code for memoryviews, which every kernel would else contain and compile anew.
SHARED = "resistpanel.core.memoryviews"
shared = Extension(
    SHARED, [f"workflow/{SHARED.replace('.', '/')}.c"], extra_compile_args=["-O2", "-g0"]
)

setup(
    ext_modules=cythonize(
        [
            *(stream, molecules, consensus, signals, reader, pileup, ends, count, overlap),
            *(kernels, limit_kernels, compare_kernels, shared),
        ],
        language_level=3,
        include_path=["workflow"],
        nthreads=JOBS,
        shared_utility_qualified_name=SHARED,
    ),
    options={"build_ext": {"parallel": JOBS}},
    cmdclass={"build_py": WithHome},
)
