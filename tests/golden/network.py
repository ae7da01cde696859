"""Expected values of the network, from transformers' ConvNextForImageClassification with generated weights (weights.py).

    network.gold       three small networks, two of odd shapes: every layer's output and the logits
    network-tiny.gold  ConvNeXt-Tiny at 224: logits in float32, and in PyTorch's own bfloat16

Layer outputs are channels last. The images are a formula in integers, which tests/harness/picture.c repeats."""

import os

import numpy as np
import torch
import transformers
from transformers import ConvNextConfig, ConvNextForImageClassification

import vxgold
import weights

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20240229
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)

SMALL = [  # image_size, patch_size, depths, hidden_sizes, labels, layer_norm_eps
    (36, 3, [1, 2, 1], [10, 24, 33], 3, 1e-12),
    (40, 4, [2, 1], [7, 48], 2, 1e-5),
    (32, 4, [1, 1, 2, 1], [16, 32, 48, 64], 2, 1e-12),  # even widths, as the CUDA engine takes
]
TINY_IMAGES = 8


def picture(number, size):
    """uint8 [size][size][3]: two triangle waves and a ramp a channel, their periods and directions set by `number`."""
    y, x = np.mgrid[0:size, 0:size]
    image = np.empty((size, size, 3), np.uint8)
    for c in range(3):
        a = abs(((number + 2) * (c + 1) * x + (number * 5 + 3) * y + 64 * number) % 512 - 256)
        b = abs((7 * x * (c + 2) - (number * 3 + c) * y * 2 + 200 * c) % 512 - 256)
        ramp = (x + y * (number % 3)) * 255 // (3 * size)
        image[:, :, c] = (2 * a + b + ramp * (number % 4)) // 6 % 256
    return image


def pixel_values(images):
    """[n][3][size][size] float32: rescaled, mean and std, each step rounded to float32."""
    x = images.astype(np.float32) * np.float32(1 / 255)
    return torch.from_numpy(np.ascontiguousarray(((x - MEAN) / STD).transpose(0, 3, 1, 2)))


def build(image_size, patch_size, depths, hidden_sizes, labels, eps):
    config = ConvNextConfig(image_size=image_size, patch_size=patch_size, num_stages=len(depths), depths=depths,
                            hidden_sizes=hidden_sizes, num_labels=labels, layer_norm_eps=eps, drop_path_rate=0.0)
    model = ConvNextForImageClassification(config).eval()
    weights.fill(model, SEED)
    return model


def small(out, index, shape):
    model = build(*shape)
    image_size, patch_size, depths, hidden_sizes, labels, eps = shape
    layers = {}

    def keep(name):
        def hook(module, args, output):
            layers[name] = np.ascontiguousarray(output.detach().numpy().transpose(0, 2, 3, 1))[0]
        return hook

    model.convnext.embeddings.register_forward_hook(keep("embeddings"))
    for s, stage in enumerate(model.convnext.encoder.stages):
        if s:
            stage.downsampling_layer[-1].register_forward_hook(keep(f"stage.{s}.down"))
        for i, layer in enumerate(stage.layers):
            layer.register_forward_hook(keep(f"stage.{s}.block.{i}"))
    with torch.no_grad():
        logits = model(pixel_values(picture(index, image_size)[None])).logits[0].numpy()
    p = f"net.{index}."
    out[p + "shape"] = np.array([image_size, patch_size, labels, len(depths), *depths, *hidden_sizes], np.int32)
    out[p + "eps"] = np.float32(eps)
    for name, value in layers.items():
        out[p + name] = value
    out[p + "pooled"] = layers[f"stage.{len(depths) - 1}.block.{depths[-1] - 1}"].mean((0, 1), dtype=np.float64).astype(np.float32)
    out[p + "logits"] = logits


def tiny():
    model = build(224, 4, [3, 3, 9, 3], [96, 192, 384, 768], 2, 1e-12)
    x = pixel_values(np.stack([picture(i, 224) for i in range(TINY_IMAGES)]))
    with torch.no_grad():
        float32 = model(x).logits.numpy()
        bfloat16 = model.to(torch.bfloat16)(x.to(torch.bfloat16)).logits.float().numpy()
    print("ConvNeXt-Tiny logits\n", np.hstack([float32, bfloat16]), "\nlargest difference of PyTorch's bfloat16",
          abs(bfloat16 - float32).max(), "at logits up to", abs(float32).max())
    return {"logits": float32, "logits.bfloat16": bfloat16}


def main():
    about = {"seed": np.int64(SEED), "versions": f"torch {torch.__version__}, transformers {transformers.__version__}"}
    out = dict(about)
    for index, shape in enumerate(SMALL):
        small(out, index, shape)
    vxgold.write(os.path.join(HERE, "network.gold"), __file__, out)
    vxgold.write(os.path.join(HERE, "network-tiny.gold"), __file__, about | tiny())


if __name__ == "__main__":
    main()
