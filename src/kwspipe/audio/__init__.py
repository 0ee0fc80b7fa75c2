"""Audio input: audio files, PCM conversion, signal-to-noise ratio and the microphone."""
