"""A user's own pair of models: what they do, which layers belong together, where they part."""
