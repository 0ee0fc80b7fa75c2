"""Numbers as text for people."""


def percent(share: float | None) -> str:
    """Returns a share of 0 to 1 in percent with one decimal, ``95.3 %``; "-" for None."""
    return "-" if share is None else f"{100 * share:.1f} %"
