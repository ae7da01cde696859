"""What train.sh cannot check itself: check.py parts DIR | refusals | scores MODEL PICTURES DB | relabel FROM TO | frozen FROM TO"""
import json
import math
import os
import shutil
import sqlite3
import sys
import wave

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import ConvNextForImageClassification

import augment
import export
import measure
import network
import options
import train
from pictures import Pictures, Refused, balanced_weights, draw, partners


def audio(folder):
    """Real: a tone that wavers, in noise; fake: one that does not."""
    rng = np.random.default_rng(5)
    t = np.arange(3 * 16000) / 16000
    for i in range(40):
        name = "fake" if i % 2 else "real"
        waver = 0 if i % 2 else 8 * np.sin(2 * np.pi * (3 + rng.random()) * t)
        x = np.sin(2 * np.pi * 150 * (1 + rng.random()) * t + waver) + 0.5 * rng.standard_normal(len(t))
        os.makedirs(os.path.join(folder, name, f"speaker{i // 4}"), exist_ok=True)
        with wave.open(os.path.join(folder, name, f"speaker{i // 4}", f"{i}.wav"), "wb") as f:
            f.setparams((1, 2, 16000, 0, "NONE", None))
            f.writeframes((x * 4000).astype("<i2").tobytes())


def same_network():
    """forward() against transformers' own, and its gradients"""
    torch.manual_seed(3)
    model = network.create((1, 2, 1, 1), (8, 12, 16, 20), 64, 0.0, 0.3)
    with torch.no_grad():
        for p in model.parameters():
            p += 0.1 * torch.randn_like(p)
    x = torch.randn(3, 3, 64, 64)
    grads = []
    outputs = []
    for run in (lambda: model(x).logits, lambda: network.forward(model, x)):
        model.zero_grad()
        outputs.append(run())
        outputs[-1].square().sum().backward()
        grads.append([p.grad.clone() for p in model.parameters()])
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-5, atol=1e-5)     # sums in another order
    for mine, theirs in zip(*grads):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))
    groups = network.parameter_groups(model, 1.0, 0.1, 0.5)
    assert sum(len(g["params"]) for g in groups) == len(list(model.parameters()))
    assert {g["lr"] for g in groups} == {0.5 ** k for k in range(7)}
    assert all((g["weight_decay"] > 0) == (p.ndim > 1) for g in groups for p in g["params"])


def half_precision():
    """bfloat16, whose depthwise gradient is our own: as float32 within its rounding, and the weights' gradient not worse than torch's"""
    torch.manual_seed(6)
    model = network.create((1, 1), (16, 24), 32, 0.0, 0.5)
    x = torch.randn(4, 3, 32, 32)
    grads = {}
    for bf16 in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network.forward(model, x)
        logits.float().square().sum().backward()
        grads[bf16] = {name: p.grad.clone() for name, p in model.named_parameters()}
    for name, exact in grads[False].items():
        error = float((grads[True][name] - exact).norm() / exact.norm())
        assert error < 0.05, (name, error)              # 8 bits of mantissa, through some ten layers
        assert grads[True][name].dtype == torch.float32


def augmentation():
    torch.manual_seed(1)
    strengths = {name: default for name, default, _ in options.AUGMENT} | {"erase": 0.5}
    x = (torch.rand(16, 1, 32, 32) * 255).floor() / 255
    off = augment.Augment(dict.fromkeys(strengths, 0), False)
    assert torch.equal(off(torch.cat([x, torch.zeros(1, 1, 32, 32)]))[16:], torch.zeros(1, 1, 32, 32))
    assert (off(x) - x).abs().max() < 0.03              # nothing but the front end's min-max
    for channels in (1, 3):
        y = augment.Augment(strengths, False)(x.expand(-1, channels, -1, -1))
        assert y.shape == (16, channels, 32, 32) and y.isfinite().all() and 0 <= y.min() and y.max() <= 1
        assert not torch.equal(y, x.expand(-1, channels, -1, -1))
    torch.manual_seed(4)
    first = augment.Augment(strengths, False)(x)
    torch.manual_seed(4)
    assert torch.equal(first, augment.Augment(strengths, False)(x))
    ramp = torch.arange(32).float().expand(1, 1, 1, 32).expand(1, 1, 32, 32)
    turned = augment.shift(ramp, 0.5)[0, 0, 0]
    assert torch.equal(turned.sort().values, ramp[0, 0, 0])
    for low_at_bottom in (False, True):                 # what a band limit takes away are the high bands
        only = augment.Augment(dict.fromkeys(strengths, 0) | {"band_limit": 1.0}, low_at_bottom)
        rows = only(torch.full((64, 1, 32, 32), 0.5) + 0.1 * torch.rand(64, 1, 32, 32)).mean((0, 1, 3))
        low, high = (rows[-16:], rows[:8]) if low_at_bottom else (rows[:16], rows[-8:])
        assert low.mean() > 2 * high.mean(), (low_at_bottom, rows)
    loud = augment.add_noise(torch.zeros(200, 1, 32, 32), torch.linspace(0, 1, 32), 1.0, loudest=-25, quietest=-25, tilt=0, grain=0)
    assert (loud - (1 - 25 / 80)).abs().max() < 0.01    # over a floor of silence the noise is what remains
    mixed, targets = augment.mixup(x, torch.eye(2)[torch.arange(16) % 2], 0.4)
    assert mixed.shape == x.shape and torch.allclose(targets.sum(1), torch.ones(16))


def measures():
    a = np.array
    for real, fake, expected in [
            (a([3, 4, 5.0]), a([0, 1, 2.0]), 0.0), (a([0, 1, 2.0]), a([3, 4, 5.0]), 1.0), (a([0, 2.0]), a([1, 3.0]), 0.5),
            (a([0, 2, 3, 4.0]), a([-1, -2, -3, 1.0]), 0.25)]:
        assert measure.eer(real, fake) == expected, (real, fake, measure.eer(real, fake))
    assert math.isnan(measure.eer(a([1.0]), a([])))
    scores, labels, files = a([1, 9, 0, -9.0]), a([0, 0, 1, 1]), a([7, 7, 8, 8])
    assert measure.by_file(scores, labels, files) == 0
    assert measure.by_group(a([1, 2, 0, 3.0]), labels, a(["", "", "a", "b"])) == {"a": 0.0, "b": 1.0}


def drawing():
    """100 windows of one speaker and 4 of another count 10 to 2; both classes the same."""
    class Few:
        labels = np.array([0] * 104 + [1] * 26)
        @staticmethod
        def column(_):
            return np.array(["a"] * 100 + ["b"] * 4 + ["c"] * 26)
    rows = np.arange(130)
    weights = balanced_weights(Few, rows, ["label", "speaker"])
    assert math.isclose(weights.sum(), 130) and math.isclose(weights[104:].sum(), 65)
    assert math.isclose(weights[:100].sum() / weights[100:104].sum(), 5)
    drawn = np.bincount(draw(rows, weights, 260, np.random.default_rng(1)), minlength=130)
    assert drawn.sum() == 260 and (abs(drawn - 2 * weights) < 1).all()


def pairs():
    """A fake goes with the real window of its pair and number; one that has none is left out; no pair at all is refused."""
    class Paired:
        labels = np.array([0, 0, 1, 1, 1])
        columns = {"pair": np.array(["a", "a", "a", "a", "b"]), "window": np.array(["0", "1", "1", "0", "0"])}
        @classmethod
        def column(cls, name):
            return cls.columns[name]
    rows = np.arange(5)
    assert partners(Paired, rows, "pair") == {2: 1, 3: 0}
    try:
        partners(Paired, np.array([0, 4]), "pair")
    except Refused:
        return
    raise AssertionError("no pair, and not refused")


def spread_weights():
    """A block changes its input by as much as a new network's layer scale says, whatever its width."""
    for width in (16, 64):
        torch.manual_seed(2)
        model = network.create((1, 1), (width, 2 * width), 32, 0.0, 1.0)
        x = torch.randn(4, 8, 8, width)
        with torch.no_grad():
            share = float((network.block(x, model.convnext.encoder.stages[0].layers[0], False) - x).std())
        assert 0.2 < share < 2, (width, share)


def scores(model_dir, pictures_dir, db):
    """A scan of the recordings against transformers on the training pictures."""
    pictures = Pictures([pictures_dir])
    model = ConvNextForImageClassification.from_pretrained(model_dir, dtype=torch.float32).eval()
    mean, std, rescale = export.scaling(pictures)
    x = torch.from_numpy(pictures.get(np.arange(len(pictures)))).float() * rescale
    x = (x - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
    with torch.no_grad():
        expected = model(x).logits.numpy()
    got = {(os.path.abspath(path), index): logits for path, index, *logits in sqlite3.connect(db).execute(
        "SELECT path, idx, logit_real, logit_fake FROM windows JOIN items USING (item)")}
    keys = zip(pictures.column("path"), pictures.column("window"))
    difference = max(np.abs(np.array(got[os.path.abspath(p), int(w)]) - e).max() for (p, w), e in zip(keys, expected))
    assert len(got) == len(pictures) and np.ptp(expected[:, 0]) > 1e-3
    assert difference <= 1e-5 * np.abs(expected).max(), difference      # VX_TOL_LOGITS_FP32 of tests/harness/tolerances.h
    print(f"{len(got)} windows: voxtrawl's logits within {difference:.1e} of transformers'")


def relabel(source, target):
    """The same network with a head of three classes."""
    shutil.copytree(source, target)
    path = os.path.join(target, "config.json")
    with open(path, encoding="utf-8") as f:
        config = json.load(f)
    config.update(id2label={"0": "cat", "1": "dog", "2": "owl"}, label2id={"cat": 0, "dog": 1, "owl": 2})
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f)
    weights = load_file(os.path.join(target, "model.safetensors"))
    weights["classifier.weight"], weights["classifier.bias"] = torch.ones(3, 32), torch.zeros(3)
    save_file(weights, os.path.join(target, "model.safetensors"), metadata={"format": "pt"})


def frozen(source, target):
    """--freeze 1: stem and first stage are the same, what follows is not."""
    a, b = (load_file(os.path.join(d, "model.safetensors")) for d in (source, target))
    for name in a:
        still = name.startswith(("convnext.embeddings", "convnext.encoder.stages.0"))
        assert torch.equal(a[name], b[name]) or not still, name
    assert not torch.equal(a["classifier.weight"], b["classifier.weight"])


REFUSALS = [
    ("nothing to train on", "-o new"),
    ("there is no such file", "-o new nowhere"),
    ("no subfolder named after a class", "-o new whole/model"),
    ("promises 81920; make the pictures again", "-o new broken"),
    ("no column \"label\"", "-o new unlabelled"),
    ("mislabelled/windows.csv:3: label \"perhaps\"", "-o new mislabelled"),
    ("made by another profile", "-o new whole/pictures/0 otherwise"),
    ("windows.csv has no such column", "-o new whole/pictures/0 --balance label,studio"),
    ("a network that needs a multiple of 64", "-o new whole/pictures/0 --depths 1,1,1,1,1 --hidden-sizes 8,8,8,8,8"),
    ("--depths has 2 stages", "-o new whole/pictures/0 --depths 1,1 --hidden-sizes 8,8,8"),
    ("whole holds a run", "-o whole whole/pictures/0"),
    ("the run was begun with lr 0.002, not 3.0", "-o whole --resume --lr 3"),
    ("nothing to go on from", "-o new --resume"),
    ("--batch 0: expected more than 0", "-o new whole/pictures/0 --batch 0"),
    ("sound/config.json", "-o new whole/pictures/0 --init sound"),
    ("give its path with --voxtrawl", "-o new sound --voxtrawl ./no-such-program"),
]


def refusals():
    for text, line in REFUSALS:
        try:
            train.main(line.split())
        except Refused as e:
            assert text in str(e), (line, str(e))
        else:
            raise AssertionError(f"{line}: was not refused")


def parts(folder):
    for part in (same_network, half_precision, augmentation, measures, drawing, pairs, spread_weights):
        part()
    audio(folder)


if __name__ == "__main__":
    torch.set_num_threads(1)
    checks = {"parts": parts, "refusals": refusals, "scores": scores, "relabel": relabel, "frozen": frozen}
    checks[sys.argv[1]](*sys.argv[2:])
