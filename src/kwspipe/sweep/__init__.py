"""Sweeps: jobs of one experiment, their launchers, and the table of their results."""
