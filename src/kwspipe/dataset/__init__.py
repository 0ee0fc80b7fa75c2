"""Data set preparation: writes the recordings of all sources into a memory-mapped clip store."""
