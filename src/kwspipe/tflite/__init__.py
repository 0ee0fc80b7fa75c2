"""TensorFlow Lite models: reading, metadata, conversion and reference inference."""
