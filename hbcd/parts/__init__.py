"""The article's parts as frozen descriptions: layers, activations, losses, selectors, and so on."""
