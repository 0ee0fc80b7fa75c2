"""What a model is worth: figures by clip, plots, the table of results, the worst mistakes."""
