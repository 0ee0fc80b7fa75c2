"""Import and export of models: archives, model cards, C source and licences."""
