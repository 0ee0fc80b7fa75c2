"""Files: downloads, archives, hashing, disk errors, child processes."""
