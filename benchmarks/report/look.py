"""Opens reports in headless Chromium with the network off and says what is wrong with them.

`python -m benchmarks.report.look PAGE.html ... [--images DIR] [--axe FILE | --no-axe]`: for each
page, in light and dark, at 1440 and 390 px: what axe-core finds, console errors, requests, what is
wider than the window, first as it opens, then with all that can be opened open; and how large the
page is, how fast it opens, how many pages it prints. With `--images` the screenshots and the PDF
are written. axe-core comes from npm into a temporary folder.
"""

import argparse
import importlib.util
import re
import subprocess
import tempfile
import time
from pathlib import Path
from types import ModuleType

AXE = "axe-core@4.10.3"
ROOT = Path(__file__).parents[2]
PATIENCE = 600  # seconds: axe looks at every character of contrast


def chromium() -> ModuleType:
    """Return the driver that the tests use."""
    path = ROOT / "tests/report/chromium.py"
    spec = importlib.util.spec_from_file_location("chromium", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PATIENCE = PATIENCE
    return module


def axe_source(folder: str) -> str:
    """Install axe-core into `folder` and return its source."""
    command = ["npm", "install", "--silent", "--no-audit", "--prefix", folder, AXE]
    subprocess.run(command, check=True, cwd=folder)
    return (Path(folder) / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


FAULTS = """axe.run({resultTypes: ['violations']}).then(r => r.violations.map(
  v => v.impact + ' ' + v.id + ' (' + v.nodes.length + '): ' + v.nodes[0].html.slice(0, 160)))"""
WIDER = """[...document.querySelectorAll("body *")].filter(e => {
  const b = e.getBoundingClientRect();
  return b.width > 0 && b.right > document.documentElement.clientWidth + 0.5
    && !e.closest(".scroll"); }).length"""

OPEN = """[...document.querySelectorAll("details:not([open])")].map(d => d.open = true).length"""


def look(browser, page: Path, axe: str | None, images: Path | None) -> int:
    """Print what is found on a page; return the number of serious faults."""
    bad = 0
    url = page.resolve().as_uri()
    print(f"{page.name}: {page.stat().st_size / 1e6:.2f} MB")
    for dark in (False, True):
        for width in (1440, 390):
            start = time.perf_counter()
            browser.open(url, width, 900 if width > 500 else 844, dark)
            took = time.perf_counter() - start
            name = f"{page.stem}-{width}-{'dark' if dark else 'light'}"
            wider, faults = browser.evaluate(WIDER), []
            if images:
                browser.screenshot(str(images / f"{name}-top.png"), full=False)
                browser.screenshot(str(images / f"{name}.png"))
            if axe:
                browser.evaluate(axe + "; 1")
                faults = browser.evaluate(FAULTS)
            closed = browser.evaluate(OPEN)
            wider += browser.evaluate(WIDER)
            if axe and closed:
                faults += browser.evaluate(FAULTS)
            errors = browser.errors() + browser.requests()
            serious = [f for f in faults if f.startswith(("serious", "critical"))]
            bad += len(serious) + len(errors) + bool(wider)
            print(f"  {name}: opened in {took:.1f} s, {wider} too wide, {len(errors)} complaints,"
                  f" axe: {len(serious)} serious, {len(faults)} in all")  # fmt: skip
            for line in [*errors, *faults]:
                print("    ", line)
    browser.look(1440)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(images or folder) / f"{page.stem}.pdf"
        browser.pdf(str(pdf))
        took = time.perf_counter() - start
        sheets = len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
        print(f"  printed in {took:.1f} s, {sheets} sheets")
    return bad


def main() -> int:
    """Look at every page given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--axe", type=Path, help="axe.min.js, if it is at hand")
    parser.add_argument("--no-axe", action="store_true")
    args = parser.parse_args()
    if args.images:
        args.images.mkdir(parents=True, exist_ok=True)
    module = chromium()
    with tempfile.TemporaryDirectory() as folder:
        if args.axe:
            axe = args.axe.read_text(encoding="utf-8")
        else:
            axe = None if args.no_axe else axe_source(folder)
        with module.Chromium(module.find() or "chromium") as browser:
            return min(1, sum(look(browser, page, axe, args.images) for page in args.pages))


if __name__ == "__main__":
    raise SystemExit(main())
