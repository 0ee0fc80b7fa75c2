"""Background noise and hard negatives of ``_silence_``."""
