"""The estimators, which keep scikit-learn's contract."""
