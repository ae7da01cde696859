"""Augmentation of batches, on tensors: no loop over pictures.

A grey picture is a spectrogram in decibels, min-max scaled: grey = (dB - min)/(max - min), and at most RANGE dB lie between.
So an equaliser is a sum, noise is a sum of powers, and the front end's own scaling is repeated at the end, as if the sound
itself had been changed. Of pictures in colour only shifts, masks and erasing can be made.

x: float32 [n][channels][size][size], 0…1; rows are mel bands, columns are time.
"""
import math

import torch

RANGE = 80.0                                # dB between black and white, the front end's top_db
NEPERS = RANGE * math.log(10) / 10          # the same as a natural logarithm of power


class Augment:
    """strengths: a dict of the options of the same names (train.py --help says what each is)."""

    def __init__(self, strengths, low_at_bottom):
        self.s = strengths
        self.low_at_bottom = low_at_bottom

    def __call__(self, x):
        s = self.s
        if s["shift"] > 0:
            x = shift(x, s["shift"])
        if x.shape[1] == 1:
            x = self.channel(x)
        if s["time_mask"] > 0 and s["time_masks"] > 0:
            x = mask(x, s["time_masks"], s["time_mask"], 3)
        if s["freq_mask"] > 0 and s["freq_masks"] > 0:
            x = mask(x, s["freq_masks"], s["freq_mask"], 2)
        if s["erase"] > 0:
            x = erase(x, s["erase"])
        return x

    def channel(self, x):
        s = self.s
        band = torch.linspace(0, 1, x.shape[2], device=x.device)     # 0 at the lowest mel band
        if self.low_at_bottom:
            band = band.flip(0)
        if s["pitch"] > 0:
            x = move_bands(x, s["pitch"])
        if s["eq"] > 0:
            x = x + equaliser(x.shape[0], band, s["eq"])
        if s["band_limit"] > 0:
            x = x - band_limit(x.shape[0], band, s["band_limit"])
        if s["noise"] > 0:
            x = add_noise(x, band, s["noise"])
        return rescale(x, s["contrast"])


def uniform(n, low, high, like):
    """[n][1][1][1]"""
    return torch.empty(n, 1, 1, 1, device=like.device).uniform_(low, high)


def chance(n, p, like):
    return torch.rand(n, 1, 1, 1, device=like.device) < p


def shift(x, most):
    """Turns each picture round in time by up to `most` of its width."""
    n, _, _, width = x.shape
    by = (uniform(n, -most, most, x) * width).round().long()
    columns = (torch.arange(width, device=x.device) + by) % width
    return x.gather(3, columns.expand_as(x))


def move_bands(x, most):
    """Moves the whole spectrum up or down by up to `most` of the height; the outermost band is repeated."""
    n, _, height, _ = x.shape
    by = (uniform(n, -most, most, x) * height).round().long()
    rows = (torch.arange(height, device=x.device)[:, None] + by).clamp(0, height - 1)
    return x.gather(2, rows.expand_as(x))


def equaliser(n, band, db, waves=5):
    """A smooth random curve over the mel bands, standard deviation about db: [n][1][bands][1] in grey values."""
    k = torch.arange(1, waves + 1, device=band.device)
    basis = torch.cos(math.pi * k[:, None] * band) / k[:, None].sqrt()
    scale = db / RANGE / math.sqrt(0.5 * sum(1 / i for i in range(1, waves + 1)))
    return (torch.randn(n, waves, device=band.device) * scale @ basis)[:, None, :, None]


def band_limit(n, band, p, lowest=0.5, slope_db=1200.0):
    """With chance p all above a random band, and with p/2 below one, falls to the floor: [n][1][bands][1], to subtract."""
    band = band[:, None]
    high = torch.where(chance(n, p, band), uniform(n, lowest, 1.0, band), 2.0)
    low = torch.where(chance(n, p / 2, band), uniform(n, 0.0, 0.12, band), -1.0)
    return ((band - high).clamp(min=0) + (low - band).clamp(min=0)) * (slope_db / RANGE)


def add_noise(x, band, p, loudest=-25.0, quietest=-75.0, tilt=20.0, grain=2.5):
    """With chance p steady noise, its level and spectral tilt random; grain: standard deviation of a cell, dB."""
    n = x.shape[0]
    level = uniform(n, quietest, loudest, x) + uniform(n, -tilt, tilt, x) * (band[:, None] - 0.5)
    level = torch.where(chance(n, p, x), level, -4 * RANGE)
    noise = 1 + (level + grain * torch.randn_like(x)) / RANGE
    return torch.logaddexp(x * NEPERS, noise * NEPERS) / NEPERS


def rescale(x, contrast):
    """The front end's last step: a floor under the maximum (at random up to `contrast` of RANGE higher), min-max, whole greys."""
    top = x.amax((2, 3), keepdim=True)
    floor = top - 1 + contrast * torch.rand(x.shape[0], 1, 1, 1, device=x.device) if contrast > 0 else top - 1
    x = torch.maximum(x, floor)
    low = x.amin((2, 3), keepdim=True)
    return ((x - low) / (top - low).clamp(min=1e-6) * 255).floor_() / 255


def spans(n, count, most, length, dim, like):
    """Bool: inside one of `count` spans of up to `most` of the length, along dimension dim."""
    width = torch.rand(n, count, 1, device=like.device) * most * length
    start = torch.rand(n, count, 1, device=like.device) * (length - width)
    at = torch.arange(length, device=like.device)
    inside = ((at >= start) & (at < start + width)).any(1)
    return inside[:, None, :, None] if dim == 2 else inside[:, None, None, :]


def mask(x, count, most, dim):
    """SpecAugment (Park et al. 2019): spans of time or of bands become the picture's mean."""
    return torch.where(spans(x.shape[0], count, most, x.shape[dim], dim, x), x.mean((2, 3), keepdim=True), x)


def erase(x, p, most=0.4):
    """With chance p a rectangle becomes noise (Zhong et al. 2017)."""
    n = x.shape[0]
    inside = spans(n, 1, most, x.shape[2], 2, x) & spans(n, 1, most, x.shape[3], 3, x) & chance(n, p, x)
    return torch.where(inside, torch.rand_like(x), x)


def mixup(x, targets, alpha):
    """Zhang et al. 2017: each picture and its target mixed with another's. targets float [n][classes]."""
    share = torch.distributions.Beta(alpha, alpha).sample((x.shape[0],)).to(x.device)
    share = torch.maximum(share, 1 - share)
    other = torch.randperm(x.shape[0], device=x.device)
    across = share[:, None, None, None]
    return across * x + (1 - across) * x[other], share[:, None] * targets + (1 - share[:, None]) * targets[other]
