"""Training: the path from prepared clips to batches, and the loop."""
