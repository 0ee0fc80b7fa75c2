"""Speech synthesis with espeak-ng and Kokoro."""
