"""What a fitted model knows of its errors: intervals, sets of classes, novelty."""
