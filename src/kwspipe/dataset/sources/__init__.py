"""Recording sources: folders, published data sets and synthetic speech."""
