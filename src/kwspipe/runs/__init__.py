"""Run directories, stage folders with manifests, results shared between jobs."""
