#!/usr/bin/env python3
"""Trains or fine-tunes a ConvNeXt for voxtrawl. README.md beside this file tells how; --help lists the options."""
import os
import platform
import sys

import numpy
import safetensors
import torch
import transformers

import audio
import export
import options
from pictures import Pictures, Refused
from trainer import Trainer, say


def load_checkpoint(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        raise Refused(f"{path} is missing: there is nothing to go on from")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as e:              # torch raises many kinds for a file that is none of its own
        raise Refused(f"{path}: no checkpoint of train.py: {e}") from e


def record(trainer, chosen):
    """training.json: what is needed to do it again."""
    pictures = trainer.pictures
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "") \
        if os.path.exists("/proc/cpuinfo") else ""
    return {
        "recipe": {k: v for k, v in options.recipe(trainer.o).items() if k not in ("pictures", "init")},
        "init": os.path.basename(os.path.normpath(trainer.o.init)) if trainer.o.init else None,
        "pictures": [{"folder": os.path.basename(os.path.normpath(s.folder)), "n": s.n, "sha256": s.sha256} for s in pictures.sets],
        "split": {name: [int((pictures.labels[pictures.rows(name)] == c).sum()) for c in (0, 1)] for name in ("train", "dev")},
        "steps": trainer.step, "seconds": trainer.history[-1]["seconds"] if trainer.history else 0,
        "chosen": chosen, "last": trainer.history[-1] if trainer.history else None,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__,
                     "numpy": numpy.__version__, "safetensors": safetensors.__version__},
        "hardware": torch.cuda.get_device_name(trainer.device) if trainer.device.type == "cuda" else f"{cpu}, {torch.get_num_threads()} threads",
    }


def write_model(trainer):
    """OUT/model: the best epoch's weights, or the last's where no epoch has ended or --select last asks for it."""
    best = os.path.join(trainer.o.out, "best.pt")
    if trainer.o.select != "last" and os.path.exists(best):
        state = load_checkpoint(trainer.o.out, "best.pt")
        weights, chosen = state["weights"], state["row"]
    else:
        weights, chosen = trainer.weights_now(), trainer.history[-1] if trainer.history else None
    trainer.model.load_state_dict(weights)
    folder = os.path.join(trainer.o.out, "model")
    count, dtype = export.write(folder, trainer.model, trainer.pictures, record(trainer, chosen), trainer.o.dtype)
    say(f"{folder}: {count / 1e6:.2f} M parameters in {dtype}" + (f", of epoch {chosen['epoch']}" if chosen else ""))


def main(argv):
    o = options.parse(argv)
    going_on = o.resume or o.export_only
    state = load_checkpoint(o.out, "checkpoint.pt") if going_on else None
    if going_on:
        o = options.resume(argv, state["recipe"])
    elif not o.pictures:
        raise Refused("nothing to train on; give folders made by voxtrawl pictures, or labelled audio")
    elif os.path.exists(os.path.join(o.out, "checkpoint.pt")) and not o.overwrite:
        raise Refused(f"{o.out} holds a run; --resume goes on with it, --overwrite begins anew")
    if o.threads:
        torch.set_num_threads(o.threads)
    pictures = Pictures(audio.resolve(o, going_on), o.dev_share)
    trainer = Trainer(o, pictures)
    if state:
        trainer.restore(state)
    if o.export_only:
        write_model(trainer)
        return 0
    os.makedirs(o.out, exist_ok=True)
    if not going_on and os.path.exists(os.path.join(o.out, "best.pt")):
        os.remove(os.path.join(o.out, "best.pt"))
    say(f"{len(trainer.train_rows)} pictures to train on, {len(trainer.dev_rows)} to choose by; "
        f"{sum(p.numel() for p in trainer.model.parameters()) / 1e6:.2f} M parameters; {trainer.steps} steps of {o.batch}; "
        f"{trainer.device}, {torch.get_num_threads()} threads" + (f"; from step {trainer.step}" if state else ""))
    why = trainer.run()
    if isinstance(why, int):
        say(f"stopped at step {trainer.step}; --resume goes on")
        return 128 + why
    write_model(trainer)
    if why == "time":
        say(f"time limit at step {trainer.step} of {trainer.steps}; --resume goes on")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Refused as e:
        print(f"train.py: {e}", file=sys.stderr)
        sys.exit(2)
