"""Sweeps: many jobs of one experiment, on one machine or several, and the table at the end."""
