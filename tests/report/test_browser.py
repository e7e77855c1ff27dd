"""The page in a browser, with the network off."""

import json
import os
from pathlib import Path

import pytest

from resistpanel.report.render import page

pytestmark = pytest.mark.browser

#: Elements that reach beyond the window; what scrolls in its own box is left out.
WIDER = """(() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.right > width + 0.5 && !e.closest(".scroll");
  }).map(e => e.tagName + "." + e.className + ": " + e.textContent.slice(0, 40));
})()"""

#: Everything that can be opened, opened; then the elements that are too wide.
OPENED = (
    """(() => {
  document.querySelectorAll("details").forEach(d => d.open = true);
})(); """
    + WIDER
)

VISIBLE = "document.body.innerText.replaceAll('\\u202f', ' ')"


@pytest.fixture(scope="module")
def url(paper_html, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "paper.html"
    path.write_text(paper_html, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def large_url(large, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "large.html"
    path.write_text(page(large), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1440])
def test_it_opens_offline_without_a_complaint(chromium, url, paper, width, dark):
    chromium.open(url, width, dark=dark)
    assert chromium.errors() == []
    assert chromium.requests() == []
    assert paper["resist"]["verdict"]["sentence"] in chromium.evaluate(VISIBLE)
    assert chromium.evaluate(WIDER) == []
    paper_colour = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper_colour == ("rgb(17, 23, 29)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize(
    "width", [320, 390, *(pytest.param(w, marks=pytest.mark.slow) for w in (768, 1024))]
)
def test_a_large_patient_does_not_overflow(chromium, large_url, width):
    chromium.open(large_url, width)
    assert chromium.errors() == []
    assert chromium.evaluate(WIDER) == []


@pytest.fixture
def wide_parts(parts, make, patients):
    """A patient with long parameters and names, whose page is of one time point."""
    report = make(parts | {"copynumber": patients.copynumber(parts["sheet"])})
    report = json.loads(json.dumps(report))
    long = "library:capture,reads:marked,consensus:none,umi:none,families:none,F1R2:0.501"
    report["provenance"]["parameters"] = {
        f"resistpanel_model_contamination_plx4032_resistant_{k}": long for k in range(3)
    }
    for v in report["compare"]["variants"]:
        v["state"] = None
    one = {"burden": {"text": "TMB not reported: 10 somatic coding mutations, 0.5 Mb are needed."},
           "microsatellites": {"text": "Not assessable: 20 are needed.", "unstable_sites": []},
           "hypermutation": {"text": "Hypermutation is not assessable."}}  # fmt: skip
    report["biomarkers"] = {"samples": {"sensitive": one, "resistant": one}}
    return report


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_wider_than_a_phone(chromium, wide_parts, tmp_path, width):
    path = tmp_path / "wide.html"
    path.write_text(page(wide_parts), encoding="utf-8")
    chromium.open(path.as_uri(), width)
    assert chromium.evaluate(WIDER) == []
    assert chromium.evaluate(OPENED) == []
    # A table whose rows are blocks is not scrolled, and does not say so.
    more = "[...document.querySelectorAll('.scroll.more > .stack')].map(e => e.textContent)"
    assert chromium.evaluate(more) == []
    # The label of a cell is beside its text, in the font of the page.
    labels = chromium.evaluate("""[...document.querySelectorAll('.stack td[data-label]')]
        .filter(e => e.checkVisibility()).map(e => getComputedStyle(e, "::before").fontFamily)""")
    assert len(labels) > 50 and all("mono" not in text.lower() for text in labels)


def test_a_cell_of_text_and_links_flows_on_a_phone(chromium, url):
    """A comma between two links is not a line of its own."""
    chromium.open(url, 390)
    alone = """[...document.querySelectorAll(".stack td[data-label]")].filter(td => {
        const range = document.createRange();
        return [...td.childNodes].some(n => {
          if (n.nodeType !== 3 || !/^[,;]\\s*$/.test(n.data)) return false;
          range.selectNode(n);
          const mine = range.getBoundingClientRect();
          const before = n.previousSibling.getClientRects();
          return mine.top > before[before.length - 1].bottom - 4;
        });
      }).length"""
    assert chromium.evaluate(alone.replace("\\\\", "\\")) == 0


def test_lines_cross_resistance_and_options_are_above_the_fold(chromium, large, tmp_path):
    report = json.loads(json.dumps(large))
    (line,) = report["resist"]["lines"][:1]
    report["resist"]["lines"] = [line | {"line": 2, "lesions": []}, line]
    path = tmp_path / "lines.html"
    path.write_text(page(report), encoding="utf-8")
    chromium.open(path.as_uri(), 1440, 900)
    bottom = "document.querySelector('{}').getBoundingClientRect().bottom"
    table, drugs, sentence = (
        chromium.evaluate(bottom.format(name))
        for name in (".first-lines", ".drugs-then", ".sentence")
    )
    assert table < drugs < 900 and drugs < sentence


def test_labels_are_not_squeezed(chromium, parts, make, tmp_path):
    """A long sample name beside a long figure, in a narrow window."""
    for part in ("compare", "resist", "qc", "sheet"):
        text = json.dumps(parts[part]).replace('"resistant"', '"plx4032_resistant_biopsy"')
        parts[part] = json.loads(text)
    for v in parts["compare"]["variants"]:
        s = v["samples"]["plx4032_resistant_biopsy"]
        s |= {"ccf": 0.462, "ccf_low": 0.378, "ccf_high": 0.558}
    path = tmp_path / "long.html"
    path.write_text(page(make(parts)), encoding="utf-8")
    chromium.open(path.as_uri(), 390)
    heights = "[...document.querySelectorAll('.keys .label')].map(e => e.offsetHeight)"
    assert max(chromium.evaluate(heights)) < 80
    assert chromium.evaluate(WIDER) == []


def test_the_verdict_stands_on_the_first_screen(chromium, url):
    for width, height in ((1440, 900), (390, 844)):
        chromium.open(url, width, height)
        bottom = "document.querySelector('.confidence').getBoundingClientRect().bottom"
        assert chromium.evaluate(bottom) < height
    chromium.open(url, 1440, 900)
    assert chromium.evaluate("document.querySelector('.keys').getBoundingClientRect().bottom") < 900


def test_filter_and_sort(chromium, url):
    chromium.open(url)
    rows = "[...document.querySelectorAll('#matrix-table tbody tr')].filter(r => !r.hidden)"
    assert chromium.evaluate(f"{rows}.length") == 13
    chromium.evaluate("""(() => { const i = document.querySelector('[data-filter=matrix-table]');
        i.value = 'acquired'; i.dispatchEvent(new Event('input')); })()""")
    assert chromium.evaluate(f"{rows}.length") == 2
    assert chromium.evaluate("document.querySelector('output').textContent") == "2 of 13"
    chromium.evaluate("""(() => { const i = document.querySelector('[data-filter=matrix-table]');
        i.value = ''; i.dispatchEvent(new Event('input')); })()""")
    first = f"{rows}[0].cells[0].textContent"
    chromium.evaluate("document.querySelectorAll('#matrix-table .sort')[3].click()")
    assert "C121S" in chromium.evaluate(first)  # 16 %, the lowest after relapse
    chromium.evaluate("document.querySelectorAll('#matrix-table .sort')[3].click()")
    assert "T464T" in chromium.evaluate(first)  # 77 %, the highest
    sort = "document.querySelectorAll('#matrix-table th')[3].getAttribute('aria-sort')"
    assert chromium.evaluate(sort) == "descending"


def test_every_rows_evidence_opens(chromium, paper, with_reads, tmp_path):
    path = tmp_path / "reads.html"
    path.write_text(page(with_reads(paper)), encoding="utf-8")
    chromium.open(path.as_uri())
    reported = sum(v["reported"] for v in paper["compare"]["variants"])
    rows = "[...document.querySelectorAll('#matrix-table tbody tr')]"
    links = f"{rows}.map(r => r.querySelector('a.toreads'))"
    assert chromium.evaluate(f"{links}.length") == reported
    assert chromium.evaluate(f"{links}.every(a => a)")
    rows = "[...document.querySelectorAll('#misses tbody tr')]"
    assert chromium.evaluate(
        f"{rows}.length > 1 && {rows}.every(r => r.querySelector('a.toreads'))"
    )
    opened = chromium.evaluate("""(async () => {
        const results = [];
        for (const a of document.querySelectorAll('a.toreads')) {
          const target = document.getElementById(a.hash.slice(1));
          target.open = false;
          a.click();
          await new Promise(r => setTimeout(r, 0));
          const box = target.querySelector('pre').getBoundingClientRect();
          results.push(target.open && box.height > 20);
        }
        return results; })()""")
    assert len(opened) >= reported + 2 and all(opened)
    # And without a click: the address alone opens it.
    chromium.open("about:blank")
    chromium.open(path.as_uri() + "#reads-5")
    assert chromium.evaluate("document.getElementById('reads-5').open")
    assert chromium.errors() == []


def test_every_fold_opens(chromium, paper, with_reads, tmp_path):
    path = tmp_path / "folds.html"
    path.write_text(page(with_reads(paper)), encoding="utf-8")
    chromium.open(path.as_uri())
    heights = chromium.evaluate("""[...document.querySelectorAll('details')].map(d => {
        d.open = false; d.querySelector('summary').click();
        return d.open && d.getBoundingClientRect().height > 40; })""")
    assert len(heights) > 15 and all(heights)


def test_hostile_text_runs_nothing(chromium, paper, with_reads, tmp_path):
    """Of the sheet, the samples' names and all others: shown, not obeyed."""
    text = "<img src=x onerror='document.title=1'></td><script>document.title=2</script>\u202e"
    bad = json.loads(json.dumps(with_reads(paper)))
    for s in bad["sheet"]["samples"] + bad["compare"]["samples"]:
        s["lesion"] = text
    bad["sheet"]["disease"] = bad["patient"] = text
    bad["resist"]["drugs"][0]["given"] = text
    bad["resist"]["verdict"]["sentence"] = text
    bad = json.loads(json.dumps(bad).replace('"resistant"', json.dumps("resistant" + text)))
    path = tmp_path / "hostile.html"
    path.write_text(page(bad), encoding="utf-8")
    for width in (390, 1440):
        chromium.open(path.as_uri(), width)
        assert chromium.errors() == [] and chromium.requests() == []
        assert chromium.evaluate("document.title").startswith("Resistance report, patient <img")
        assert chromium.evaluate("document.images.length") == 0
        assert "resistant<img src=x" in chromium.evaluate(VISIBLE)
        assert chromium.evaluate(WIDER) == []


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_fault(chromium, paper, with_reads, tmp_path, dark):
    """Where axe-core is at hand: RESISTPANEL_AXE names its axe.min.js (benchmarks/report)."""
    source = os.environ.get("RESISTPANEL_AXE")
    if not source:
        pytest.skip("RESISTPANEL_AXE does not name axe-core's axe.min.js")
    path = tmp_path / "axe.html"
    path.write_text(page(with_reads(paper)), encoding="utf-8")
    chromium.open(path.as_uri(), dark=dark)
    assert faults(chromium, source) == []


def faults(chromium, source: str) -> list[str]:
    """Return what axe-core finds of serious and critical impact."""
    chromium.evaluate(Path(source).read_text(encoding="utf-8") + "; 1")
    return chromium.evaluate("""axe.run().then(r => r.violations
        .filter(v => ['serious', 'critical'].includes(v.impact))
        .map(v => v.id + ': ' + v.nodes[0].html.slice(0, 120)))""")


def test_paper_has_the_condensed_list_of_sites(chromium, url):
    chromium.open(url)
    chromium.look(1440, media="print")
    shown = "document.querySelector('{}').checkVisibility()"
    assert chromium.evaluate(shown.format("#negative .condensed"))
    assert not chromium.evaluate(shown.format("#negative-table"))
    chromium.look(1440)
    assert not chromium.evaluate(shown.format("#negative .condensed"))


def test_without_script_everything_is_there(chromium, url):
    chromium.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(url, scripts=False)
        assert chromium.evaluate("document.documentElement.classList.length") == 0
        assert "11 of 14" in chromium.evaluate(VISIBLE)
        hidden = "[...document.querySelectorAll('.js-only')].every(e => !e.offsetParent)"
        assert chromium.evaluate(hidden)
    finally:
        chromium.send("Emulation.setScriptExecutionDisabled", value=False)


def test_the_data_can_be_saved(chromium, url):
    chromium.open(url)
    names = chromium.evaluate("""(async () => {
        const packed = atob(document.getElementById('files').textContent);
        const bytes = Uint8Array.from(packed, c => c.charCodeAt(0));
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
        const files = JSON.parse(await new Response(stream).text());
        return [JSON.parse(files['report.json']).patient, files['calls.tsv'].slice(0, 7)]; })()""")
    assert names == ["MEL-PLX", "patient"]
    chromium.evaluate("document.querySelector('[data-save=\"report.json\"]').click()")
    chromium.evaluate("new Promise(r => setTimeout(r, 300))")
    assert chromium.errors() == []


def test_text_has_enough_contrast(chromium, url):
    """WCAG 2.1 AA: 4.5 to 1 for every text, in both colour schemes."""
    script = """(() => {
      const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
      const light = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255;
        return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const ground = e => { for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const bad = new Set();
      while (walk.nextNode()) {
        const e = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !e.offsetParent || e.closest("svg, script")) continue;
        const a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) bad.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
      }
      return [...bad]; })()"""
    for dark in (False, True):
        chromium.open(url, dark=dark)
        assert chromium.evaluate(script) == []


def test_print_opens_everything_on_light_paper(chromium, url):
    chromium.open(url, dark=True)
    chromium.look(1440, dark=True, media="print")
    colour = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    tools = "[...document.querySelectorAll('.tools, .downloads, nav')].some(e => e.offsetParent)"
    assert chromium.evaluate(tools) is False
    # What is typed on the screen is not printed.
    typed = "[...document.querySelectorAll('select, input, button:not(.sort)')]"
    assert chromium.evaluate(f"{typed}.some(e => e.offsetParent)") is False
    chromium.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert chromium.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    chromium.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert chromium.evaluate("document.querySelectorAll('details[open]').length") == 0
    chromium.look(1440)
