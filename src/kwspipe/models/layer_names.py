"""Layer names that are common to the networks, training, transfer and the vendor's checkpoint."""

OUTPUTS = "predictions"  # softmax over the training classes
POOLED = "global_average_pooling2d"  # one vector per clip; the embedding head of distillation reads it
OTHER_WORDS = "other_words"  # adds the posteriors of training classes with the same label
