"""From recordings to a memory-mapped store of clips."""
