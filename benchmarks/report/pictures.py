"""Makes the pictures of the docs from reports: `docs/images`.

    python -m benchmarks.report.pictures --demo results/report/wagle2011.html \\
        --second results/amplification/report/brafamp.html \\
        --cohort cohort.html --lesions two-lesions.html \\
        --plasma results/plasma/report/egfrplasma.html

The demo's pages come from `make demo` and `make demo-plasma`, the patient with two lesions from
`python -m benchmarks.report.patient --two`, the cohort from `python -m benchmarks.store
--patients 20 --page cohort.html`. Pictures of pages that are not given stay as they are. What a
picture shows is cut from a screenshot of its page.
"""

import argparse
import itertools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.report.look import chromium

DOCS = Path(__file__).parents[2] / "docs/images"
PAGES = ("demo", "second", "cohort", "lesions", "plasma")
#: Picture, page, section, most of its height in pixels.
SECTIONS = (
    ("report-lesions", "lesions", "lesions", 1250),
    ("report-course", "lesions", "course", 600),
    ("report-clones", "lesions", "clones", 1500),
    ("report-followup", "plasma", "followup", 900),
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
    ("report-plasma", "plasma", 900, False),
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
    for name in PAGES:
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--output", type=Path, default=DOCS)
    args = parser.parse_args()
    given = {name: getattr(args, name) for name in PAGES}
    url = {name: page.resolve().as_uri() for name, page in given.items() if page}
    made = set()
    driver = chromium()
    with tempfile.TemporaryDirectory() as scratch, driver.Chromium(driver.find()) as browser:
        shot = Path(scratch) / "page.png"
        for name, page, height, dark in SCREENS:
            if page not in url:
                continue
            made.add(name)
            browser.open(url[page], 1440, height, dark)
            browser.screenshot(str(args.output / f"{name}.png"), full=False)
        for name, page, section, most in SECTIONS:
            if page not in url:
                continue
            made.add(name)
            browser.open(url[page], 1440, 900, False)
            browser.screenshot(str(shot))
            place = browser.evaluate(RECT % json.dumps(section)).split()
            left, top, right, bottom = (round(float(x)) for x in place)
            cut = (left - 20, top, right + 20, min(bottom, top + most))
            Image.open(shot).crop(cut).save(args.output / f"{name}.png", optimize=True)
        if {"demo", "second"} <= set(url):
            phones = []
            for page, dark in itertools.product(("demo", "second"), (False, True)):
                browser.open(url[page], 390, 844, dark)
                browser.screenshot(str(shot), full=False)
                phones.append(Image.open(shot).convert("RGB"))
            beside(phones, 20).save(args.output / "report-390.png", optimize=True)
            made.add("report-390")
        if "demo" in url and shutil.which("pdftoppm"):
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
            made.add("report-print")
    for path in (args.output / f"{name}.png" for name in made):
        # A page has few colours: a third of the size. Coverage keeps those of small marks.
        few = Image.open(path).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=0)
        few.save(path, optimize=True)


if __name__ == "__main__":
    main()
