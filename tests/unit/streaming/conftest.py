"""Fixture of a small store for streams."""

from support.streams import make_store

__all__ = ["make_store"]
