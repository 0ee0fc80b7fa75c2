"""Speech without keywords: speakers, transcripts, homophones and forced alignment."""
