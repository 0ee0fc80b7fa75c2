"""Training of the networks: batches, targets, distillation, loop and state."""
