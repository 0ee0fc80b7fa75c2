"""Models in TensorFlow Lite's format: their metadata, and the compiler to a model image."""
