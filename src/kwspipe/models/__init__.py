"""The networks; importing one imports TensorFlow."""
