"""Charts of the pages: functions from values to SVG."""
