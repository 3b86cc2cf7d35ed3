"""A model as a module of Julia."""
