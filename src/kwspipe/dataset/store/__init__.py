"""Clip store: memory-mapped samples and the tables that describe them."""
