"""Pages to read, to look at and to listen to: the report of a run, and the inspection of its data."""
