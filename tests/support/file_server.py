"""A web server of one file on 127.0.0.1 that misbehaves on demand."""

import contextlib
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Behaviour:
    """What the server does.

    Attributes:
        content: the file.
        ranges: whether it goes on where asked.
        cuts: bytes after which it breaks the connection, one a request, until none is left.
        status: what it answers instead of the file.
        lengths: whether it tells how long the file is.
        wrong_range: whether it claims to go on elsewhere than asked.
        requests: the Range headers it received.
    """

    content: bytes
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    status: int | None = None
    lengths: bool = True
    wrong_range: bool = False
    requests: list[str | None] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve(content: bytes, name: str = "file.bin", **settings: object) -> Iterator[Behaviour]:
    """Runs the server; its address is in ``url``."""
    behaviour = Behaviour(content, **settings)  # type: ignore[arg-type]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, behaviour)

        def do_HEAD(self) -> None:
            behaviour.requests.append("HEAD")
            self.send_response(behaviour.status or 200)
            if behaviour.lengths:
                self.send_header("Content-Length", str(len(behaviour.content)))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    behaviour.url = f"http://127.0.0.1:{server.server_port}/{name}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: http.server.BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
    asked = handler.headers.get("Range")
    behaviour.requests.append(asked)
    content, total = behaviour.content, len(behaviour.content)
    if behaviour.status is not None:
        handler.send_error(behaviour.status)
        return
    start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and behaviour.ranges else 0  # type: ignore[index]
    if start >= total:
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{total}")
        handler.end_headers()
        return
    handler.send_response(206 if start else 200)
    if start:
        told = start + 1 if behaviour.wrong_range else start
        handler.send_header("Content-Range", f"bytes {told}-{total - 1}/{total}")
    if behaviour.lengths:
        handler.send_header("Content-Length", str(total - start))
    handler.end_headers()
    end = behaviour.cuts.pop(0) if behaviour.cuts else total
    with contextlib.suppress(ConnectionError):  # the client may have heard enough
        handler.wfile.write(content[start:end])
