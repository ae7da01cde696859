"""One peer in a process of its own, for peers.py: engines.py KIND PRECISION THREADS MODEL ONNX INT8

Reads a JSON object a line: {"prepare": BATCH} loads and warms up, {"measure": SECONDS} runs; answers with one a line. MODEL is a
Hugging Face folder, ONNX and INT8 are files made of it by export.py. A peer that cannot answers {"error": text}."""

import json
import os
import sys
import time
import warnings

SIZE = 224


class Torch:
    """transformers' ConvNext, channels last."""

    def __init__(self, precision, threads, model, onnx, int8, compiled=False):
        import torch
        from transformers import ConvNextForImageClassification
        from transformers.utils import logging

        logging.disable_progress_bar()
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self.torch = torch
        self.dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
        net = ConvNextForImageClassification.from_pretrained(model, dtype=torch.float32, local_files_only=True)
        self.net = net.eval().to(self.dtype).to(memory_format=torch.channels_last)
        self.compiled = compiled

    def prepare(self, x):
        self.run = self.torch.compile(self.net, dynamic=False) if self.compiled else self.net
        self.x = self.torch.from_numpy(x).to(self.dtype).to(memory_format=self.torch.channels_last)

    def step(self):
        with self.torch.inference_mode():
            return self.run(self.x).logits.float().numpy()


class Compiled(Torch):
    def __init__(self, *args):
        super().__init__(*args, compiled=True)


class OnnxRuntime:
    def __init__(self, precision, threads, model, onnx, int8):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = {"fp32": onnx, "int8": int8}[precision]
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def prepare(self, x):
        self.x = x

    def step(self):
        return self.session.run(None, {"pixel_values": self.x})[0]


class OpenVino:
    """The better of its two ways: all threads on one batch, or a batch a thread (`streams`)."""

    def __init__(self, precision, threads, model, onnx, int8, streams=1):
        import openvino

        self.ov, self.threads, self.streams = openvino, threads, streams
        self.core = openvino.Core()
        self.path = int8 if precision == "int8" else onnx
        self.hint = "bf16" if precision == "bf16" else "f32"

    def prepare(self, x):
        net = self.core.read_model(self.path)
        net.reshape(list(x.shape))
        compiled = self.core.compile_model(net, "CPU", {
            "INFERENCE_NUM_THREADS": self.threads, "NUM_STREAMS": self.streams, "INFERENCE_PRECISION_HINT": self.hint})
        self.queue = self.ov.AsyncInferQueue(compiled, self.streams)
        self.x = x
        self.last = None
        self.queue.set_callback(lambda request, _: setattr(self, "last", request.get_output_tensor().data))

    def step(self):
        for _ in range(self.streams):
            self.queue.start_async({0: self.x})
        self.queue.wait_all()
        return self.last


class OpenVinoStreams(OpenVino):
    def __init__(self, precision, threads, *args):
        super().__init__(precision, threads, *args, streams=threads)


KINDS = {"torch": Torch, "compile": Compiled, "onnxruntime": OnnxRuntime, "openvino": OpenVino, "openvino-streams": OpenVinoStreams}


def measure(engine, batch, seconds):
    """Windows a second over about `seconds`, at least two steps."""
    windows, steps, start = 0, 0, time.perf_counter()
    while steps < 2 or time.perf_counter() - start < seconds:
        engine.step()
        steps += 1
        windows += batch * getattr(engine, "streams", 1)
    return windows / (time.perf_counter() - start)


def serve(kind, precision, threads, *files):
    import numpy

    engine = KINDS[kind](precision, threads, *files)
    pictures = numpy.random.default_rng(1).standard_normal((64, 3, SIZE, SIZE), dtype=numpy.float32)
    batch = 1
    for line in sys.stdin:
        request = json.loads(line)
        if "prepare" in request:
            batch = request["prepare"]
            engine.prepare(numpy.ascontiguousarray(pictures[:batch]))
            for _ in range(2):
                logits = engine.step()
            yield {"logits": [float(v) for v in logits[0]]}
        else:
            yield {"rate": measure(engine, batch, request["measure"])}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)       # whatever libraries print is no answer
    warnings.simplefilter("ignore")
    kind, precision, threads, *files = sys.argv[1:]
    try:
        for answer in serve(kind, precision, int(threads), *files):
            print(json.dumps(answer), file=answers, flush=True)
    except Exception as e:      # of a library: any
        print(json.dumps({"error": f"{type(e).__name__}: {e}"[:300]}), file=answers, flush=True)


if __name__ == "__main__":
    main()
