"""Reads files that are no text, parquet and spreadsheets, as a DataFrame with one row of names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from hbcd.tables.names import refuse_twice
from hbcd.tables.sheet_size import refuse_far_more_than_it_says
from hbcd.tables.text_format import TOP
from hbcd.tables.titles import refuse_title
from hbcd.tables.xlsx import read_first_sheet

__all__ = ["read_parquet", "read_sheet", "with_gaps"]


def read_parquet(file: Path) -> pd.DataFrame:
    """A table of parquet; ValueError of ours where a name stands twice."""
    try:
        return pd.read_parquet(file).reset_index(drop=True)
    except ValueError:  # what it says of a name that stands twice does not tell where
        from pyarrow import parquet

        refuse_twice(parquet.read_schema(file).names, f"path={file}")
        raise


def read_sheet(file: Path) -> pd.DataFrame:
    """The first sheet; where openpyxl is missing, one that is a flat table of numbers."""
    if file.name.lower().endswith(".xlsx"):
        refuse_far_more_than_it_says(file)
    try:
        return _named_by_first_row(file, pd.read_excel(file, header=None, dtype=object))
    except ImportError as missing:
        if not file.name.lower().endswith(".xlsx"):
            raise
        try:
            names, values = read_first_sheet(file)
        except ValueError as error:
            raise missing from error
    return pd.DataFrame(values, columns=names)


def _named_by_first_row(file: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """A sheet with names in its first row; pandas itself would rename those that stand twice."""
    if not len(cells):
        return cells
    top = cells.iloc[:TOP].map(lambda cell: "" if pd.isna(cell) else str(cell))
    refuse_title(file, top.to_numpy().tolist())
    names = list(top.iloc[0])
    frame = cells.iloc[1:].reset_index(drop=True).infer_objects()
    frame.columns = pd.Index(names)
    return frame


def with_gaps(column: pd.Series, na: Sequence[str]) -> pd.Series:
    """A column in which cells that stand for a missing value are missing."""
    if not na:
        return column
    gone = column.astype(object).map(str).isin(na)
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = [float(word) for word in na if _is_number(word)]
        gone = column.isin(numbers)
    return column.mask(gone).infer_objects() if gone.any() else column


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
