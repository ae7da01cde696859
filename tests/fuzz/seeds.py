#!/usr/bin/env python3
"""Writes tests/fuzz/seeds: small valid inputs of every kind, for the fuzz targets to begin with.

Python's own library, and for sound ffmpeg and sndfile-convert. The result is committed; run it again to add to it.
"""
import gzip, io, json, math, pathlib, struct, subprocess, tarfile, tempfile, wave, zipfile, zlib

here = pathlib.Path(__file__).parent
out = here / "seeds"


def write(target, name, data):
    path = out / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def tone(rate=8000, n=2000):
    return [int(8000 * math.sin(2 * math.pi * 440 * i / rate)) for i in range(n)]


def wav(samples, rate=8000):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(rate)
        w.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return buffer.getvalue()


def safetensors():
    tensors = {"a": ("F32", [2, 3], 24), "b.weight": ("F16", [4], 8), "c": ("BF16", [1, 1, 2], 4)}
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    write("safetensors", "three", struct.pack("<Q", len(text)) + text + bytes(range(at)))
    write("safetensors", "none", struct.pack("<Q", 2) + b"{}")


def configs():
    config = {"architectures": ["ConvNextForImageClassification"], "model_type": "convnext", "hidden_act": "gelu",
              "image_size": 224, "num_channels": 3, "patch_size": 4, "num_stages": 4, "depths": [3, 3, 9, 3],
              "hidden_sizes": [96, 192, 384, 768], "layer_norm_eps": 1e-12, "layer_scale_init_value": 1e-6,
              "id2label": {"0": "fake", "1": "real"}, "label2id": {"fake": 0, "real": 1}}
    processor = {"image_processor_type": "ConvNextImageProcessor", "do_resize": True, "size": {"shortest_edge": 224},
                 "crop_pct": 0.875, "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
                 "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    index = {"metadata": {"total_size": 12}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "../x.safetensors"}}
    profile = (here / "../../model/default/profile.json").read_bytes()
    for number, text in enumerate([json.dumps(config), json.dumps(processor), profile, json.dumps(index)]):
        write("config", f"{number}.json", bytes([number]) + (text if isinstance(text, bytes) else text.encode()))


def manifests():
    table = "path,member,speaker\na.wav,,anna\n\"b, c.flac\",x/y.wav,\"o\"\"neil\"\n"
    write("manifest", "txt", b"\0path\na.wav\nb c.flac\n# d\n")
    write("manifest", "csv", b"\1" + table.encode())
    write("manifest", "tsv", b"\2" + table.replace(",", "\t").encode())
    write("manifest", "gz", b"\3" + gzip.compress(table.encode(), mtime=0))


def labels():
    for name, text in {
        "asvspoof2019": "LA_0079 LA_T_1138215 - - bonafide\nLA_0079 LA_T_1271820 - A01 spoof\n",
        "asvspoof2021": "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval\n",
        "asvspoof5": "T_4850 T_0000000000 F - - - AC3 A05 spoof -\n",
        "in-the-wild": "file,speaker,label\n0.wav,Alec Guinness,spoof\n1.wav,Barack Obama,bona-fide\n",
        "mlaad": "path|original_file|language\nfake/en/a.wav|b.wav|en\n",
        "fakeavceleb": "source,target1,method,type,gender,filename,path\nid1,-,real,RealVideo-RealAudio,men,0.mp4,x\n",
        "spoofceleb": "file,speaker,attack\na00/1.flac,id1,a00\na05/2.flac,id1,a05\n",
        "table": "audio\tclass\nx.wav\tfake\ny.wav\treal\n",
    }.items():
        write("labels", name, b"\xff" + text.encode())


def messages():
    front = b"VXTM" + struct.pack("<H", 2)
    for kind in range(1, 11):
        write("wire", f"{kind}", front + struct.pack("<H", kind) + struct.pack("<QQQ", kind, 1, 0) + b"\0" * 64)


def png(width, height, colour, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
            + (chunk(b"PLTE", bytes(range(12))) if colour == 3 else b"")
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def images():
    for colour, channels in ((0, 1), (2, 3), (3, 1), (6, 4)):
        write("image", f"colour{colour}.png", png(4, 4, colour, b"".join(b"\0" + bytes(i % 4 for i in range(4 * channels)) for _ in range(4))))
    with tempfile.TemporaryDirectory() as folder:
        for name, options in {"a.jpg": [], "grey.jpg": ["-pix_fmt", "gray"]}.items():
            path = pathlib.Path(folder, name)
            subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=16x16:duration=0.04", *options, path], check=True)
            write("image", name, path.read_bytes())


def tar(members, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def archives():
    sound = wav(tone(n=100))
    members = {"a.wav": sound, "b/c.wav": sound}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(zipfile.ZipInfo(name), data)
    write("archive", "plain.tar", tar(members))
    write("archive", "long.tar", tar({"d/" * 70 + "a.wav": sound}))
    for kind in ("gz", "bz2", "xz"):
        write("archive", f"packed.tar.{kind}", tar(members, f"w:{kind}"))
    write("archive", "some.zip", buffer.getvalue())
    write("archive", "nested.tar", tar({"inner.zip": buffer.getvalue(), "a.wav": sound}))
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "a.wav").write_bytes(sound)
        subprocess.run(["7z", "a", "-bso0", "x.7z", "a.wav"], cwd=folder, check=True)
        subprocess.run(["bsdtar", "--zstd", "-cf", "x.tar.zst", "a.wav"], cwd=folder, check=True)
        for name in ("x.7z", "x.tar.zst"):
            write("archive", name, pathlib.Path(folder, name).read_bytes())


def sounds():
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "source.wav")
        source.write_bytes(wav(tone()))
        for name, kind in {"a.flac": 0, "a.ogg": 0, "a.opus": 0, "a.aiff": 0, "a.au": 0, "a.caf": 0, "a.w64": 0, "a.mp3": 1,
                           "a.aac": 2, "a.m4a": 2, "a.wma": 2, "a.webm": 2, "a.mka": 2}.items():
            path = pathlib.Path(folder, name)
            subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-map_metadata", "-1", path], check=True)
            write("sound", name, bytes([kind]) + path.read_bytes()[:6000])
        for name, option in {"gsm.wav": "-gsm610", "alaw.wav": "-alaw", "ima.wav": "-ima-adpcm", "float.wav": "-float32"}.items():
            path = pathlib.Path(folder, name)
            subprocess.run(["sndfile-convert", option, source, path], check=True, stdout=subprocess.DEVNULL)
            write("sound", name, bytes([0]) + path.read_bytes()[:4000])
    write("sound", "a.wav", b"\0" + wav(tone(n=1000)))


def cutters():
    for name, numbers in {"whole": (7000, 900, 999, 3000), "overlap": (15000, 2000, 99, 3999), "gaps": (100, 150, 1999, 3500),
                          "short": (7000, 900, 999, 10)}.items():
        write("cutter", name, struct.pack(">5H", *numbers, 20) + bytes(range(0, 250, 3)))


for make in (safetensors, configs, manifests, labels, messages, images, archives, sounds, cutters):
    make()
print(sum(1 for p in out.rglob("*") if p.is_file()), "seeds,", sum(p.stat().st_size for p in out.rglob("*") if p.is_file()), "bytes")
