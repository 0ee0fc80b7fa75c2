"""Hard negatives: clips of ``_unknown_`` and ``_silence_`` that resemble the sounds of a stream."""
