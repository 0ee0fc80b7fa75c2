"""Summary at the end of a run on the terminal: figures with intervals, warnings, files and the next commands."""
