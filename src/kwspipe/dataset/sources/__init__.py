"""Sources of recordings: folders, published data sets and synthetic speech."""
