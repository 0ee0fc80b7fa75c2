"""Text-to-speech: espeak-ng and Kokoro, their speakers, and the cache of utterances."""
