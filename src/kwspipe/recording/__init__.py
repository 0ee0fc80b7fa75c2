"""Recording of words with a microphone: prompts, quality checks and storage."""
