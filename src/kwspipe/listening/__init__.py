"""Live detection on a microphone, on recordings or on a board."""
