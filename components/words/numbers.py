"""Numbers and quantities in words: one formatter for each kind."""

import math

import numpy as np


def multiple(times: float) -> str:
    """Three digits, never with an exponent: "12.4", "1,024", "< 0.001"."""
    if 0 < times < 0.001:
        return "< 0.001"
    return f"{times:,.0f}" if times >= 100 else f"{times:.3g}"


def percent(share: float) -> str:
    """ "93%", "3.1%", "< 0.1%", and "99.6%" where rounding would give 100%."""
    if share == 0:
        return "0%"
    if 0 < share < 0.0005:
        return "< 0.1%"
    return f"{100 * share:.0f}%" if 0.0995 <= share < 0.995 or share >= 0.9995 else f"{100 * share:.1f}%"


def seconds_in_words(seconds: float) -> str:
    """ "0.26 s", "12.3 s"."""
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"


def length_in_words(pixels: float) -> str:
    """ "11 px", "3.2 px", "0.04 px", "< 0.01 px", "0 px", "unknown"."""
    if not np.isfinite(pixels):
        return "unknown"
    if 0 < pixels < 0.005:
        return "< 0.01 px"
    if pixels >= 9.95:
        return f"{pixels:,.0f} px"
    return f"{pixels:.1f} px" if pixels >= 0.0995 else f"{pixels:.2f} px" if pixels else "0 px"


def signed(number: float, digits: int) -> str:
    """ "+0.42", "−0.42", "0.00"."""
    text = f"{number:+.{digits}f}".replace("-", "−")
    return text[1:] if float(f"{number:.{digits}f}") == 0 else text


def points(drop: float) -> str:
    """A change of a probability in percentage points: "+12 points", "+< 0.1 points"."""
    hundredths = 100 * drop
    if 0 < abs(hundredths) < 0.05:
        return f"{'+' if drop > 0 else '−'}< 0.1 points"
    return f"{signed(hundredths, 0 if abs(hundredths) >= 9.95 else 1)} points"


def similarity_in_words(ssim: float) -> str:
    """ "0.71", or a dash where it is not known."""
    return "–" if math.isnan(ssim) else f"{ssim:.2f}"


def decibels(level: float, digits: int = 1) -> str:
    """ "−0.5 dB", "∞", or a dash where it is not known."""
    if math.isnan(level):
        return "–"
    return "∞" if math.isinf(level) else f"{level:.{digits}f} dB".replace("-", "−")


def counted(count: int, name: str) -> str:
    """ "1 byte", "1,203 bytes"."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def frequency_in_words(hertz: float) -> str:
    """ "4 kHz", "800 Hz"."""
    return f"{hertz / 1000:.3g} kHz" if hertz >= 1000 else f"{hertz:.0f} Hz"


def precise_percent(share: float) -> str:
    """Three significant digits: 0.01667 is "1.67%"; "< 0.001%" below that."""
    return "< 0.001%" if 0 < share < 1e-5 else f"{100 * share:.3g}%"


def operations(count: int) -> str:
    """ "1.24 GFLOP"."""
    return _scaled(count, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"))


def memory(count: int) -> str:
    """ "3.15 MB", in powers of 1,000."""
    return _scaled(count, ("bytes", "kB", "MB", "GB", "TB", "PB", "EB"))


def _scaled(count: float, units: tuple[str, ...]) -> str:
    """Three digits."""
    at = 0
    while count >= 999.5 and at + 1 < len(units):
        count, at = count / 1000, at + 1
    return f"{count:.3g} {units[at]}"


def ratio(ours: float, theirs: float) -> str:
    """ "2.5x less", "1,293x more", "the same" up to 5%."""
    times = theirs / ours
    if 0.95 < times < 1.05:
        return "the same"
    return f"{multiple(times)}x less" if times > 1 else f"{multiple(1 / times)}x more"
