"""kwspipe: one YAML experiment becomes a keyword spotter on a microcontroller board."""

__version__ = "0.1.0"
