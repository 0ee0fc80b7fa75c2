"""The pipeline: order of stages, their processes, experiment tracking."""
