#!/usr/bin/env python3
"""Windows a second of what people use instead: ConvNeXt of transformers in PyTorch, and torchaudio's mel spectrogram.

    peers.py [--seconds S] [--steps N,N] [--network tiny] [--device cuda]

Run it on the same device, right after gpu_bench (run.sh does). Prints one line a case, best batch last. Nothing is downloaded: the weights
are random, their values cost no time. Inputs lie on the device, as for gpu_bench's network and front end."""

import argparse
import time

import torch

STANDARD = {  # depths, hidden sizes
    "atto": ([2, 2, 6, 2], [40, 80, 160, 320]),
    "tiny": ([3, 3, 9, 3], [96, 192, 384, 768]),
}


def sync(device):
    if device == "cuda":
        torch.cuda.synchronize()


def rate(run, n, seconds, device):
    """n windows a run: windows a second over about `seconds`, after as much warming up as compiling takes."""
    for _ in range(5):
        run()
    sync(device)
    runs, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for _ in range(4):
            run()
        sync(device)
        runs += 4
    return n * runs / (time.perf_counter() - begin)


def networks(args):
    from transformers import ConvNextConfig, ConvNextForImageClassification

    depths, sizes = STANDARD[args.network]
    config = ConvNextConfig(image_size=args.size, depths=depths, hidden_sizes=sizes, num_labels=2)
    best = {}
    for dtype in (torch.float16, torch.bfloat16):
        model = ConvNextForImageClassification(config).eval().to(args.device, dtype).to(memory_format=torch.channels_last)
        compiled = torch.compile(model, mode="max-autotune")
        for name, forward in (("eager, channels last", model), ("torch.compile max-autotune", compiled)):
            for n in args.steps:
                x = torch.rand(n, 3, args.size, args.size, device=args.device, dtype=dtype).to(memory_format=torch.channels_last)
                try:
                    with torch.inference_mode():
                        r = rate(lambda: forward(x).logits, n, args.seconds, args.device)
                except torch.cuda.OutOfMemoryError:
                    print(f"network     {name}, {dtype}, batch {n}: out of memory")
                    break
                print(f"network     {name}, {dtype}, batch {n}: {r:.0f} windows/s", flush=True)
                best[name] = max(best.get(name, 0), r)
    for name, r in best.items():
        print(f"network     {name}: {r:.0f} windows/s at its best")


def front_end(args):
    try:
        import torchaudio
    except ImportError as e:
        print(f"front end   not measured: {e}")
        return
    mel = torch.nn.Sequential(
        torchaudio.transforms.MelSpectrogram(16000, n_fft=2048, hop_length=512, n_mels=128, norm="slaney", mel_scale="slaney"),
        torchaudio.transforms.AmplitudeToDB(top_db=80)).to(args.device)
    for n in args.steps:
        x = torch.rand(n, 32000, device=args.device) * 2 - 1
        with torch.inference_mode():
            r = rate(lambda: mel(x), n, args.seconds, args.device)
        print(f"front end   torchaudio mel and dB alone (no picture), float32, batch {n}: {r:.0f} windows/s", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--steps", type=lambda s: [int(n) for n in s.split(",")], default=[16, 32, 64, 128, 256])
    p.add_argument("--network", choices=sorted(STANDARD), default="tiny")
    p.add_argument("--size", type=int, default=224)
    p.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    args = p.parse_args()
    where = torch.cuda.get_device_name() if args.device == "cuda" else "processor"
    print(f"peers       PyTorch {torch.__version__} on {where}")
    networks(args)
    front_end(args)


if __name__ == "__main__":
    main()
