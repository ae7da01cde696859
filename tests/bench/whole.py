#!/usr/bin/env python3
"""The whole program, measured from outside: what `voxtrawl bench` says, memory, start, a scan beside its engine alone, ranks beside
threads.

    whole.py [bench] [memory] [start] [scan] [ranks] [options]     default: all

Needs numpy and soundfile (peers/requirements.txt has them). Sound is generated into --work once. Where comparisons are made, those
compared take turns, and the fastest round counts. Prints Markdown."""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

RATE = 16000
CLIP_S = 11          # five windows of 2 s and half of one, as real recordings end anywhere


def sound(seconds, rate, seed):
    """float32: noise in syllables, loud enough to be scored everywhere"""
    import numpy as np

    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    return (rng.standard_normal(len(t)) * (0.02 + 0.1 * np.sin(2 * np.pi * 2.3 * t) ** 2)).clip(-1, 1).astype(np.float32)


def corpus(o):
    """Paths of o.files clips, wav, flac and mp3 in turn, 16 and 44.1 kHz, mono and stereo."""
    import numpy as np
    import soundfile

    folder = os.path.join(o.work, f"mixed-{o.files}")
    if not os.path.isdir(folder):
        os.makedirs(folder + ".new", exist_ok=True)
        for i in range(o.files):
            rate, channels, kind = (16000, 44100)[i % 2], 1 + i // 2 % 2, ("wav", "flac", "mp3")[i % 3]
            y = sound(CLIP_S, rate, i)
            soundfile.write(os.path.join(folder + ".new", f"{i:04}.{kind}"), np.stack([y] * channels, 1), rate)
        os.rename(folder + ".new", folder)
    return sorted(os.path.join(folder, name) for name in os.listdir(folder))


def long_file(o, seconds, share):
    """A WAV of `seconds`, with sound in `share` of its windows, evenly, silence in the others."""
    import soundfile

    path = os.path.join(o.work, f"long-{seconds}-{share}.wav")
    if not os.path.exists(path):
        window = sound(2, RATE, 1)
        with soundfile.SoundFile(path + ".new", "w", RATE, 1, format="WAV", subtype="PCM_16") as f:
            for i in range(seconds // 2):
                f.write(window if i % round(1 / share) == 0 else window * 0)
        os.rename(path + ".new", path)
    return path


class Turn:
    """As in peers/peers.py: $BENCH_TURN names a command that waits until it is our turn, where a machine is shared."""

    def __enter__(self):
        self.process = None
        if os.environ.get("BENCH_TURN"):
            self.process = subprocess.Popen([os.environ["BENCH_TURN"], str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.process.stdout.readline()

    def __exit__(self, *_):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def run(command, turn=True):
    """(seconds, peak resident bytes of the largest process)"""
    read, write = os.pipe()
    log = os.fdopen(read, "rb")
    if turn:
        holding = Turn()
        holding.__enter__()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=write, stderr=write)
    os.close(write)
    said = log.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - start
    if turn:
        holding.__exit__()
    log.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.stderr.write(said.decode(errors="replace"))
        raise SystemExit(f"exit status {process.returncode}: {' '.join(command)[:300]}")
    return took, usage.ru_maxrss * 1024


def scan(o, *inputs, model=None, options=(), launcher=(), turn=True):
    """One scan: its seconds, bytes, and row of the database"""
    db = os.path.join(o.work, f"scan-{os.getpid()}.db")
    took, peak = run([*launcher, o.voxtrawl, "scan", "--quiet", "--overwrite", "--fresh", "-o", db, "--model", model or o.model,
                      "--device", "cpu", *options, *inputs], turn)
    with sqlite3.connect(db) as connection:
        windows, = connection.execute("SELECT sum(n_scored) FROM items").fetchone()
        wall, engine = connection.execute("SELECT wall_s, engine FROM runs").fetchone()
    os.remove(db)
    return {"took": took, "peak": peak, "windows": windows, "wall": wall, "engine": engine}


def memory(o):
    print(f"\nMemory of a rank, `{o.shown} memory`: peak resident set of the process.\n\n| model, threads | 10 s | 10 h | windows scored of 10 h |")
    print("|---|---|---|---|")
    for name, model, share in (("ConvNeXt-Tiny", o.model, 1 / 90), ("the shipped model", o.small, 1 / 6)):
        for threads in sorted({1, o.cores}):
            peaks = [scan(o, long_file(o, seconds, part), model=model, options=("--threads", str(threads)), turn=False)
                     for seconds, part in ((10, 1), (36000, share))]
            print(f"| {name}, {threads} | " + " | ".join(f"{p['peak'] / 1e6:.0f} MB" for p in peaks) + f" | {peaks[1]['windows']} |", flush=True)


def start(o):
    clip = long_file(o, 2, 1)
    print(f"\nStart to first score, `{o.shown} start`: a whole scan of one window, from the command to the end of its process, the database written; "
          f"fastest of {o.rounds}, model in the page cache.\n\n| model | |\n|---|---|")
    for name, model in (("ConvNeXt-Tiny", o.model), ("the shipped model", o.small)):
        print(f"| {name} | {min(scan(o, clip, model=model)['took'] for _ in range(o.rounds)):.3f} s |", flush=True)


def bench(o, model, threads):
    command = [o.voxtrawl, "bench", "--model", model, "--device", "cpu", "--threads", str(threads), "--rounds", "1", "--seconds", str(o.seconds),
               "--format", "json"]
    with Turn():
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(done.stdout)["together"]["windows_per_s"]


def rates(few, many):
    """(windows a second of the larger scan, of what it has more than the smaller one): the second is without start and end."""
    a, b = min(few, key=lambda s: s["wall"]), min(many, key=lambda s: s["wall"])
    return b["windows"] / b["wall"], (b["windows"] - a["windows"]) / (b["wall"] - a["wall"])


def whole_scan(o):
    clips, alone, few, many = corpus(o), [], [], []
    for _ in range(o.rounds):
        alone.append(bench(o, o.model, o.cores))
        few.append(scan(o, *clips[:o.files // 5], options=("--threads", str(o.cores))))
        many.append(scan(o, *clips, options=("--threads", str(o.cores))))
    engine, (rate, more) = max(alone), rates(few, many)
    print(f"\nWhole scan beside the engine alone, `{o.shown} scan`: {o.files} clips of {CLIP_S} s, wav, flac and mp3, 16 and 44.1 kHz, mono and "
          f"stereo, {many[0]['windows']} windows; {many[0]['engine']}, {o.cores} threads; fastest of {o.rounds} rounds.\n\n"
          "| | windows/s | of the engine's |\n|---|---|---|")
    print(f"| `bench`, sound to logits | {engine:.1f} | |\n| scan, with start and end | {rate:.1f} | {100 * rate / engine:.1f} % |")
    print(f"| scan, what these clips take more than a fifth of them | {more:.1f} | **{100 * more / engine:.1f} %** |", flush=True)


def ranks(o):
    clips, n = corpus(o), o.cores
    if n < 2 or not shutil.which("mpirun"):
        print("\nRanks beside threads: not measured, it takes two cores and mpirun")
        return
    launcher = ["mpirun", "--bind-to", "none", "--oversubscribe", "-n", str(n)]
    if os.geteuid() == 0:
        launcher.insert(1, "--allow-run-as-root")
    kinds = {f"1 rank, {n} threads": (("--threads", str(n)), ()), f"{n} ranks, 1 thread each": (("--threads", "1"), launcher)}
    took = {kind: ([], []) for kind in kinds}
    for _ in range(o.rounds):
        for kind, (options, before) in kinds.items():
            for scans, some in zip(took[kind], (clips[:o.files // 5], clips)):
                scans.append(scan(o, *some, options=options, launcher=before, turn=not o.ranks_without_turn))
    print(f"\nRanks beside threads, `{o.shown} ranks`, the same clips, fastest of {o.rounds} rounds.\n\n"
          "| | windows/s, with start and end | what these clips take more than a fifth of them | |\n|---|---|---|---|")
    first = None
    for kind, scans in took.items():
        rate, more = rates(*scans)
        first = first or more
        print(f"| {kind} | {rate:.1f} | {more:.1f} | {f'**{100 * (more / first - 1):+.1f} %**' if more != first else ''} |", flush=True)


def whole_bench(o):
    with open("/proc/cpuinfo", encoding="ascii") as f:
        precisions = ["bf16", "fp32"] if " avx512_bf16 " in f.read() else ["fp32"]
    for model in (o.model, o.small):
        for precision in precisions:
            for threads in sorted({1, o.cores}, reverse=True):
                options = ["--precision", precision, "--threads", str(threads), "--seconds", str(o.seconds)]
                with Turn():
                    done = subprocess.run([o.voxtrawl, "bench", "--model", model, "--device", "cpu", *options], stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL, text=True, check=True)
                print(f"\n`voxtrawl bench --model {os.path.basename(model)} {' '.join(options)}`\n\n```")
                print("\n".join(line for line in done.stdout.splitlines() if not line.startswith("decode")) + "\n```", flush=True)


def main():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    everything = {"bench": whole_bench, "memory": memory, "start": start, "scan": whole_scan, "ranks": ranks}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", nargs="*", choices=[*everything, []])
    p.add_argument("--voxtrawl", default=os.environ.get("VOXTRAWL", os.path.join(root, "build/release/voxtrawl")))
    p.add_argument("--work", default=os.environ.get("WORK", os.path.join(root, "build/bench")))
    p.add_argument("--files", type=int, default=150)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=2, help="of each thing bench measures (default 2)")
    p.add_argument("--ranks-without-turn", action="store_true", help="do not wait for a turn where ranks are measured")
    o = p.parse_args()
    o.cores = len(os.sched_getaffinity(0))
    o.shown, o.small, o.model = "tests/bench/whole.py", os.path.join(root, "model/default"), os.path.join(o.work, "tiny")
    os.makedirs(o.work, exist_ok=True)
    if not os.path.exists(os.path.join(o.model, "model.safetensors")):
        subprocess.run([o.voxtrawl, "model", o.model, "--generate", "tiny"], stdout=subprocess.DEVNULL, check=True)
    for name in o.what or everything:
        everything[name](o)


if __name__ == "__main__":
    main()
