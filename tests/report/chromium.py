"""Drives headless Chromium through its DevTools protocol over a pipe (no further package).

`python tests/report/chromium.py PAGE.html OUT_PREFIX` takes the screenshots that docs/images
holds: 1440 and 390 px wide, light and dark, and the printed PDF.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe",
]  # fmt: skip

#: Seconds without a word from the browser after which a test fails.
PATIENCE = 60


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


class Chromium:
    """A browser with one page; a context manager."""

    def __init__(self, program: str):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        commands, self.write = os.pipe()
        self.read, answers = os.pipe()
        # DevTools' pipe is read on descriptor 3 and written on 4.
        line = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", line, program, *FLAGS, f"--user-data-dir={self.profile}"],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self.buffer = b""
        self.number = 0
        self.events: list[dict] = []
        target = self.send("Target.createTarget", url="about:blank", session=None)["targetId"]
        self.session = self.send(
            "Target.attachToTarget", targetId=target, flatten=True, session=None
        )["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.send(f"{domain}.enable")

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.send("Browser.close", session=None)
            self.process.wait(10)
        except (OSError, EOFError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.write)
        os.close(self.read)
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self) -> dict:
        """Return the next message."""
        while b"\0" not in self.buffer:
            if not select.select([self.read], [], [], PATIENCE)[0]:
                raise TimeoutError(f"Chromium said nothing for {PATIENCE} s")
            more = os.read(self.read, 1 << 20)
            if not more:
                raise EOFError("Chromium ended")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def send(self, method: str, session: str | None = "", **params: object) -> dict:
        """Send a command, wait for its answer, keep the events that come before it."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data) :]
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, event: str) -> None:
        """Wait for an event of the page."""
        while not any(e.get("method") == event for e in self.events):
            self.events.append(self.receive())

    def open(
        self,
        url: str,
        width: int = 1440,
        height: int = 900,
        dark: bool = False,
        scripts: bool = True,
    ) -> None:
        """Open an address with the network off; events of the load stay in `events`."""
        self.events.clear()
        self.send("Network.emulateNetworkConditions", offline=True, latency=0,
                  downloadThroughput=0, uploadThroughput=0)  # fmt: skip
        self.look(width, height, dark)
        self.send("Page.navigate", url=url)
        self.wait("Page.loadEventFired")
        if scripts:  # two frames: what the page's script changes is laid out
            self.evaluate("new Promise(r => requestAnimationFrame(() => setTimeout(r, 50)))")

    def look(self, width: int, height: int = 900, dark: bool = False, media: str = "") -> None:
        """Set the window's size and what the page is told of colour scheme and medium."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 500)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def evaluate(self, expression: str) -> object:
        """Return the value of a JavaScript expression (a promise is awaited)."""
        result = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def requests(self) -> list[str]:
        """Return the addresses asked for, the page's own left out."""
        found = [
            e["params"]["request"]["url"]
            for e in self.events
            if e.get("method") == "Network.requestWillBeSent"
        ]
        return [url for url in found[1:] if not url.startswith(("data:", "blob:"))]

    def errors(self) -> list[str]:
        """Return what the console and the page complained of."""
        found = []
        for e in self.events:
            p = e.get("params", {})
            if e.get("method") == "Log.entryAdded" and p["entry"]["level"] in ("error", "warning"):
                found.append(p["entry"]["text"])
            if e.get("method") == "Runtime.exceptionThrown":
                found.append(p["exceptionDetails"]["text"])
            if e.get("method") == "Runtime.consoleAPICalled":
                found.append(json.dumps(p["args"]))
        return found

    def screenshot(self, path: str, full: bool = True) -> None:
        """Write a PNG of the page, or of the window."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        Path(path).write_bytes(base64.b64decode(data["data"]))

    def pdf(self, path: str) -> None:
        """Write the printed page."""
        data = self.send("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        Path(path).write_bytes(base64.b64decode(data["data"]))


def main(page: str, prefix: str) -> None:
    """Take the screenshots."""
    with Chromium(find() or "chromium") as browser:
        url = Path(page).resolve().as_uri()
        for width in (1440, 390):
            for dark in (False, True):
                browser.open(url, width, 900 if width > 500 else 844, dark)
                name = f"{prefix}-{width}-{'dark' if dark else 'light'}"
                browser.screenshot(f"{name}-top.png", full=False)
                browser.screenshot(f"{name}.png")
                print(name, browser.evaluate("document.documentElement.scrollWidth"),
                      browser.evaluate("document.documentElement.scrollHeight"),
                      browser.errors(), browser.requests())  # fmt: skip
        browser.look(1440)
        start = time.time()
        browser.pdf(f"{prefix}.pdf")
        print("pdf", round(time.time() - start, 1), "s")


if __name__ == "__main__":
    main(*sys.argv[1:])
