"""Hearing a model: sound from a microphone, a recording or a board, what it detects, and the sound of that kept."""
