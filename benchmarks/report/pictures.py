"""Makes the pictures of the docs from reports: `docs/images`.

    python -m benchmarks.report.pictures --demo results/report/wagle2011.html \\
        --second results/amplification/report/brafamp.html \\
        --cohort results/report/cohort.html --lesions two-lesions.html

The demo's pages come from `make demo`, the patient with two lesions from
`python -m benchmarks.report.patient --two`. What a picture shows is cut from a
screenshot of its page.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.report.look import chromium

DOCS = Path(__file__).parents[2] / "docs/images"
#: Picture, page, section, most of its height in pixels.
SECTIONS = (
    ("report-lesions", "lesions", "lesions", 1250),
    ("report-course", "lesions", "course", 600),
    ("report-states", "lesions", "matrix", 700),
    ("report-table1", "demo", "table1", 900),
    ("report-reads", "demo", "reads", 520),
    ("report-copynumber", "second", "copynumber", 1250),
)
#: Picture, page, height of the window, dark.
SCREENS = (
    ("report", "demo", 900, False),
    ("report-dark", "second", 900, True),
    ("report-large", "lesions", 1180, False),
    ("report-cohort", "cohort", 1000, False),
)
RECT = """(() => { const b = document.getElementById(%s).getBoundingClientRect();
  return [b.left, b.top + scrollY, b.right, b.bottom + scrollY].join(" "); })()"""


def beside(pictures: list[Image.Image], gap: int) -> Image.Image:
    """Return pictures side by side on grey."""
    width = sum(p.width for p in pictures) + gap * (len(pictures) - 1)
    whole = Image.new("RGB", (width, max(p.height for p in pictures)), (205, 210, 218))
    at = 0
    for picture in pictures:
        whole.paste(picture, (at, 0))
        at += picture.width + gap
    return whole


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("demo", "second", "cohort", "lesions"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=DOCS)
    args = parser.parse_args()
    url = {name: getattr(args, name).resolve().as_uri() for name in ("demo", "second", "cohort",
                                                                    "lesions")}  # fmt: skip
    driver = chromium()
    with tempfile.TemporaryDirectory() as scratch, driver.Chromium(driver.find()) as browser:
        shot = Path(scratch) / "page.png"
        for name, page, height, dark in SCREENS:
            browser.open(url[page], 1440, height, dark)
            browser.screenshot(str(args.output / f"{name}.png"), full=False)
        for name, page, section, most in SECTIONS:
            browser.open(url[page], 1440, 900, False)
            browser.screenshot(str(shot))
            place = browser.evaluate(RECT % json.dumps(section)).split()
            left, top, right, bottom = (round(float(x)) for x in place)
            cut = (left - 20, top, right + 20, min(bottom, top + most))
            Image.open(shot).crop(cut).save(args.output / f"{name}.png", optimize=True)
        phones = []
        for page, dark in (("demo", False), ("demo", True), ("second", False), ("second", True)):
            browser.open(url[page], 390, 844, dark)
            browser.screenshot(str(shot), full=False)
            phones.append(Image.open(shot).convert("RGB"))
        beside(phones, 20).save(args.output / "report-390.png", optimize=True)
        if shutil.which("pdftoppm"):
            browser.open(url["demo"], 1440, 900, False)
            browser.pdf(f"{scratch}/page.pdf")
            command = ["pdftoppm", "-r", "72", "-png", "-l", "8", "page.pdf", "sheet"]
            subprocess.run(command, check=True, cwd=scratch)
            sheets = [Image.open(p).convert("RGB") for p in sorted(Path(scratch).glob("sheet*"))]
            rows = [beside(sheets[:4], 12), beside(sheets[4:8], 12)]
            whole = Image.new("RGB", (rows[0].width, 2 * rows[0].height + 12), (205, 210, 218))
            for n, row in enumerate(rows):
                whole.paste(row, (0, n * (row.height + 12)))
            whole.save(args.output / "report-print.png", optimize=True)
    for path in args.output.glob("report*.png"):
        # A page has few colours: a third of the size.
        Image.open(path).convert("RGB").quantize(128, dither=0).save(path, optimize=True)


if __name__ == "__main__":
    main()
