"""Explanations of a model beside those of scikit-learn and SciPy: the same figures, the time."""
