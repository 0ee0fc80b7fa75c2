"""Output for people: lines of the stages, their log, and progress bars."""
