"""A small store to compose streams of."""

from support.streams import make_store

__all__ = ["make_store"]
