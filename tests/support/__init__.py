"""Functions and classes shared by tests."""
