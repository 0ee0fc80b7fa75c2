"""Entry of runs/bench.json: a figure, that of a reference measured in the same run, and that of a peer."""

import os
from dataclasses import asdict, dataclass

MLTK = (
    "silabs-mltk 0.20.0, measured on a comparable machine at another time: figures differ by up to 1.5 times"
)


@dataclass(frozen=True)
class Entry:
    """An entry of runs/bench.json.

    Attributes:
        name: name of the figure.
        value: value of the figure.
        unit: unit of the value.
        reference: value of an alternative implementation, measured in the same run; None if there is none.
        ratio: factor by which the value is better than the reference.
        reference_is: description of the reference.
        peer: value of the direct peer, measured once; None if there is none.
        peer_ratio: factor by which the value is better than that of the peer.
        peer_is: origin of the value of the peer.
        load_average: load average of the last minute. On a loaded machine only ratios of one run are comparable.
    """

    name: str
    value: float
    unit: str
    reference: float | None
    ratio: float | None
    reference_is: str
    peer: float | None
    peer_ratio: float | None
    peer_is: str
    load_average: float

    def as_mapping(self) -> dict[str, object]:
        """Returns the entry as it is written to JSON."""
        return asdict(self)


def entry(
    name: str,
    value: float,
    unit: str,
    reference: float | None = None,
    reference_is: str = "",
    peer: float | None = None,
    peer_is: str = "",
    lower_is_better: bool = False,
) -> Entry:
    """Returns an entry with its ratios; see ``Entry``."""

    def ratio(other: float | None) -> float | None:
        return None if other is None else round(other / value if lower_is_better else value / other, 2)

    return Entry(
        name,
        round(value, 2),
        unit,
        None if reference is None else round(reference, 2),
        ratio(reference),
        reference_is,
        peer,
        ratio(peer),
        peer_is,
        round(os.getloadavg()[0], 1),
    )
