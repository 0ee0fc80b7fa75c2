"""The charts of the pages, each a function from figures to SVG."""
