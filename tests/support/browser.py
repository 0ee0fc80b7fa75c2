"""Headless Chromium: opens a page and returns measurements of its layout."""

import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TIMEOUT_S = 90
# The page is in a frame of the width of a phone, because windows have a larger minimum width. The frame posts the
# measurements to the server.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="frame" style="border:0;display:block;width:{width}px;height:800px"></iframe>
<script>
const post = (result) => fetch("/result", {{method: "POST", body: JSON.stringify(result)}});
const box = (element) => element.getBoundingClientRect();
(async () => {{
  const frame = document.getElementById("frame");
  await new Promise((loaded) => {{ frame.onload = loaded; frame.src = "/page"; }});
  const page = frame.contentDocument, view = frame.contentWindow;
  for (const details of page.querySelectorAll("details")) details.open = true;
  const texts = [...page.querySelectorAll("svg text")].filter((text) => text.getScreenCTM() && box(text).width);
  const letters = texts.map((text) => {{
    const matrix = text.getScreenCTM();
    return parseFloat(view.getComputedStyle(text).fontSize) * Math.hypot(matrix.a, matrix.b);
  }});
  const tooWide = [...page.querySelectorAll(".card *")].filter((one) => {{
    const card = one.closest(".card"), padding = parseFloat(view.getComputedStyle(card).paddingRight);
    return !one.closest("svg") && box(one).right > box(card).right - padding + 1;
  }});
  const outside = [...page.querySelectorAll("svg *:not(title)")].filter((one) => {{
    const shape = box(one), chart = box(one.closest("svg"));
    return shape.left < chart.left - 1 || shape.right > chart.right + 1
      || shape.top < chart.top - 1 || shape.bottom > chart.bottom + 1;
  }});
  const overlapping = [];
  for (const chart of page.querySelectorAll("svg")) {{
    const own = texts.filter((text) => text.closest("svg") === chart && !text.hasAttribute("transform"));
    own.forEach((one, index) => own.slice(index + 1).forEach((other) => {{
      const a = box(one), b = box(other);
      // The boxes of lines above each other touch.
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4)
        overlapping.push(one.textContent + " / " + other.textContent);
    }}));
  }}
  const wrapped = [...page.querySelectorAll(".tile .value")].filter((one) => one.scrollWidth > one.clientWidth);
  let images = 0;
  for (const image of page.images) {{ await image.decode(); images += image.naturalWidth > 0; }}
  const context = new OfflineAudioContext(1, 16000, 16000), seconds = [];
  for (const audio of page.querySelectorAll("audio")) {{
    const bytes = await (await fetch(audio.src)).arrayBuffer();
    seconds.push((await context.decodeAudioData(bytes)).duration);
  }}
  const players = [...page.querySelectorAll("audio")];
  const entries = view.performance.getEntriesByType("resource").map((entry) => entry.name);
  const first = page.querySelector(".clip button");
  if (first) first.click();
  const slider = page.getElementById("threshold");
  if (slider) {{ slider.value = 200; slider.dispatchEvent(new view.Event("input")); }}
  await post({{
    width: page.documentElement.scrollWidth, images, seconds,
    smallest_letters: Math.min(...letters), largest_letters: Math.max(...letters), overlapping,
    cut_tiles: wrapped.map((one) => one.textContent),
    too_wide: tooWide.map((one) => one.outerHTML.slice(0, 120)),
    outside: outside.map((one) => one.outerHTML.slice(0, 240)),
    pressed: first ? first.getAttribute("aria-pressed") : null,
    controls_hidden: players.every((audio) => view.getComputedStyle(audio).display === "none"),
    chosen: slider ? slider.closest(".choice").innerText.split("\\n") : null,
    background: view.getComputedStyle(page.body).backgroundColor,
    fetched: entries.filter((name) => !name.startsWith("data:")),
  }});
}})().catch((error) => post({{error: String(error)}}));
</script>"""


def find() -> str | None:
    """Returns the path of Chromium, or None if it is not installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _handler(
    page: Path, frame: str, receive: Callable[[dict[str, Any]], None]
) -> type[BaseHTTPRequestHandler]:
    """Returns a request handler that serves the page and the frame, and receives the measurements of the frame."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.read_bytes() if self.path == "/page" else frame.encode()
            self.send_response(200 if self.path in ("/", "/page") else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path in ("/", "/page"):
                self.wfile.write(body)

        def do_POST(self) -> None:
            result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            receive(result)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    return Handler


def measure(chromium: str, page: Path, width: int, dark: bool) -> dict[str, Any]:
    """Opens a page and measures it.

    Args:
        chromium: path of the browser.
        page: the HTML file.
        width: width of the page in CSS pixels.
        dark: whether the browser requests the dark colour scheme.

    Returns:
        The measurements that FRAME posts, and ``console`` with the messages of the console of the browser.
    """
    results: list[dict[str, Any]] = []
    received = threading.Event()

    def receive(result: dict[str, Any]) -> None:
        results.append(result)
        received.set()

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), _handler(page, FRAME.format(width=width), receive)) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [
            chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run",
            "--enable-logging=stderr", "--remote-debugging-port=0", f"--user-data-dir={profile}",
            *(["--blink-settings=preferredColorScheme=0"] if dark else []),
            f"--window-size={max(width, 500)},800",
            f"http://127.0.0.1:{server.server_port}/",
        ]  # fmt: skip
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            received.wait(TIMEOUT_S)
        finally:
            browser.terminate()
            _, messages = browser.communicate(timeout=30)
            server.shutdown()
    assert results, f"no result from Chromium in {TIMEOUT_S} s:\n{messages[-2000:]}"
    return results[0] | {"console": [line for line in messages.splitlines() if "CONSOLE" in line]}
