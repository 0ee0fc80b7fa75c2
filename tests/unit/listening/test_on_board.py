"""Detections of the microphone of a board, with a fake link."""

from contextlib import contextmanager
from types import SimpleNamespace

from kwspipe.device.messages import Event
from kwspipe.listening import on_board


class FakeLink:
    """Link of a board that sends a detection at each receive."""

    def __init__(self) -> None:
        self.num_events: int | None = None
        self.num_fetches = 0
        self.transport = SimpleNamespace(receive=self._receive)
        self._events: list[Event] = []

    def _receive(self, timeout_s: float) -> None:
        self._events.append(Event(len(self._events), 500, 1, 200, "two"))

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(num_events=7, num_inferences=10)

    def fetch_events(self) -> None:
        self.num_fetches += 1

    @contextmanager
    def collect_events(self):
        yield self._events


def test_detections_of_the_microphone_of_a_board() -> None:
    link, shown, stopped = FakeLink(), [], iter([False, False, True])
    view = SimpleNamespace(begin_source=shown.append, show_detection=shown.append)
    report = on_board._detect_with_own_microphone(link, None, view, lambda: next(stopped))  # type: ignore[arg-type]
    assert report.interrupted and link.num_events == 7  # earlier detections are not fetched
    assert shown[0] == on_board.OWN_MICROPHONE
    assert [(record.label, record.score, record.time_s) for record in report.detections] == [
        ("two", 200, 0.5)
    ] * 3
