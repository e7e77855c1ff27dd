"""Get GATK from Maven Central, where it is not installed: a program ``gatk`` for the path.

    python -m benchmarks.gatk benchmarks/work/gatk
    PATH=$PWD/benchmarks/work/gatk:$PATH

Needs Maven (``mvn``) and Java 17. The jar there comes without its dependencies; two of them, which
only Spark's SQL uses, are not on Maven Central and are left out.
"""

import argparse
import subprocess
from pathlib import Path

VERSION = "4.6.2.0"
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>resistpanel</groupId><artifactId>gatk-classpath</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>2.0.16</version>
    </dependency>
    <dependency>
      <groupId>org.broadinstitute</groupId><artifactId>gatk</artifactId>
      <version>{VERSION}</version>
      <exclusions>
        <exclusion><groupId>org.apache.orc</groupId><artifactId>*</artifactId></exclusion>
        <exclusion>
          <groupId>com.fasterxml.jackson.module</groupId>
          <artifactId>jackson-module-scala_2.13</artifactId>
        </exclusion>
      </exclusions>
    </dependency>
  </dependencies>
</project>
"""
PROGRAM = """\
#!/bin/sh
exec java -Xmx${{GATK_MEMORY:-3g}} -XX:+UseSerialGC -cp "$(cat '{classpath}')" \\
    org.broadinstitute.hellbender.Main "$@"
"""


def main(argv: list[str] | None = None) -> int:
    """Resolve the class path and write the program."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(argv).folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pom.xml").write_text(POM)
    classpath = folder / "classpath.txt"
    command = ["mvn", "--batch-mode", "--quiet", "--file", str(folder / "pom.xml")]
    command += ["dependency:build-classpath", f"-Dmdep.outputFile={classpath}"]
    subprocess.run([*command, "-DincludeScope=runtime"], check=True)
    program = folder / "gatk"
    program.write_text(PROGRAM.format(classpath=classpath))
    program.chmod(0o755)
    return subprocess.run([program, "--version"], check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
