"""A page in headless Chromium: what a person would see of it, as figures."""

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
PATIENCE_S = 90
# The page lies in a frame as wide as a phone, since a window cannot be made that small. What is measured is posted.
LOOK = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="frame" style="border:0;display:block;width:{width}px;height:800px"></iframe>
<script>
const tell = (what) => fetch("/result", {{method: "POST", body: JSON.stringify(what)}});
const right = (element) => element.getBoundingClientRect().right;
(async () => {{
  const frame = document.getElementById("frame");
  await new Promise((loaded) => {{ frame.onload = loaded; frame.src = "/page"; }});
  const page = frame.contentDocument, view = frame.contentWindow;
  for (const details of page.querySelectorAll("details")) details.open = true;
  const letters = [...page.querySelectorAll("svg text")].map((text) => {{
    const matrix = text.getScreenCTM();
    return parseFloat(view.getComputedStyle(text).fontSize) * Math.hypot(matrix.a, matrix.b);
  }});
  const tooWide = [...page.querySelectorAll(".card *")].filter((one) => {{
    const card = one.closest(".card");
    return !one.closest("svg") && right(one) > right(card) - parseFloat(view.getComputedStyle(card).paddingRight) + 1;
  }});
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
  await tell({{
    width: page.documentElement.scrollWidth, images, seconds,
    smallest_letters: Math.min(...letters),
    too_wide: tooWide.map((one) => one.outerHTML.slice(0, 120)),
    pressed: first ? first.getAttribute("aria-pressed") : null,
    controls_hidden: players.every((audio) => view.getComputedStyle(audio).display === "none"),
    background: view.getComputedStyle(page.body).backgroundColor,
    fetched: entries.filter((name) => !name.startsWith("data:")),
  }});
}})().catch((fault) => tell({{fault: String(fault)}}));
</script>"""


def find() -> str | None:
    """Returns the path of Chromium, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _handler(page: Path, frame: str, take: Callable[[dict[str, Any]], None]) -> type[BaseHTTPRequestHandler]:
    """Serves the page and the frame around it, and takes what the frame posts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.read_bytes() if self.path == "/page" else frame.encode()
            self.send_response(200 if self.path in ("/", "/page") else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path in ("/", "/page"):
                self.wfile.write(body)

        def do_POST(self) -> None:
            answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            take(answer)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    return Handler


def look(chromium: str, page: Path, width: int, dark: bool) -> dict[str, Any]:
    """Opens a page and measures it.

    Returns:
        What LOOK posts, and ``console``: messages of the browser's console.
    """
    answers: list[dict[str, Any]] = []
    answered = threading.Event()

    def take(answer: dict[str, Any]) -> None:
        answers.append(answer)
        answered.set()

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), _handler(page, LOOK.format(width=width), take)) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [
            chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run",
            "--enable-logging=stderr", "--remote-debugging-port=0", f"--user-data-dir={profile}",
            *(["--blink-settings=preferredColorScheme=0"] if dark else []),
            f"http://127.0.0.1:{server.server_port}/",
        ]  # fmt: skip
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            answered.wait(PATIENCE_S)
        finally:
            browser.terminate()
            _, messages = browser.communicate(timeout=30)
            server.shutdown()
    assert answers, f"no answer from Chromium in {PATIENCE_S} s:\n{messages[-2000:]}"
    return answers[0] | {"console": [line for line in messages.splitlines() if "CONSOLE" in line]}
