"""A fitted model on disk: the file format and the document in it."""
