"""The functions that an exported C file has of its own: it calls no mathematical library."""

from __future__ import annotations

__all__ = ["functions_text"]

# expm1(r) = r + r^2 Q(r) for |r| <= ln 2 / 2: those of the core (csrc/src/simd/elementary.inl).
_Q = {
    "double": (
        "2.510038549551032e-08", "2.7620088445409746e-07", "2.7557268459997064e-06",
        "2.4801521295954376e-05", "0.00019841269863053618", "0.0013888888917213717",
        "0.008333333333330062", "0.04166666666662413", "0.16666666666666669", "0.5",
    ),
    "float": (
        "0.0013926184037700295", "0.008363178931176662", "0.041666556149721146",
        "0.16666576266288757", "0.5",
    ),
}  # fmt: skip
_LIMITS = {
    "double": {"LN2_HIGH": "6.93147180369123816490e-01", "LN2_LOW": "1.90821492927058770002e-10",
               "TANH_MAX": "19.1", "EXP_MAX": "708.5"},
    "float": {"LN2_HIGH": "0.693359375", "LN2_LOW": "-2.12194440e-4",
              "TANH_MAX": "9.1", "EXP_MAX": "87.0"},
}  # fmt: skip

_POWER = """\
/* 2 to the power of k, a whole number from 0 to {most}. */
static REAL power_of_two(int k)
{{
    return POWERS_LOW[k % 32] * POWERS_HIGH[k / 32];
}}
"""

_EXPM1 = """\
/* exp(r) - 1 for r from -ln(2) / 2 to ln(2) / 2. */
static REAL small_expm1(REAL r)
{
    REAL q = Q_FIRST;
Q_REST
    return r + ((r * r) * q);
}
"""

_PARTS = """\
/* exp(x) - 1 for x from 0 on; what is no number stays none. */
static REAL positive_expm1(REAL x)
{
    REAL y = (x < EXP_MAX) ? x : EXP_MAX;
    int k = (int)((y * LOG2_E) + HALF);
    REAL r = (y - ((REAL)k * LN2_HIGH)) - ((REAL)k * LN2_LOW);
    REAL s = power_of_two(k);
    return (x <= EXP_MAX) ? ((s * small_expm1(r)) + (s - ONE)) : (x * s);
}
"""

_TANH = """\
/* m / (m + 2) with m = exp(2 |x|) - 1. */
static REAL tanh_of(REAL x)
{
    REAL y = (x < ZERO) ? (-x) : x;
    REAL m = positive_expm1(TWO * ((y > TANH_MAX) ? TANH_MAX : y));
    REAL t = m / (m + TWO);
    return (x < ZERO) ? (-t) : t;
}
"""

_EXP = """\
static REAL exp_of(REAL x)
{
    REAL e = positive_expm1((x < ZERO) ? (-x) : x) + ONE;
    return (x < ZERO) ? (ONE / e) : e;
}
"""

_LOGISTIC = """\
/* 1 / (1 + exp(-x)). */
static REAL logistic_of(REAL x)
{
    REAL t = exp_of((x < ZERO) ? x : (-x));
    return ((x < ZERO) ? t : ONE) / (ONE + t);
}
"""

_LOG1P = """\
/* log(1 + y) for y from 0 on: 2 atanh((m - 1) / (m + 1)) of 1 + y = 2^k m. */
static REAL log1p_of(REAL y)
{
    REAL w = ONE + y;
    REAL lost = (w > y) ? ((y - (w - ONE)) / w) : ZERO;
    REAL m = w;
    REAL k = ZERO;
    REAL s;
    REAL q;
LOG_STEPS
    k = (m > SQRT_TWO) ? (k + ONE) : k;
    m = (m > SQRT_TWO) ? (m * HALF) : m;
    s = (m - ONE) / (m + ONE);
    q = s * s;
    s = (TWO * s) + (((TWO * s) * q) * LOG_SERIES);
    return (k * LN2_HIGH) + ((k * LN2_LOW) + (s + lost));
}
"""

_POWER_BACK = """\
/* The value whose Yeo-Johnson power is z; up and down: its powers for positive and negative z. */
static REAL power_back(REAL z, REAL up, REAL down)
{
    REAL p = (z < ZERO) ? down : up;
    REAL v = positive_expm1(log1p_of(p * ((z < ZERO) ? (-z) : z)) / p);
    return (z < ZERO) ? (-v) : v;
}
"""

_POWER_SLOPE = """\
/* Its slope. */
static REAL power_slope(REAL z, REAL up, REAL down)
{
    REAL p = (z < ZERO) ? down : up;
    return exp_of((ONE - p) * (log1p_of(p * ((z < ZERO) ? (-z) : z)) / p));
}
"""

_NEEDS = {
    "tanh": ("expm1", "tanh"),
    "sigmoid": ("expm1", "exp", "logistic"),
    "logistic": ("expm1", "exp", "logistic"),
    "exp": ("expm1", "exp"),
    "yeo-johnson": ("expm1", "log1p"),
    "yeo-johnson slope": ("expm1", "exp", "log1p", "slope"),
}


def functions_text(names: set[str], real: str) -> str:
    """The text of what these functions need.

    Parameters
    ----------
    names : set of str
        Of "tanh", "sigmoid", "logistic", "exp", "yeo-johnson" and its slope; others need
        nothing.
    real : {"double", "float"}
        The type of all numbers.

    Returns
    -------
    str
    """
    wanted = {part for name in names for part in _NEEDS.get(name, ())}
    if not wanted:
        return ""
    suffix = "f" if real == "float" else ""
    texts = [_constants(real, suffix, "log1p" in wanted)]
    most = 1022 if real == "double" else 126
    texts += [_POWER.format(most=most), _expm1(real, suffix), _PARTS]
    for name, text in (("tanh", _TANH), ("exp", _EXP), ("logistic", _LOGISTIC)):
        texts += [text] if name in wanted else []
    if "log1p" in wanted:
        texts += [_log1p(real, suffix), _POWER_BACK]
    texts += [_POWER_SLOPE] if "slope" in wanted else []
    return "\n".join(texts).replace("REAL", real)


def _constants(real: str, suffix: str, logs: bool) -> str:
    numbers = {"ZERO": "0.0", "HALF": "0.5", "ONE": "1.0", "TWO": "2.0",
               "LOG2_E": "1.44269504088896338700", **_LIMITS[real]}  # fmt: skip
    if logs:
        numbers["SQRT_TWO"] = "1.41421356237309504880"
    lines = [f"#define {name} ({value}{suffix})" for name, value in numbers.items()]
    high = 32 if real == "double" else 4
    for name, step, count in (("LOW", 1, 32), ("HIGH", 32, high)):
        values = ", ".join(f"{2.0 ** (step * k)!r}{suffix}" for k in range(count))
        lines.append(f"static const REAL POWERS_{name}[{count}] = {{{values}}};")
    return "\n".join(lines) + "\n"


def _expm1(real: str, suffix: str) -> str:
    first, *rest = _Q[real]
    lines = "\n".join(f"    q = (q * r) + {number}{suffix};" for number in rest)
    return _EXPM1.replace("Q_FIRST", first + suffix).replace("Q_REST", lines)


def _log1p(real: str, suffix: str) -> str:
    steps = (
        (512, 256, 128, 64, 32, 16, 8, 4, 2, 1) if real == "double" else (64, 32, 16, 8, 4, 2, 1)
    )
    lines = [
        f"    k = (m >= {2.0**n!r}{suffix}) ? (k + {float(n)!r}{suffix}) : k;\n"
        f"    m = (m >= {2.0**n!r}{suffix}) ? (m * {2.0**-n!r}{suffix}) : m;"
        for n in steps
    ]
    series = f"{1.0 / 23.0!r}{suffix}"
    for odd in range(21, 1, -2):
        series = f"({1.0 / odd!r}{suffix} + (q * {series}))"
    text = _LOG1P.replace("LOG_STEPS", "\n".join(lines)).replace("LOG_SERIES", series)
    return text
