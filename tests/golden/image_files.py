"""Tiny PNG and JPEG files of every kind, and what Pillow's Image.open(...).convert("RGB") makes of them -> image-files.gold.

Needs numpy, Pillow and ffmpeg (JPEG with chroma subsampled in ways that Pillow does not write). "NAME.file" holds the
bytes, "NAME.rgb" [h][w][3] the pixels; without the latter Pillow refuses the file, and so must we."""

import io
import os
import struct
import subprocess
import tempfile
import warnings
import zlib

import numpy as np
import PIL
import vxgold
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
W, H = 13, 11
RNG = np.random.default_rng(2)
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]  # x, y, dx, dy
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def rows(samples, depth):
    out = b""
    for row in samples:
        if depth >= 8:
            packed = row.astype(">u2" if depth == 16 else np.uint8).tobytes()
        else:
            bits = ((row.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
            packed = np.packbits(bits).tobytes()
        out += b"\0" + packed
    return out


def png(color, depth, top=None, palette=None, extra=b"", interlaced=False):
    """Random samples below top; Pillow writes few of these, so they are put together here."""
    channels = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}[color]
    samples = RNG.integers(0, top or 1 << depth, (H, W, channels))
    passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    data = b"".join(rows(p, depth) for p in passes if p.size)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, depth, color, 0, 0, interlaced))
            + (chunk(b"PLTE", palette) if palette else b"") + extra + chunk(b"IDAT", zlib.compress(data))
            + chunk(b"IEND", b""))


def entries(n):
    return RNG.integers(0, 256, 3 * n).astype(np.uint8).tobytes()


def pngs():
    for inter in (False, True):
        kind = "interlaced" if inter else "plain"
        for depth in (1, 2, 4, 8, 16):
            yield f"{kind}-grey{depth}", png(GREY, depth, interlaced=inter)
        for depth in (1, 2, 4, 8):
            yield f"{kind}-palette{depth}", png(PALETTE, depth, palette=entries(1 << depth), interlaced=inter)
        for depth in (8, 16):
            yield f"{kind}-rgb{depth}", png(RGB, depth, interlaced=inter)
            yield f"{kind}-grey-alpha{depth}", png(GREY_ALPHA, depth, interlaced=inter)
            yield f"{kind}-rgb-alpha{depth}", png(RGB_ALPHA, depth, interlaced=inter)
    yield "grey16-dark", png(GREY, 16, top=400)  # Pillow cuts off at 255
    yield "palette-short", png(PALETTE, 4, palette=entries(5))
    yield "palette-trns", png(PALETTE, 8, top=4, palette=entries(4), extra=chunk(b"tRNS", b"\0\x80\xff"))
    yield "grey-trns", png(GREY, 8, top=4, extra=chunk(b"tRNS", b"\0\2"))
    yield "rgb-trns", png(RGB, 8, top=4, extra=chunk(b"tRNS", b"\0\2\0\1\0\3"))
    yield "gamma", png(RGB, 8, extra=chunk(b"gAMA", struct.pack(">I", 100000)))
    yield "profile", png(RGB, 8, extra=chunk(b"iCCP", b"x\0\0" + zlib.compress(b"none" * 99)))
    whole = png(RGB, 8)
    yield "no-end-marker", whole[:-12]
    yield "cut-png", whole[:len(whole) // 2]
    damaged = bytearray(whole)
    damaged[-20] ^= 1
    yield "damaged-png", bytes(damaged)


def picture():
    y, x = np.mgrid[0:H, 0:W]
    smooth = np.stack([x * 19, y * 22, x * y * 2], -1)
    return Image.fromarray((smooth + RNG.integers(0, 14, smooth.shape)).astype(np.uint8))


def jpegs(folder):
    def save(mode="RGB", **options):
        f = io.BytesIO()
        image.convert(mode).save(f, "JPEG", **options)
        return f.getvalue()

    image = picture()
    for quality in (30, 90):
        for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
            yield f"jpeg-{name}-{quality}", save(quality=quality, subsampling=subsampling)
    yield "jpeg-grey", save("L")
    yield "jpeg-cmyk", save("CMYK")
    yield "jpeg-progressive", save(progressive=True)
    yield "jpeg-restarts", save(restart_marker_blocks=1)
    exif = Image.Exif()
    exif[0x112] = 6  # "turn it by 90 degrees"
    yield "jpeg-turned", save(exif=exif)
    source, target = os.path.join(folder, "in.png"), os.path.join(folder, "out.jpg")
    image.save(source)
    for pixels in ("yuvj440p", "yuvj411p"):
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, "-pix_fmt", pixels, "-c:v", "mjpeg", "-f", "image2",
                        "-update", "1", target], check=True)
        with open(target, "rb") as f:
            yield "jpeg-" + pixels, f.read()
    whole = save(quality=90)
    yield "jpeg-and-more", whole + b"something else"
    yield "jpeg-cut", whole[:-20]
    yield "jpeg-cut-header", whole[:100]
    yield "jpeg-cut-progressive", save(progressive=True)[:-20]


def main():
    warnings.simplefilter("ignore")  # that a palette's transparency is dropped
    names = []
    out = {"versions": f"Pillow {PIL.__version__}"}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in [*pngs(), *jpegs(folder)]:
            names.append(name)
            out[name + ".file"] = np.frombuffer(data, np.uint8)
            try:
                out[name + ".rgb"] = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
            except OSError as refused:
                print(f"{name}: {refused}")
    out["names"] = " ".join(names)
    vxgold.write(os.path.join(HERE, "image-files.gold"), __file__, out)


if __name__ == "__main__":
    main()
