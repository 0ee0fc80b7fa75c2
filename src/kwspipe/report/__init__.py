"""Pages about a run and about its prepared clips, each a self-contained HTML file."""
