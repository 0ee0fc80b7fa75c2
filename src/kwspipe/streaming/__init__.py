"""Streams of sound with words at known times, what a model makes of them, and thresholds chosen by that."""
