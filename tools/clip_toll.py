"""How a bell swings, when its clapper strikes it, and how that sounds.

Angles are in degrees, clockwise in the image; time is in seconds.
"""

from dataclasses import dataclass

import numpy as np

from tools.clip_voices import RATE

PERIOD, SWING = 2.0, 26.0
"""Period and amplitude of the bell, which is rung without slowing down."""
CLAPPER_PERIOD, GAP = 1.2, 15.0
"""Period of the free clapper, and its angle from the center line of the bell at a strike."""
REBOUND, DRAG = 0.1, 0.1
"""Fraction of its speed that the clapper keeps at a strike, and fraction that it loses per second."""
STEP = 1 / 2000
SWINGS_BEFORE = 6
"""Swings before time 0, until the motion is periodic; their strikes can still be heard."""
PARTIALS = np.array(
    [  # of the prime, how loud, and seconds until it is 1 / e of that: hum, prime, tierce, quint, nominal and above
        (0.5, 0.25, 1.4),
        (1.0, 0.35, 0.7),
        (1.2, 0.5, 0.7),
        (1.5, 0.12, 0.5),
        (2.0, 1.0, 0.42),
        (3.0, 0.7, 0.25),
        (4.06, 0.5, 0.16),
        (5.2, 0.35, 0.1),
        (6.4, 0.2, 0.07),
    ]
)
PRIME = 540.0
"""In Hz."""
BEAT = 0.0012
"""No bell is perfectly round: next to each partial is a weaker one, higher by this fraction."""
LOUD = 0.7


@dataclass(frozen=True, slots=True)
class Ringing:
    """angles: of the clapper, at every STEP from time 0.

    strikes: time, also before 0, and speed in radians per second.
    """

    angles: np.ndarray
    strikes: tuple[tuple[float, float], ...]

    def bell(self, time: float) -> float:
        return SWING * float(np.sin(2 * np.pi * time / PERIOD))

    def clapper(self, time: float) -> float:
        return float(np.interp(time, np.arange(len(self.angles)) * STEP, self.angles))


def ringing(seconds: float) -> Ringing:
    """The clapper is a pendulum that hangs where the bell does and bounces off its wall."""
    angle, speed, angles, strikes = 0.0, 0.0, [], []
    wave, gap = 2 * np.pi / PERIOD, np.radians(GAP)
    for time in np.arange(round(-SWINGS_BEFORE * PERIOD / STEP), round(seconds / STEP) + 1) * STEP:
        bell, bell_speed = np.radians(SWING) * np.array([np.sin(wave * time), wave * np.cos(wave * time)])
        if abs(angle - bell) >= gap:
            side = np.sign(angle - bell)
            angle, closing = bell + side * gap, side * (speed - bell_speed)
            if closing > 0:
                speed = bell_speed - REBOUND * (speed - bell_speed)
                strikes.append((float(time), float(closing)))
        if time >= 0:
            angles.append(np.degrees(angle))
        speed -= STEP * ((2 * np.pi / CLAPPER_PERIOD) ** 2 * np.sin(angle) + DRAG * speed)
        angle += STEP * speed
    return Ringing(np.array(angles), tuple(strikes))


def toll(strikes: tuple[tuple[float, float], ...], seconds: float) -> np.ndarray:
    """float32 [seconds * RATE]: the sum of the sounds of all strikes, with peak LOUD."""
    times = np.arange(round(seconds * RATE)) / RATE
    heard = np.zeros_like(times)
    for when, speed in strikes:
        later = times >= when
        heard[later] += speed * _ring(times[later] - when)
    return (LOUD * heard / np.abs(heard).max()).astype(np.float32)


def _ring(after: np.ndarray) -> np.ndarray:
    """The sound at `after` seconds from a strike."""
    rng = np.random.default_rng(0)
    sound = 0.5 * rng.standard_normal(len(after)) * np.exp(-after / 0.004)  # iron on bronze
    for share, loud, seconds in PARTIALS:
        for part, apart in ((0.75, 0), (0.25, BEAT)):
            tone = np.sin(2 * np.pi * PRIME * share * (1 + apart) * after + rng.uniform(0, 2 * np.pi))
            sound += part * loud * np.exp(-after / seconds) * tone
    return sound * np.minimum(after / 0.001, 1)
