"""Hard negatives: clips of ``_unknown_`` made from recordings of words."""
