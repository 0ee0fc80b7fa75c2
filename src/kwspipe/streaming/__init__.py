"""Evaluation on streams: composition, scores, false accepts, missed words, and the choice of thresholds."""
