"""HTTP server for one file on 127.0.0.1, with configurable faults."""

import contextlib
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Behaviour:
    """Settings of the server and the received requests.

    Attributes:
        content: the content of the file.
        ranges: whether the server supports Range requests.
        cuts: positions in bytes at which the connection is cut, one per request.
        status: HTTP status sent instead of the file.
        lengths: whether responses have a Content-Length header.
        wrong_range: whether the Content-Range header is off by one byte.
        requests: the Range header of each GET request, and "HEAD" for each HEAD request.
        url: the address of the file.
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
    """Runs the server and yields its behaviour, with the address in ``url``."""
    behaviour = Behaviour(content, **settings)  # type: ignore[arg-type]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _respond(self, behaviour)

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


def _respond(handler: http.server.BaseHTTPRequestHandler, behaviour: Behaviour) -> None:
    requested = handler.headers.get("Range")
    behaviour.requests.append(requested)
    content, total = behaviour.content, len(behaviour.content)
    if behaviour.status is not None:
        handler.send_error(behaviour.status)
        return
    ranged = requested is not None and behaviour.ranges
    start = int(re.fullmatch(r"bytes=(\d+)-", requested)[1]) if ranged else 0  # type: ignore[index, arg-type]
    if start >= total:
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{total}")
        handler.end_headers()
        return
    handler.send_response(206 if start else 200)
    if start:
        first = start + 1 if behaviour.wrong_range else start
        handler.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
    if behaviour.lengths:
        handler.send_header("Content-Length", str(total - start))
    handler.end_headers()
    end = behaviour.cuts.pop(0) if behaviour.cuts else total
    with contextlib.suppress(ConnectionError):  # the client may close the connection early
        handler.wfile.write(content[start:end])
