"""Transfer of weights from a checkpoint, by layer name."""
