"""The data sets of the article, and a simulated plant."""
