"""The two published tables of the article: where they are, what is known of them, how to read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np

from hbcd.datasets.download import Published

if TYPE_CHECKING:
    import pandas as pd

CCPP: Final = Published(
    file="Folds5x2_pp.xlsx",
    member="CCPP/Folds5x2_pp.xlsx",
    url="https://archive.ics.uci.edu/static/public/294/combined+cycle+power+plant.zip",
    zip_sha256="cc7b2a4977c0a44e8221c91d9a7e5746b3c68186cff7e5c61c70af6432b98c7a",
    content_sha256="99a3e1a8b4d8640155030577f49c00789d0d390e4e5b4cd8e28f1a6a288abab2",
)

SIEC: Final = Published(
    file="Steel_industry_data.csv",
    member="Steel_industry_data.csv",
    url="https://archive.ics.uci.edu/static/public/851/steel+industry+energy+consumption.zip",
    zip_sha256="d82d28b33780ff1582507fcf08ae764ff648af459d58234370c551e62aadeaef",
    content_sha256="51d183fc658c06a471caff613e1416b1b7bad5ee83f7b2c5cb6b7e767df77b72",
)

CCPP_CITATION: Final = (
    "Tüfekci, P. and Kaya, H. (2014). Combined Cycle Power Plant [Dataset]. UCI Machine Learning "
    "Repository. https://doi.org/10.24432/C5002N"
)

SIEC_CITATION: Final = (
    "V E, S., Shin, C. and Cho, Y. (2021). Steel Industry Energy Consumption [Dataset]. UCI "
    "Machine Learning Repository. https://doi.org/10.24432/C52G8C"
)

CCPP_DESCR: Final = f"""\
Combined Cycle Power Plant (CCPP), UCI Machine Learning Repository 294, DOI 10.24432/C5002N

9568 hours of a combined-cycle power plant at full load, 2006 to 2011, in random order.
Inputs: AT ambient temperature (degC), V exhaust vacuum (cm Hg), AP ambient pressure (mbar), RH
relative humidity (%). Target: PE net hourly electrical power (MW).

- The file has five sheets, five shuffles of the same rows; this is the first. Joining them would
  put each row five times into the data, and so the test rows into the training rows.
- 41 rows are exact duplicates of others. A random split leaks them, and hours close in time.
- Ordinary least squares reaches R2 0.93 (all rows: 0.9287; test, 90/10 splits: 0.927, RMSE 4.61
  MW), cubic least squares 0.940. A model is worth something where it beats that.

License: CC BY 4.0. Cite: {CCPP_CITATION}
"""

SIEC_DESCR: Final = f"""\
Steel Industry Energy Consumption (SIEC), UCI Machine Learning Repository 851, DOI 10.24432/C52G8C

35040 quarters of an hour of a steel works in South Korea, the year 2018. 15 inputs: lagging and
leading reactive energy (kVarh), CO2 (t), lagging and leading power factor (%), NSM seconds since
midnight; and dummies, first level in alphabetical order dropped, of WeekStatus, Day_of_week and
Load_Type. Target: Usage_kWh energy used (kWh). As frames, the rows are indexed by their time.

- Rows are in the file's order: each day's 00:00 stands at its end and is the end of that day, so
  the times are not increasing. A random split interpolates a time series.
- Nearly free of noise: with lagging reactive energy Q and power factor pf (as a fraction), usage is
  Q * pf / sqrt(1 - pf**2) where Q > 0 and pf < 1 (79 % of rows), with R2 0.9999; CO2 alone gives
  R2 0.977.
- Ordinary least squares reaches R2 0.980. The dummies of the days determine WeekStatus, so the
  inputs are rank deficient by one.

License: CC BY 4.0. Cite: {SIEC_CITATION}
"""

#: Columns of the SIEC file by their kind; the order is the file's.
SIEC_NUMBERS: Final = (
    "Usage_kWh",
    "Lagging_Current_Reactive.Power_kVarh",
    "Leading_Current_Reactive_Power_kVarh",
    "CO2(tCO2)",
    "Lagging_Current_Power_Factor",
    "Leading_Current_Power_Factor",
    "NSM",
)
SIEC_LEVELS: Final = ("WeekStatus", "Day_of_week", "Load_Type")


def parse_ccpp(content: bytes) -> pd.DataFrame:
    """Table of the .xlsx file, shape (9568, 5): AT, V, AP, RH, PE."""
    import pandas as pd

    from hbcd.tables.xlsx import read_first_sheet

    _, values = read_first_sheet(io.BytesIO(content))
    # Some copies name the target EP, so columns go by position; the content hash proves them.
    return pd.DataFrame(values, columns=["AT", "V", "AP", "RH", "PE"])


def parse_siec(content: bytes) -> pd.DataFrame:
    """Table of the .csv file, shape (35040, 16), indexed by time: the 15 inputs and Usage_kWh."""
    import pandas as pd

    from hbcd.tables.encoder import TableEncoder
    from hbcd.tables.targets import split_target

    # As text first: the float parsers of older pandas err in the last digit, and so would the hash.
    table = pd.read_csv(io.BytesIO(content), encoding="utf-8-sig", dtype=str)
    if missing := {"date", *SIEC_NUMBERS, *SIEC_LEVELS} - set(table.columns):
        raise ValueError(f"no column {min(missing)}")
    for name in SIEC_NUMBERS:
        table[name] = table[name].map(float)
    inputs, usage, _ = split_target(table[[*SIEC_NUMBERS, *SIEC_LEVELS]], "Usage_kWh")
    encoder = TableEncoder.fit(inputs)
    return pd.DataFrame(
        np.column_stack([encoder.encode(inputs), usage]),
        index=pd.DatetimeIndex(pd.to_datetime(table["date"], format="%d/%m/%Y %H:%M"), name="date"),
        columns=[*encoder.feature_names, "Usage_kWh"],
    )
