"""What a benchmark says: its figure, that of a reference measured in the same run, and that of the peer."""

import os
from dataclasses import asdict, dataclass

MLTK = "silabs-mltk 0.20.0 on a machine of this kind, another day: figures differ by up to 1.5 times"


@dataclass(frozen=True)
class Entry:
    """An entry of runs/bench.json.

    Attributes:
        name: of the figure.
        value: the figure.
        unit: its unit.
        reference: that of what one would otherwise use, measured in the same run; None where there is none.
        ratio: how many times better the value is than the reference, whichever way is better.
        reference_is: what the reference is.
        peer: the direct peer's figure, measured once; None where it has none.
        peer_ratio: how many times better the value is.
        peer_is: where that figure is from.
        load_average: of the last minute; on a machine that others use too, only ratios of one run can be compared.
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
    """Makes an entry; the ratios are computed here."""

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
