"""Layer names that the networks share with training, transfer and the vendor's checkpoint."""

OUTPUTS = "predictions"  # the softmax over the training classes
POOLED = "global_average_pooling2d"  # the clip as one vector; the embedding head of distillation reads it
OTHER_WORDS = "other_words"  # adds the posteriors of the classes that have the same label
