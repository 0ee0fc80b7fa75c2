"""Python bindings of the C core: front end, model, detector and spotter."""
