#!/usr/bin/env python3
"""Windows a second of ConvNeXt-Tiny in Voxtrawl and in what could be used instead, on the same processor, with the same weights.

Every peer first looks for its best batch, then all take turns, round by round, so that whatever else the machine does meets all
alike; of each the fastest round counts. Prints Markdown. run.sh prepares what this needs."""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from importlib import metadata

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = {"torch": "PyTorch eager", "compile": "torch.compile", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO",
         "openvino-streams": "OpenVINO, a stream a thread", "as written": "librosa + Pillow",
         "mel filters kept": "librosa + Pillow, mel filters kept"}
CAN = {  # precision: peers that have it
    "fp32": ["torch", "compile", "onnxruntime", "openvino", "openvino-streams"],
    "bf16": ["torch", "compile", "openvino", "openvino-streams"],
    "int8": ["onnxruntime", "openvino", "openvino-streams"],
}
LOGIT_TOLERANCE = {"fp32": 1e-3, "bf16": 0.06, "int8": 0.5}     # between engines, for the same picture: is it the same network?


class Turn:
    """Others may share the machine: the command in $BENCH_TURN runs beside each measurement with the measured process's id, prints a
    line when the machine is ours, and ends when its input does."""

    def __init__(self, pid):
        self.command, self.pid = os.environ.get("BENCH_TURN"), pid

    def __enter__(self):
        if self.command:
            self.process = subprocess.Popen([self.command, str(self.pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.process.stdout.readline()

    def __exit__(self, *_):
        if self.command:
            self.process.stdin.close()
            self.process.wait()


class Peer:
    """A worker process and what it reached."""

    def __init__(self, o, kind, precision, threads):
        self.o, self.kind, self.precision, self.threads = o, kind, precision, threads
        self.batch, self.rates, self.logits, self.failed = None, [], [], None
        script = [os.path.join(HERE, "engines.py"), kind, precision, str(threads), o.model, o.onnx, o.int8]
        if precision == "front end":
            script = [os.path.join(HERE, "frontend.py")]
        env = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads),
                   NUMBA_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        self.process = subprocess.Popen([sys.executable, *script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
                                        stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cpus))

    def ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            self.failed = answer["error"]
        return answer

    def prepare(self, batch):
        answer = self.ask(prepare=batch)
        self.logits = answer.get("logits", [])
        return self.failed is None

    def measure(self, seconds):
        with Turn(self.process.pid):
            return self.ask(measure=seconds).get("rate", 0.0)

    def choose(self):
        """Its best batch, which stays prepared."""
        rates = {}
        for batch in self.o.batches:
            if self.prepare(batch):
                rates[batch] = self.measure(self.o.search_seconds)
                say(f"  batch {batch}: {rates[batch]:.1f} windows/s")
        if self.failed:
            say(f"  {self.failed}")
        else:
            self.batch = max(rates, key=rates.get)
            self.prepare(self.batch)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def say(text):
    print(text, file=sys.stderr, flush=True)


def voxtrawl(o, precision, threads, *options):
    """One round of `voxtrawl bench`: its JSON, or None where it has no such precision."""
    command = [o.voxtrawl, "bench", "--model", o.model, "--device", "cpu", "--threads", str(threads), "--rounds", "1", "--seconds",
               str(o.seconds), "--format", "json", *options]
    if precision:
        command += ["--precision", precision]
    with Turn(os.getpid()):     # which it inherits
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        say("  " + done.stderr.strip().splitlines()[-1])
        return None
    return json.loads(done.stdout)


def contest(o, precision, threads):
    """One row of the table: {"voxtrawl": .., "peers": {kind: {"rate":, "batch":}}, "ceiling": ..}"""
    peers = []
    for kind in CAN[precision]:
        if kind in o.peers and not (kind == "openvino-streams" and threads == 1):
            say(f"{NAMES[kind]}, {precision}, {threads} threads: the best batch")
            peer = Peer(o, kind, precision, threads)
            peer.choose()
            peers.append(peer)
    best = {"network": 0.0, "share": 0.0, "ceiling": 0.0}
    for number in range(o.rounds):
        report = voxtrawl(o, precision, threads, "--network-only")
        if report:
            best["network"] = max(best["network"], report["network"]["windows_per_s"])
            best["ceiling"] = max(best["ceiling"], report["ceilings"].get(precision, {}).get("gflops", 0.0))
            best["gflop"] = report["gflop_a_window"]
            best["engine"] = report["engine"]
        for peer in peers:
            if not peer.failed:
                peer.rates.append(peer.measure(o.seconds))
        say(f"round {number + 1}: Voxtrawl {best['network']:.1f}, " + ", ".join(
            f"{NAMES[p.kind]} {max(p.rates, default=0):.1f}" for p in peers))
    check_same_network(peers, precision)
    for peer in peers:
        peer.close()
    return {"precision": precision, "threads": threads, "voxtrawl": best, "peers": {
        p.kind: {"failed": p.failed} if p.failed else {"rate": max(p.rates), "batch": p.batch} for p in peers}}


def check_same_network(peers, precision):
    good = [p for p in peers if p.logits]
    for p in good[1:]:
        off = max(abs(a - b) for a, b in zip(p.logits, good[0].logits))
        if off > LOGIT_TOLERANCE[precision]:
            raise SystemExit(f"{NAMES[p.kind]}'s logits are {off:.3g} from {NAMES[good[0].kind]}'s: not the same network")


def front_end(o):
    peers = []
    for kind in ("as written", "mel filters kept"):
        peer = Peer(o, kind, "front end", 1)
        if peer.prepare(kind):
            peers.append(peer)
        else:
            say(f"{NAMES[kind]}: {peer.failed}")
    ours = 0.0
    for _ in range(o.rounds):
        report = voxtrawl(o, None, 1, "--profile", "mel-16k-grey")
        ours = max(ours, report["front_end"]["windows_per_s"] if report else 0.0)
        for peer in peers:
            peer.rates.append(peer.measure(o.seconds))
    for peer in peers:
        peer.close()
    return {"voxtrawl": ours, "peers": {p.kind: max(p.rates) for p in peers}}


def processor():
    try:
        with open("/proc/cpuinfo", encoding="ascii") as f:
            facts = dict((k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in f))
        return f"{facts.get('model name', '?')} (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')})"
    except OSError:
        return platform.machine()


def cell(peer):
    if peer is None:
        return "–"
    return "failed" if "failed" in peer else f"{peer['rate']:.1f} ({peer['batch']})"


def table(o, rows, front):
    engine = next((r["voxtrawl"]["engine"] for r in rows if "engine" in r["voxtrawl"]), "")
    packages = ", ".join(f"{p} {metadata.version(p)}" for p in ("torch", "onnxruntime", "openvino", "transformers", "librosa", "pillow"))
    print(f"ConvNeXt-Tiny at 224, windows/s, best batch in brackets, fastest of {o.rounds} rounds of {o.seconds:g} s. "
          f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, {processor()}, {len(os.sched_getaffinity(0))} cores; {engine}; {packages}.")
    print(f"`{o.shown}`\n")
    kinds = [k for k in NAMES if any(k in r["peers"] for r in rows)]
    print("| | Voxtrawl | of its ceiling | " + " | ".join(NAMES[k] for k in kinds) + " | Voxtrawl by the fastest |")
    print("|---" * (len(kinds) + 4) + "|")
    for r in rows:
        v = r["voxtrawl"]
        most = max((p["rate"] for p in r["peers"].values() if "rate" in p), default=0)
        share = f"{100 * v['network'] * v['gflop'] / v['ceiling']:.1f} %" if v["ceiling"] else "–"
        print(f"| {r['precision']}, {r['threads']} thread{'s' if r['threads'] > 1 else ''} | {v['network']:.1f} | {share} | " if v["network"] else
              f"| {r['precision']}, {r['threads']} thread{'s' if r['threads'] > 1 else ''} | none | – | ", end="")
        print(" | ".join(cell(r["peers"].get(k)) for k in kinds), end="")
        print(f" | **{v['network'] / most:.2f}** |" if most and v["network"] else " | – |")
    if front:
        print(f"\nFront end, 2 s at 16 kHz to 224×224 (profile mel-16k-grey), one core: Voxtrawl {front['voxtrawl']:.0f} windows/s; " + "; ".join(
            f"{NAMES[k]} {rate:.1f} (**{front['voxtrawl'] / rate:.1f}** times)" for k, rate in front["peers"].items()) + ".")


def words(kind):
    return lambda text: [kind(x) for x in text.split(",")]


def main():
    cores = len(os.sched_getaffinity(0))
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--voxtrawl", required=True)
    p.add_argument("--model", required=True, help="a Hugging Face ConvNeXt folder")
    p.add_argument("--onnx", required=True)
    p.add_argument("--int8", required=True)
    p.add_argument("--peers", type=words(str), default=list(NAMES), help="default: all")
    p.add_argument("--precisions", type=words(str), default=list(CAN))
    p.add_argument("--threads", type=words(int), default=sorted({1, cores}))
    p.add_argument("--batches", type=words(int), default=[1, 4, 8, 16, 32])
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=1.5, help="a round of each (default 1.5)")
    p.add_argument("--search-seconds", type=float, default=1, help="for each batch tried (default 1)")
    p.add_argument("--no-front-end", action="store_true")
    p.add_argument("--json", metavar="FILE", help="the figures, too")
    p.add_argument("--shown", default=" ".join(sys.argv), help=argparse.SUPPRESS)
    o = p.parse_args()
    rows = [contest(o, precision, threads) for threads in o.threads[::-1] for precision in o.precisions]
    front = None if o.no_front_end else front_end(o)
    if o.json:
        with open(o.json, "w", encoding="utf-8") as f:
            json.dump({"rows": rows, "front_end": front}, f, indent=1)
    table(o, rows, front)


if __name__ == "__main__":
    main()
