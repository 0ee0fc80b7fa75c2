"""Import and export of models: archives, model cards, C source, licences."""
