"use strict";
// Sorting, filtering, saving and printing. The page reads the same without any of it.
(function () {
  document.documentElement.classList.add("js");

  function text(cell, numeric) {
    if (!cell) return numeric ? -Infinity : "";
    if (numeric) return Number(cell.dataset.value);
    return cell.textContent.trim();
  }

  document.querySelectorAll("button.sort").forEach(function (button) {
    const head = button.closest("th");
    const table = button.closest("table");
    const body = table.tBodies[0];
    const column = Array.prototype.indexOf.call(head.parentNode.children, head);
    const numeric = button.dataset.sort === "number";
    button.addEventListener("click", function () {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th[aria-sort]").forEach(function (th) { th.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = new Intl.Collator("en", { numeric: true });
      Array.from(body.rows)
        .map(function (row) { return [text(row.cells[column], numeric), row]; })
        .sort(function (a, b) {
          const c = numeric ? a[0] - b[0] : order.compare(a[0], b[0]);
          return down ? -c : c;
        })
        .forEach(function (pair) { body.appendChild(pair[1]); });
    });
  });

  document.querySelectorAll("input[data-filter]").forEach(function (input) {
    const table = document.getElementById(input.dataset.filter);
    const output = document.querySelector('output[data-count="' + input.dataset.filter + '"]');
    const rows = Array.from(table.tBodies[0].rows);
    input.addEventListener("input", function () {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach(function (row) {
        const content = row.textContent.toLowerCase();
        row.hidden = !words.every(function (word) { return content.includes(word); });
        if (!row.hidden) shown += 1;
      });
      output.textContent = words.length ? shown + " of " + rows.length : "";
    });
  });

  // A link to reads opens them.
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS" && !target.open) {
      target.open = true;
      target.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", reveal);
  reveal();
  document.querySelectorAll("a.toreads").forEach(function (link) {
    link.addEventListener("click", function () {
      document.getElementById(link.hash.slice(1)).open = true;
    });
  });

  async function unpack() {
    const packed = atob(document.getElementById("files").textContent);
    const bytes = Uint8Array.from(packed, function (c) { return c.charCodeAt(0); });
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  document.querySelectorAll("button[data-save]").forEach(function (button) {
    if (!("DecompressionStream" in window)) { button.disabled = true; return; }
    button.addEventListener("click", async function () {
      const files = await unpack();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([files[button.dataset.save]]));
      link.download = button.dataset.save;
      link.click();
      setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
    });
  });

  document.querySelectorAll("button[data-decisions]").forEach(function (button) {
    button.addEventListener("click", function () {
      const rows = Array.from(document.querySelectorAll("tr[data-item]")).map(function (row) {
        return {
          item: row.dataset.item,
          decision: row.querySelector("select").value,
          comment: row.querySelector("input").value.trim(),
        };
      }).filter(function (row) { return row.decision; });
      if (!rows.length) { return; }
      const value = {
        schema: "resistpanel/decisions/1", patient: button.dataset.decisions,
        created: button.dataset.created, decisions: rows,
      };
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([JSON.stringify(value, null, 1)]));
      link.download = button.dataset.decisions + ".decisions.json";
      link.click();
      setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
    });
  });

  document.querySelectorAll("button[data-copy]").forEach(function (button) {
    button.addEventListener("click", function () {
      // A page opened from a disk has no clipboard interface in every browser.
      const area = document.createElement("textarea");
      area.value = button.dataset.copy;
      document.body.appendChild(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      const label = button.textContent;
      button.textContent = done ? "Copied" : "Not copied";
      setTimeout(function () { button.textContent = label; }, 1500);
    });
  });

  // The first page alone.
  const front = document.getElementById("print-front");
  if (front) {
    front.addEventListener("click", function () {
      document.documentElement.classList.add("front-only");
      window.print();
    });
    window.addEventListener("afterprint", function () {
      document.documentElement.classList.remove("front-only");
    });
  }

  // What is wider than its place says so, where there is no scroll bar to see.
  document.querySelectorAll(".scroll").forEach(function (box) {
    function mark() {
      const hidden = box.scrollWidth - box.clientWidth - box.scrollLeft > 4;
      box.classList.toggle("more", hidden);
    }
    box.addEventListener("scroll", mark, { passive: true });
    window.addEventListener("resize", mark);
    new ResizeObserver(mark).observe(box);
    mark();
  });

  // On paper nothing can be opened: everything is.
  let opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (d) { d.open = false; });
  });
})();
