#!/usr/bin/env python3
"""How often int8 would change a window's label: a ConvNeXt with fake-quantised products beside float32 and bf16, before any kernel
is written.

    study.py MODEL CALIBRATION TEST [options]

MODEL is a Hugging Face folder; CALIBRATION and TEST are folders of `voxtrawl pictures --model MODEL`, the first of windows to take
ranges from (labels are not used), the second labelled. Needs the packages of model/train/requirements.txt.

What is imitated: LayerNorms folded into the product behind them, the layer scale into the one before it, as the engine does
(model/fold.h); weights in int8, symmetric, a scale an output channel; activations in 8 bits with a zero point and one range a
tensor, fixed by calibration; sums exact; everything between products in float32. Products not in int8 have bf16 factors, as the
engine's. The embedding and the classifier stay in float32."""

import argparse
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "model", "train"))

import measure  # noqa: E402
import network  # noqa: E402
from pictures import REAL, FAKE, Set, LABELS, read_json  # noqa: E402

BATCH = 64
MAX_RANGE_SAMPLES = 65536     # values a tensor and batch that quantiles are taken of


class Product:
    """One matrix product: float32 weight [out][in] and bias, folded; what its input was like during calibration."""

    def __init__(self, name, stage, kind, weight, bias):
        self.name, self.stage, self.kind, self.weight, self.bias = name, stage, kind, weight, bias
        self.seen, self.channel_max = [], torch.zeros(weight.shape[1])

    def watch(self, x):
        flat = x.flatten()
        step = max(1, flat.numel() // MAX_RANGE_SAMPLES)
        self.seen.append(torch.cat([flat[::step], flat.min()[None], flat.max()[None]]))
        self.channel_max = torch.maximum(self.channel_max, x.flatten(0, -2).abs().amax(0))

    def ranges(self, clip):
        """(low, high): all that was seen, or all but the share `clip` at each end."""
        values = torch.cat(self.seen)
        if clip == 0:
            return float(values.min()), float(values.max())
        order = values.sort().values
        cut = int(clip * len(order))
        return float(order[cut]), float(order[-1 - cut])


def fold(norm, weight, bias):
    """LayerNorm's affine part into the product behind it."""
    w, g, b = weight.double(), norm.weight.double(), norm.bias.double()
    return (w * g).float(), (bias.double() + w @ b).float()


class Net:
    """The network as the engine computes it; what each product does is `product(p, x)`."""

    def __init__(self, folder, size):
        self.model = network.load(folder, size, 0.0).eval()
        self.real, self.fake = network.class_order(self.model)
        self.products = {}
        net = self.model.convnext
        for s, stage in enumerate(net.encoder.stages):
            if len(stage.downsampling_layer):
                norm, conv = stage.downsampling_layer
                weight = conv.weight.permute(0, 2, 3, 1)                 # [out][2][2][in]
                w = (weight.double() * norm.weight.double()).flatten(1).float()
                b = (conv.bias.double() + (weight.double() * norm.bias.double()).sum((1, 2, 3))).float()
                self.add(Product(f"{s}.down", s, "down", w, b))
            for i, layer in enumerate(stage.layers):
                self.add(Product(f"{s}.{i}.expand", s, "expand", *fold(layer.layernorm, layer.pwconv1.weight, layer.pwconv1.bias)))
                scale = layer.layer_scale_parameter
                w, b = layer.pwconv2.weight, layer.pwconv2.bias
                if scale is not None:
                    w, b = scale[:, None] * w, scale * b
                self.add(Product(f"{s}.{i}.project", s, "project", w.detach(), b.detach()))

    def add(self, p):
        p.weight, p.bias = p.weight.detach(), p.bias.detach()
        self.products[p.name] = p

    @torch.inference_mode()
    def forward(self, x, product):
        net = self.model.convnext
        x = network.norm(network.patch_conv(x.permute(0, 2, 3, 1), net.embeddings.patch_embeddings), net.embeddings.layernorm)
        for s, stage in enumerate(net.encoder.stages):
            if len(stage.downsampling_layer):
                norm = stage.downsampling_layer[0]
                x = product(self.products[f"{s}.down"], network.patches(F.layer_norm(x, norm.normalized_shape, eps=norm.eps), 2))
            for i, layer in enumerate(stage.layers):
                y = network.depthwise(x, layer.dwconv)
                y = F.layer_norm(y, layer.layernorm.normalized_shape, eps=layer.layernorm.eps)
                y = F.gelu(product(self.products[f"{s}.{i}.expand"], y))
                x = x + product(self.products[f"{s}.{i}.project"], y)
        logits = self.model.classifier(network.norm(x.mean((1, 2)), net.layernorm))
        return logits[:, self.real] - logits[:, self.fake]


def exact(p, x):
    return F.linear(x, p.weight, p.bias)


def bf16(p, x):
    return F.linear(x.bfloat16().float(), p.weight.bfloat16().float(), p.bias)


def int8_weight(w):
    scale = w.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
    return (w / scale).round().clamp(-127, 127) * scale


def int8_fixed(low, high):
    """x in 8 bits over a fixed range, zero among its values."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max(high - low, 1e-12) / 255
    zero = round(-low / scale)
    return lambda x: torch.fake_quantize_per_tensor_affine(x, scale, zero, 0, 255)


def int8_row(x):
    """The same with a range of its own for each row, found when it is met."""
    scale = x.abs().amax(-1, keepdim=True).clamp_min(1e-12) / 127
    return (x / scale).round().clamp(-127, 127) * scale


class Int8:
    """Products that `takes(p)` wants in int8, the others in bf16."""

    def __init__(self, net, takes, clip=0.0, rows=False, smooth=0.0):
        self.tables = {}
        for p in net.products.values():
            if not takes(p):
                continue
            weight, spread = p.weight, None
            if smooth and p.kind != "project":      # behind a LayerNorm: SmoothQuant (Xiao et al. 2023), s = max|x|^a / max|w|^(1 - a)
                spread = p.channel_max.clamp_min(1e-5) ** smooth / p.weight.abs().amax(0).clamp_min(1e-5) ** (1 - smooth)
                weight = weight * spread
            low, high = p.ranges(clip)
            if spread is not None:
                high = float((p.channel_max / spread).max())
                low = -high
            self.tables[p.name] = (int8_weight(weight), int8_row if rows else int8_fixed(low, high), spread)

    def __call__(self, p, x):
        if p.name not in self.tables:
            return bf16(p, x)
        weight, quantise, spread = self.tables[p.name]
        return F.linear(quantise(x if spread is None else x / spread), weight, p.bias)


def variants(net):
    last = max(p.stage for p in net.products.values())
    everything = (lambda p: True)
    return [
        ("all products", lambda: Int8(net, everything)),
        ("all, ranges without 0.01 % at each end", lambda: Int8(net, everything, clip=1e-4)),
        ("all, a range a row found when met", lambda: Int8(net, everything, rows=True)),
        ("all, SmoothQuant 0.5 behind LayerNorms", lambda: Int8(net, everything, smooth=0.5)),
        ("all, SmoothQuant 0.5 and a range a row", lambda: Int8(net, everything, rows=True, smooth=0.5)),
        ("all but downsampling", lambda: Int8(net, lambda p: p.kind != "down")),
        ("only those with GELU (expand)", lambda: Int8(net, lambda p: p.kind == "expand")),
        ("only those behind GELU (project)", lambda: Int8(net, lambda p: p.kind == "project")),
        ("all but stage 0", lambda: Int8(net, lambda p: p.stage > 0)),
        ("all but stage 0, SmoothQuant 0.5 and a range a row", lambda: Int8(net, lambda p: p.stage > 0, rows=True, smooth=0.5)),
        ("all but stage 0 and downsampling, SmoothQuant 0.5 and a range a row",
         lambda: Int8(net, lambda p: p.stage > 0 and p.kind != "down", rows=True, smooth=0.5)),
        ("all but the first and the last stage", lambda: Int8(net, lambda p: 0 < p.stage < last)),
        ("only the expand products of stage 2, a range a row", lambda: Int8(net, lambda p: p.stage == 2 and p.kind == "expand", rows=True)),
    ]


class Pictures:
    def __init__(self, folder, model, most=None):
        self.set = Set(folder)
        values = read_json(os.path.join(model, "preprocessor_config.json"))
        profile = self.set.profile
        if profile.get("use_processor", True):
            mean, std, self.scale = values["image_mean"], values["image_std"], values.get("rescale_factor", 1 / 255)
        else:
            mean, std, self.scale = profile["mean"], profile["std"], profile["rescale_factor"]
        self.mean, self.std = (torch.tensor(v, dtype=torch.float32).view(1, 3, 1, 1) for v in (mean, std))
        self.rows = np.arange(self.set.n)
        if most and most < self.set.n:
            self.rows = np.linspace(0, self.set.n - 1, most).astype(int)
        self.labels = np.array([LABELS[v.strip().lower()] for v in self.set.columns["label"]])[self.rows]
        self.speakers = self.set.columns.get("speaker", self.set.columns["path"])[self.rows]

    def batches(self):
        for i in range(0, len(self.rows), BATCH):
            x = torch.from_numpy(np.array(self.set.pixels[self.rows[i:i + BATCH]])).float()
            x = x.permute(0, 3, 1, 2) if x.ndim == 4 else x[:, None].expand(-1, 3, -1, -1)
            yield ((x * self.scale) - self.mean) / self.std


def score(net, pictures, product):
    return torch.cat([net.forward(x, product) for x in pictures.batches()]).numpy().astype(np.float64)


def eer(scores, labels):
    return measure.eer(scores[labels == REAL], scores[labels == FAKE])


def interval(scores, labels, speakers, rounds=400):
    """95 %, from resampled speakers."""
    rng = np.random.default_rng(1)
    rows = [np.flatnonzero(speakers == s) for s in np.unique(speakers)]
    drawn = [np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))]) for _ in range(rounds)]
    values = [v for v in (eer(scores[d], labels[d]) for d in drawn) if v == v]
    return np.quantile(values, [0.025, 0.975])


def line(name, share, got, exact_scores, labels):
    same = np.mean((got > 0) == (exact_scores > 0))
    off = np.abs(got - exact_scores)
    print(f"| {name} | {share} | {100 * same:.2f} % | {100 * eer(got, labels):.2f} % | {np.sqrt(np.mean(off ** 2)):.4f} | {off.max():.3f} |", flush=True)


def int8_share(net, product):
    """Of the products' multiply-adds, by weights: those of a stage's rows count alike within a stage."""
    rows = {s: 4.0 ** -s for s in range(8)}
    work = {p.name: p.weight.numel() * rows[p.stage] for p in net.products.values()}
    return f"{100 * sum(work[n] for n in product.tables) / sum(work.values()):.0f} %"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("calibration")
    p.add_argument("test")
    p.add_argument("--threads", type=int, default=0)
    p.add_argument("--windows", type=int, default=None, help="of the test, evenly spread (default: all)")
    p.add_argument("--only", default="", metavar="WORDS", help="only the variants whose description has these words")
    p.add_argument("--calibrate-windows", type=int, default=512)
    o = p.parse_args()
    if o.threads:
        torch.set_num_threads(o.threads)
    calibration, test = Pictures(o.calibration, o.model, o.calibrate_windows), Pictures(o.test, o.model, o.windows)
    net = Net(o.model, test.set.size)

    def watch(product, x):
        product.watch(x)
        return exact(product, x)

    score(net, calibration, watch)
    reference = score(net, test, exact)
    low, high = interval(reference, test.labels, test.speakers)
    margin = np.abs(reference)
    print(f"{len(test.rows)} windows, ranges from {len(calibration.rows)} others; the difference of the logits has standard deviation "
          f"{reference.std():.3f}; {100 * np.mean(margin < 0.01 * reference.std()):.2f} % of the windows lie within 1 % of that from the "
          f"other label. EER in float32 {100 * eer(reference, test.labels):.2f} % ({100 * low:.2f}–{100 * high:.2f} %).\n")
    print("| products | of the work in int8 | same label as float32 | EER | rms of the difference | largest |")
    print("|---|---|---|---|---|---|")
    line("bf16", "–", score(net, test, bf16), reference, test.labels)
    for name, make in ((n, m) for n, m in variants(net) if o.only in n):
        product = make()
        line(name, int8_share(net, product), score(net, test, product), reference, test.labels)


if __name__ == "__main__":
    main()
