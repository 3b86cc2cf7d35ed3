"""A model as a workbook with live formulas."""
