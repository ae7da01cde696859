"""Generated weights, as the top comment of model/generate.c defines them, for a PyTorch ConvNext."""

import numpy as np


def _uniform(name, count, seed):
    """float32 in [-1, 1) for elements 0 … count - 1 of the tensor `name`."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64((seed + h) % 2**64)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return np.float32(2) * (z >> np.uint64(40)).astype(np.float32) * np.float32(2**-24) - np.float32(1)


def tensor(name, shape, seed):
    """The tensor that transformers calls `name`."""
    s = _uniform(name, int(np.prod(shape)), seed).reshape(shape)
    if name.endswith("layer_scale_parameter"):
        return np.float32(0.3) + s * np.float32(0.1)
    if name.endswith("bias"):
        return s * np.float32(0.1)
    if len(shape) == 1:  # the weight of a LayerNorm
        return np.float32(1) + s * np.float32(0.1)
    return s * np.float32(np.sqrt(3 / int(np.prod(shape[1:]))))


def fill(model, seed):
    """Gives every parameter of a transformers ConvNext its generated value."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(tensor(name, tuple(parameter.shape), seed)))
