"""A trained network as the folder that voxtrawl, and transformers, read."""
import json
import os

import torch
from safetensors.torch import save

from pictures import Refused

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
SMALL = 10_000_000      # parameters; up to here float16 loses nothing that matters and halves the file


def processor(pictures):
    """preprocessor_config.json for these pictures. Theirs, where pictures.json tells it; else one that changes no pixel: with
    crop_pct 1 both the resize and the crop are from `size` to `size`."""
    config = {
        "image_processor_type": "ConvNextImageProcessor", "do_resize": True, "size": {"shortest_edge": pictures.size},
        "crop_pct": 1.0, "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, **IMAGENET,
    }
    config.update(pictures.sets[0].facts.get("processor") or {})
    config["size"] = {"shortest_edge": pictures.size}
    return config


def scaling(pictures):
    """(mean, std) [channels] of x·rescale, so that a network sees (pixel·rescale - mean)/std, and rescale."""
    profile, p = pictures.profile, processor(pictures)
    if not profile.get("use_processor", True):
        return profile["mean"], profile["std"], profile["rescale_factor"]
    rescale = p["rescale_factor"] if p["do_rescale"] else 1.0
    return (p["image_mean"], p["image_std"], rescale) if p["do_normalize"] else ([0.0] * 3, [1.0] * 3, rescale)


def write_json(path, value):
    with open(path + ".part", "w", encoding="utf-8") as f:
        json.dump(value, f, indent=2, ensure_ascii=False)
        f.write("\n")
    os.replace(path + ".part", path)


def write(folder, model, pictures, training, dtype=None):
    """config.json, model.safetensors, preprocessor_config.json, profile.json, training.json in folder."""
    count = sum(p.numel() for p in model.parameters())
    dtype = dtype or ("float16" if count <= SMALL else "float32")
    weights = {k: v.detach().to("cpu", getattr(torch, dtype)).contiguous() for k, v in model.state_dict().items()}
    for name, value in weights.items():
        if not torch.isfinite(value).all():
            raise Refused(f"{name}: not finite as {dtype}; train with a lower --lr, or export with --dtype float32")
    os.makedirs(folder, exist_ok=True)
    config = model.config.to_dict()
    del config["_name_or_path"]
    config.update(architectures=["ConvNextForImageClassification"], dtype=dtype)
    write_json(os.path.join(folder, "config.json"), config)
    write_json(os.path.join(folder, "preprocessor_config.json"), processor(pictures))
    write_json(os.path.join(folder, "profile.json"), pictures.profile)
    write_json(os.path.join(folder, "training.json"), training)
    path = os.path.join(folder, "model.safetensors")
    with open(path + ".part", "wb") as f:               # save_file() would make it readable by its owner alone
        f.write(save(weights, metadata={"format": "pt"}))
    os.replace(path + ".part", path)
    return count, dtype
