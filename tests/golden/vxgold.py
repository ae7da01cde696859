"""Writer and reader of the golden files that the C tests compare against (reader in C: tests/harness/golden.h).

Little-endian. Header: magic b"vxgold\r\n", u32 version = 1, u32 number of arrays, 32 bytes SHA-256 of the script that
made the file, u16 length and name of that script. Then each array: u16 length and bytes of its name, u8 dtype,
u8 number of dimensions, u32 shape[...], zero bytes up to a multiple of 16 from the start of the file, the elements
row-major. Nothing follows the last array."""

import hashlib
import os
import struct

import numpy as np

MAGIC = b"vxgold\r\n"
VERSION = 1
DTYPES = ["uint8", "int32", "int64", "float32", "float64", "int16"]  # the code is the position; append only


def write(path, script, arrays):
    """arrays: {name: numpy array or scalar}, in the order they are to be stored; strings become uint8 arrays."""
    with open(script, "rb") as f:
        digest = hashlib.sha256(f.read()).digest()
    base = os.path.basename(script).encode()
    out = bytearray(MAGIC + struct.pack("<II", VERSION, len(arrays)) + digest + struct.pack("<H", len(base)) + base)
    for name, value in arrays.items():
        if isinstance(value, str):
            value = np.frombuffer(value.encode(), np.uint8)
        a = np.asarray(value, order="C")
        if a.dtype.name not in DTYPES:
            raise TypeError(f"{name}: dtype {a.dtype} is none of {', '.join(DTYPES)}")
        out += struct.pack("<H", len(name.encode())) + name.encode()
        out += struct.pack("<BB", DTYPES.index(a.dtype.name), a.ndim) + struct.pack(f"<{a.ndim}I", *a.shape)
        out += bytes(-len(out) % 16)
        out += a.astype(a.dtype.newbyteorder("<"), copy=False).tobytes()
    with open(path, "wb") as f:
        f.write(out)
    print(f"{path}: {len(arrays)} arrays, {len(out)} bytes")


def read(path):
    """{name: array}, for looking into a golden file."""
    with open(path, "rb") as f:
        data = f.read()
    version, count = struct.unpack_from("<II", data, 8)
    if data[:8] != MAGIC or version != VERSION:
        raise ValueError(f"{path}: not a golden file of version {VERSION}")
    pos = 50 + struct.unpack_from("<H", data, 48)[0]
    arrays = {}
    for _ in range(count):
        n = struct.unpack_from("<H", data, pos)[0]
        name = data[pos + 2:pos + 2 + n].decode()
        pos += 2 + n
        dtype, ndim = struct.unpack_from("<BB", data, pos)
        shape = struct.unpack_from(f"<{ndim}I", data, pos + 2)
        pos += 2 + 4 * ndim
        pos += -pos % 16
        size = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(data, DTYPES[dtype], size, pos).reshape(shape)
        pos += arrays[name].nbytes
    return arrays
