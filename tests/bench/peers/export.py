"""export.py MODEL ONNX INT8 - a Hugging Face ConvNext folder as ONNX of any batch, and quantised to int8 by ONNX Runtime's own
static quantisation (per-channel weights, ranges from noise pictures: good for timing, not for scores)."""

import logging
import sys
import warnings

import numpy
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from transformers import ConvNextForImageClassification

SIZE = 224


class Network(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, pixel_values):
        return self.net(pixel_values).logits


class Pictures(CalibrationDataReader):
    def __init__(self):
        self.left = [numpy.random.default_rng(i).standard_normal((1, 3, SIZE, SIZE), dtype=numpy.float32) for i in range(4)]

    def get_next(self):
        return {"pixel_values": self.left.pop()} if self.left else None


def main():
    model, onnx, int8 = sys.argv[1:]
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    net = Network(ConvNextForImageClassification.from_pretrained(model, dtype=torch.float32, local_files_only=True)).eval()
    x = torch.zeros(2, 3, SIZE, SIZE)
    batch = torch.export.Dim("batch", min=1, max=64)
    torch.onnx.export(net, (x,), onnx, input_names=["pixel_values"], output_names=["logits"], dynamo=True, external_data=False,
                      dynamic_shapes={"pixel_values": {0: batch}}, verbose=False)
    quant_pre_process(onnx, int8 + ".prepared", skip_symbolic_shape=True)
    quantize_static(int8 + ".prepared", int8, Pictures(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


if __name__ == "__main__":
    main()
