"""Recording takes of words: what is asked for, judged, and filed."""
