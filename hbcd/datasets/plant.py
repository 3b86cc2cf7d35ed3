"""The simulated combined-cycle plant behind `hbcd.datasets.loaders.make_plant`: weather and power.

Names, used throughout: ``at`` ambient temperature (degC), ``v`` exhaust vacuum (the unit that the
published table calls cm Hg), ``ap`` ambient pressure (mbar), ``rh`` relative humidity (%), all of
shape (rows,); ``x`` the four as columns. Saturation pressures are in hPa, and 1 hPa = 1 mbar.

The published values of the vacuum, 25 to 82, make sense only as the absolute pressure in the
condenser in mm Hg (saturation at 26 to 48 degC), so that is what the relations below take them for.

The relations are textbook ones; the numbers of the plant and of its weather are ours, rounded, set
so that ranges and correlations come near those stated for the published table. No row of that table
is in here or was fitted to.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DESCR: Final = """\
Simulated combined-cycle power plant (made by hbcd; NOT the UCI data, and no row of it is)

{n} hours of weather drawn at random and the net power of a plant in them, from textbook relations:
gas turbines whose air flow follows density and whose compressor works harder in warm air, inlet
fogging above about 25 degC, a shaft limit in the cold, a steam turbine behind a condenser whose
vacuum follows the wet bulb. Ranges and correlations are near those of the Combined Cycle Power
Plant table of the UCI repository; the rows are independent of one another.

Inputs: AT ambient temperature (degC), V exhaust vacuum (cm Hg, as the published table has it; the
relations take it for mm Hg), AP ambient pressure (mbar), RH relative humidity (%).
Target: PE net power (MW), with independent Gaussian noise of standard deviation {noise} MW.

The noise bounds what can be learned: best_r2 = 1 - noise**2 / var(PE). With the default arguments
that is 0.977, and ordinary least squares reaches 0.931.
"""

#: Ranges of the published table. A row outside is drawn again: no value piles up on a limit.
LIMITS: Final = {
    "AT": (1.8, 37.1),
    "V": (25.3, 81.6),
    "AP": (992.9, 1033.3),
    "RH": (25.5, 100.0),
}

ZERO_CELSIUS: Final = 273.15  # K
GAS_CONSTANT_AIR: Final = 287.05  # J/(kg K), dry air
MM_HG_PER_HPA: Final = 0.750062


def saturation_pressure(t: Array) -> Array:
    """Pressure (hPa) of saturated steam at `t` (degC); Magnus form of Alduchov, Eskridge (1996)."""
    return np.asarray(6.1094 * np.exp(17.625 * t / (t + 243.04)))


def saturation_temperature(p: Array) -> Array:
    """Temperature (degC) at which steam of pressure `p` (hPa) condenses; inverse of the above."""
    logarithm = np.log(p / 6.1094)
    return np.asarray(243.04 * logarithm / (17.625 - logarithm))


def wet_bulb(at: Array, rh: Array) -> Array:
    """Temperature (degC) that evaporating water cools air to: Stull (2011), at about 1013 mbar."""
    return np.asarray(
        at * np.arctan(0.151977 * np.sqrt(rh + 8.313659))
        + np.arctan(at + rh)
        - np.arctan(rh - 1.676331)
        + 0.00391838 * rh**1.5 * np.arctan(0.023101 * rh)
        - 4.686035
    )


def excess(x: Array, width: float) -> Array:
    """``max(0, x)``, rounded off over `width`: a controller that comes in smoothly."""
    return np.asarray(width * np.logaddexp(0.0, x / width))


def switch(x: Array, width: float) -> Array:
    """From 0 to 1 around ``x = 0``, over `width`; tanh does not overflow, exp would."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x / width))


def draw_weather(n: int, rng: np.random.Generator) -> Array:
    """Draw `n` hours at random from the years: AT, V, AP, RH, shape (n, 4), not yet limited.

    One season drives all four: summer is hot, its pressure low. The dew point follows the season
    more than the hour, hence dry afternoons and humid nights. The cooling tower follows the wet
    bulb; in winter cells are shut, and above a wet bulb of 20 degC the tower no longer keeps its
    approach. Hours of fog, where the dew point would pass the temperature, come out above 100 %.
    """
    season = -np.cos(rng.uniform(0.0, 2.0 * np.pi, n))  # -1 in midwinter, 1 in midsummer
    hour = -np.cos(rng.uniform(0.0, 2.0 * np.pi, n))  # -1 at night, 1 in the afternoon
    clear = rng.uniform(0.0, 1.0, n)  # share of clear sky: wider days, drier air
    warmth, moisture, front, fouling = rng.standard_normal((4, n))

    usual = 19.9 + 10.4 * season
    at = usual + (1.0 + 3.0 * clear) * hour + 2.5 * warmth
    dew = 16.4 + 7.6 * season - 2.0 * clear + 0.35 * (at - usual) + 3.0 * moisture
    rh = 100.0 * saturation_pressure(dew) / saturation_pressure(at)
    ap = 1013.1 - 4.2 * season - 0.2 * (at - usual) + 5.3 * front

    wet = wet_bulb(at, rh)
    condenser = 30.8 + 0.47 * wet + 0.75 * excess(wet - 20.0, 2.0) + 2.0 * fouling
    v = MM_HG_PER_HPA * saturation_pressure(condenser)
    return np.column_stack([at, v, ap, rh])


def gas_turbine_power(at: Array, ap: Array, rh: Array) -> tuple[Array, Array]:
    """Power (MW) of both gas turbines, and their air flow relative to the design point.

    Power is air flow times specific work; flow is volume times density, and density follows the
    ideal gas with its share of water vapor. Compressor work grows with the inlet temperature. At
    about 25 degC fogging comes in: it cools the inlet air to its wet bulb and a tenth further, by
    the water that evaporates within the compressor; it does much in dry air and little in humid
    air. The shaft limit (inlet guide vanes closing) takes back most of what cold air gives beyond
    300 MW.
    """
    cooling = 1.1 * switch(at - 25.5, 1.2) * (at - wet_bulb(at, rh))
    inlet = at - cooling + ZERO_CELSIUS
    vapor = rh / 100.0 * saturation_pressure(at)
    density = 100.0 * (ap - 0.378 * vapor) / (GAS_CONSTANT_AIR * inlet)  # kg/m3
    flow = 324.0 * density  # kg/s and turbine

    # MJ/kg: pressure ratio 15, turbine inlet 1500 K; cp and (k-1)/k of air and of flue gas.
    compressor = 1.005e-3 * inlet * (15.0**0.2857 - 1.0) / 0.87
    turbine = 1.02 * 1.148e-3 * 1500.0 * (1.0 - 15.0**-0.248) * 0.89
    power = 2.0 * 0.985 * flow * (turbine - compressor)
    limited = power - 0.9 * excess(power - 300.0, 2.5)
    return np.asarray(limited), np.asarray(density / 1.2)


def steam_turbine_power(v: Array, flow: Array) -> Array:
    """Power (MW) of the steam turbine from the condenser's vacuum and the relative air flow.

    Heat is taken up at a mean of 560 K and given off at the condenser's saturation temperature;
    86 % of the reversible work comes out. Below a vacuum of 46 the exhaust chokes: less is gained.
    """
    cold = saturation_temperature(v / MM_HG_PER_HPA) + ZERO_CELSIUS
    choking = 0.15 * excess(46.0 - v, 2.0)
    return np.asarray(444.0 * flow * 0.86 * (1.0 - cold / 560.0) - choking)


def net_power(x: Array) -> Array:
    """Power (MW), shape (rows,), of the plant at `x`, shape (rows, 4): AT, V, AP, RH. No noise."""
    at, v, ap, rh = x.T
    gas, flow = gas_turbine_power(at, ap, rh)
    return gas + steam_turbine_power(v, flow)


def draw_inputs(n: int, rng: np.random.Generator) -> Array:
    """Draw `n` rows within `LIMITS`, shape (n, 4), C order."""
    low, high = np.array(list(LIMITS.values())).T
    kept = np.empty((0, 4))
    while len(kept) < n:
        x = draw_weather(max(2 * n, 64), rng)
        kept = np.vstack([kept, x[((low <= x) & (x <= high)).all(axis=1)]])
    return np.ascontiguousarray(kept[:n])
