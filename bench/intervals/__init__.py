"""Coverage and width of prediction intervals, beside other libraries."""
