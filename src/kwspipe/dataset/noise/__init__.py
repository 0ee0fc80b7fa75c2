"""Background noise and clips of ``_silence_``."""
