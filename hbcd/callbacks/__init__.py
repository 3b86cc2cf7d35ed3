"""Who is told what happens in a training: callbacks, early stopping, log, terminal."""
