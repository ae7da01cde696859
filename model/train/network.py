"""ConvNextForImageClassification: new or from a folder, and a faster way through it for training.

forward() computes what transformers' model computes, from the same parameters: channels stay the last dimension from end to end
(no permuting copies), patch convolutions are matrix products, and the layer scale is applied to a matrix instead of to
activations. tests/train compares the two.
"""
import math
import os

import torch
import torch.nn.functional as F
from transformers import ConvNextConfig, ConvNextForImageClassification
from transformers.utils import logging

from pictures import FAKE, LABELS, REAL, Refused, read_json

# ConvNeXt T of Liu et al. 2022, A, F, P, N of Woo et al. 2023: depths, hidden sizes
PRESETS = {
    "atto": ((2, 2, 6, 2), (40, 80, 160, 320)),
    "femto": ((2, 2, 6, 2), (48, 96, 192, 384)),
    "pico": ((2, 2, 6, 2), (64, 128, 256, 512)),
    "nano": ((2, 2, 8, 2), (80, 160, 320, 640)),
    "tiny": ((3, 3, 9, 3), (96, 192, 384, 768)),
}
ID2LABEL = {REAL: "real", FAKE: "fake"}


def create(depths, hidden_sizes, size, drop_path, layer_scale):
    """A new network, its weights from torch's random numbers."""
    check_size(size, 4, len(depths))
    model = ConvNextForImageClassification(ConvNextConfig(
        image_size=size, depths=list(depths), hidden_sizes=list(hidden_sizes), num_stages=len(depths), drop_path_rate=drop_path,
        layer_scale_init_value=layer_scale, id2label=ID2LABEL, label2id={v: k for k, v in ID2LABEL.items()}))
    spread(model)
    return model


@torch.no_grad()
def spread(model):
    """Weights of variance 1/fan-in (LeCun et al. 1998). The library's standard deviation of 0.02 suits widths of a thousand and
    weeks of training: in a network of width 40 the blocks then begin a thousandth as strong as their shortcuts, and short
    runs never leave chance."""
    for layer in model.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)) and layer is not model.classifier:
            torch.nn.init.trunc_normal_(layer.weight, std=layer.weight[0].numel() ** -0.5)


def load(folder, size, drop_path):
    """A folder in Hugging Face's format. A head of two known labels is kept, in its order; otherwise it gets a new one."""
    path = os.path.join(folder, "config.json")
    config = read_json(path)
    if "ConvNextForImageClassification" not in config.get("architectures", []):
        raise Refused(f"{path}: architectures is {config.get('architectures')}, expected ConvNextForImageClassification")
    labels = {int(k): v for k, v in config.get("id2label", {}).items()}
    sides = {k: LABELS.get(v.strip().lower()) for k, v in labels.items()}
    keep = sorted(sides) == [0, 1] and set(sides.values()) == {REAL, FAKE}
    id2label = labels if keep else ID2LABEL
    logging.disable_progress_bar()
    logging.set_verbosity_error()       # that a head is new is no news
    try:
        model = ConvNextForImageClassification.from_pretrained(
            folder, num_labels=2, id2label=id2label, label2id={v: k for k, v in id2label.items()}, drop_path_rate=drop_path,
            image_size=size, dtype=torch.float32, ignore_mismatched_sizes=not keep, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as e:
        raise Refused(f"{folder}: {e}") from e
    check_size(size, model.config.patch_size, len(model.config.depths))
    return model


def check_size(size, patch, stages):
    multiple = patch << (stages - 1)
    if size % multiple:
        raise Refused(f"pictures of {size} pixels for a network that needs a multiple of {multiple}; make them with --size "
                      f"{max(1, round(size / multiple)) * multiple}")


def class_order(model):
    """[index of real, index of fake] among the network's labels."""
    sides = {LABELS[v.strip().lower()]: int(k) for k, v in model.config.id2label.items()}
    return [sides[REAL], sides[FAKE]]


def norm(x, layer):
    return F.layer_norm(x, layer.normalized_shape, layer.weight, layer.bias, layer.eps)


def patches(x, k):
    """[n][h][w][c] → [n][h/k][w/k][k·k·c], for a convolution of kernel and stride k"""
    n, h, w, c = x.shape
    return x.reshape(n, h // k, k, w // k, k, c).transpose(2, 3).reshape(n, h // k, w // k, k * k * c)


def patch_conv(x, conv):
    return F.linear(patches(x, conv.kernel_size[0]), conv.weight.permute(0, 2, 3, 1).flatten(1), conv.bias)


def drop_path(y, p):
    """Stochastic depth, a picture at a time."""
    keep = torch.rand(y.shape[0], 1, 1, 1, device=y.device, dtype=torch.float32) >= p
    return y * (keep / (1 - p)).to(y.dtype)


class DepthwiseBf16(torch.autograd.Function):
    """Depthwise convolution of bfloat16, the gradient of its weight in float32: on CPUs twice as fast, and more exact."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        low = weight.to(x.dtype)
        ctx.save_for_backward(x, low)
        return F.conv2d(x, low, bias.to(x.dtype), padding=3, groups=x.shape[1])

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        conv = ([x.shape[1]], [1, 1], [3, 3], [1, 1], False, [0, 0], x.shape[1])
        back = torch.ops.aten.convolution_backward
        dx = back(grad, x, weight, *conv, [True, False, False])[0]
        _, dweight, dbias = back(grad.float(), x.float(), weight.float(), *conv, [False, True, True])
        return dx, dweight, dbias


def depthwise(x, conv):
    """x [n][h][w][c], a 7x7 convolution of each channel"""
    x = x.permute(0, 3, 1, 2)
    if x.dtype == torch.bfloat16 and x.device.type == "cpu":
        return DepthwiseBf16.apply(x, conv.weight, conv.bias).permute(0, 2, 3, 1)
    return F.conv2d(x, conv.weight, conv.bias, padding=3, groups=x.shape[1]).permute(0, 2, 3, 1)


def block(x, layer, training):
    y = depthwise(x, layer.dwconv)
    y = F.gelu(F.linear(norm(y, layer.layernorm), layer.pwconv1.weight, layer.pwconv1.bias))
    weight, bias, scale = layer.pwconv2.weight, layer.pwconv2.bias, layer.layer_scale_parameter
    if scale is not None:
        weight, bias = scale[:, None] * weight, scale * bias
    y = F.linear(y, weight, bias)
    p = getattr(layer.drop_path, "drop_prob", 0.0)
    return x + (drop_path(y, p) if training and p > 0 else y)


def forward(model, x):
    """x float32 [n][3][size][size], normalised → logits [n][labels]"""
    net = model.convnext
    x = norm(patch_conv(x.permute(0, 2, 3, 1), net.embeddings.patch_embeddings), net.embeddings.layernorm)
    for stage in net.encoder.stages:
        if len(stage.downsampling_layer):
            x = patch_conv(norm(x, stage.downsampling_layer[0]), stage.downsampling_layer[1])
        for layer in stage.layers:
            x = block(x, layer, model.training)
    return model.classifier(norm(x.mean((1, 2)), net.layernorm))


def parameter_groups(model, lr, weight_decay, layer_decay):
    """AdamW's groups: no decay of vectors; the learning rate falls by layer_decay a block from the head to the stem."""
    depths = model.config.depths
    blocks = sum(depths)
    groups = {}
    for name, p in model.named_parameters():
        part = name.split(".")
        if name.startswith("convnext.embeddings"):
            depth = 0
        elif name.startswith("convnext.encoder"):
            stage = int(part[3])
            depth = 1 + sum(depths[:stage]) + (int(part[5]) if part[4] == "layers" else 0)
        else:
            depth = blocks + 1
        key = (depth, p.ndim > 1)
        if key not in groups:
            groups[key] = {"params": [], "lr": lr * layer_decay ** (blocks + 1 - depth), "weight_decay": weight_decay if p.ndim > 1 else 0.0}
            groups[key]["peak"] = groups[key]["lr"]
        groups[key]["params"].append(p)
    return [groups[key] for key in sorted(groups)]


def schedule(step, steps, warmup):
    """Share of the peak learning rate: linear to 1 in `warmup` steps, then half a cosine to 0."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))


class Average:
    """Exponential moving average of the weights; shorter at the start, where they move fast."""

    def __init__(self, model, decay):
        self.decay = decay
        self.steps = 0
        self.values = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.values, [p.detach() for p in model.parameters()], 1 - decay)

    @torch.no_grad()
    def swap(self, model):
        """Exchanges the network's weights and the average's; twice is as before."""
        for mine, p in zip(self.values, model.parameters()):
            other = p.detach().clone()
            p.copy_(mine)
            mine.copy_(other)
