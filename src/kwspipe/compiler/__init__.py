"""Compiler from a .tflite file to the model image of the C core."""
