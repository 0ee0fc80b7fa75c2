"""Audio input: recordings, PCM conversion and the microphone."""
