"""What agents hear beside the people they talk with, as samples at 8 kHz. Pure: always the same."""

import numpy as np
from numpy.typing import NDArray

from dialer.core.frames import RATE_HZ

_FULL_SCALE_DBM0 = 3.14
"""Of a sine in 16 bits, by G.711."""
_NOISE_S = 5.0
_NOISE_DBM0 = -55.0
_NOISE_HZ = (100, 1500)
"""Soft, as of a quiet room: white noise would hiss."""
_BEEP_S = 0.15
_BEEP_DBM0 = -20.0
_BEEP_HZ = 1400
"""What no network's tone has, so that nobody takes it for one."""
_EDGE_S = 0.01
_SEED = 1


def comfort_noise() -> NDArray[np.int16]:
    """Quiet noise whose end goes over into its beginning, so that a line does not seem dead."""
    count = round(_NOISE_S * RATE_HZ)
    frequency = np.fft.rfftfreq(count, 1 / RATE_HZ)
    low, high = _NOISE_HZ
    strength = np.where((frequency >= low) & (frequency <= high), 1 / np.maximum(frequency, low), 0.0)
    phase = np.random.default_rng(_SEED).uniform(0, 2 * np.pi, len(frequency))
    noise = np.fft.irfft(strength * np.exp(1j * phase), count)
    return _samples(noise / np.sqrt(2 * np.mean(noise**2)), _NOISE_DBM0)


def beep() -> NDArray[np.int16]:
    """A short tone that does not click."""
    at = np.arange(round(_BEEP_S * RATE_HZ)) / RATE_HZ
    edge = np.clip(np.minimum(at, _BEEP_S - at) / _EDGE_S, 0, 1)
    return _samples(edge * np.sin(2 * np.pi * _BEEP_HZ * at), _BEEP_DBM0)


def _samples(wave: NDArray[np.float64], dbm0: float) -> NDArray[np.int16]:
    amplitude = 32767 * 10 ** ((dbm0 - _FULL_SCALE_DBM0) / 20)
    return np.rint(amplitude * wave).astype(np.int16)
