"""Per-clip metrics, plots and the results table."""
