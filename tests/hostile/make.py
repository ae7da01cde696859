#!/usr/bin/env python3
"""make.py PROMPTS OUT --good N --bad M [--seed S] - a mixed corpus of real recordings, and hostile files made of them.

OUT/good: pieces of 1 to 5 s of the recorded prompts below PROMPTS (WAV), in every format that sndfile-convert and ffmpeg write
here, some of them within tar and zip archives. OUT/bad: what a seeded mutator makes of such files, and names, links and archives
that nobody would make by accident. The same arguments make the same bytes, as far as the encoders do.
"""
import argparse, concurrent.futures, gzip, io, os, pathlib, random, shutil, struct, subprocess, tarfile, wave, zipfile, zlib

SNDFILE = {"wav": [], "flac": [], "ogg": ["-vorbis"], "aiff": [], "au": [], "caf": [], "w64": [], "rf64": [],
           "gsm.wav": ["-gsm610"], "alaw.wav": ["-alaw"], "ulaw.au": ["-ulaw"], "ima.wav": ["-ima-adpcm"], "float.wav": ["-float32"]}
FFMPEG = {"mp3": [], "opus": [], "m4a": [], "aac": [], "webm": [], "wma": [], "mka": [], "mp2": [], "g722": ["-ar", "16000"]}
# of 100 files; the rest is WAV and FLAC in equal parts
SHARES = [("ogg", 8), ("aiff", 4), ("au", 4), ("caf", 4), ("w64", 4), ("rf64", 2), ("gsm.wav", 2), ("alaw.wav", 2), ("ulaw.au", 2),
          ("ima.wav", 2), ("float.wav", 2), ("mp3", 3), ("opus", 2), ("m4a", 2), ("aac", 1), ("webm", 1), ("wma", 1), ("mka", 1),
          ("mp2", 1), ("g722", 1)]


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kind_of(i):
    at = i * 37 % 100
    for kind, share in SHARES:
        if at < share:
            return kind
        at -= share
    return "wav" if i % 2 else "flac"


def write_wav(path, params, frames):
    with wave.open(str(path), "wb") as w:
        w.setparams(params)
        w.writeframes(frames)


def make_good(job):
    """One piece of one prompt, in one format."""
    i, prompt, at, seconds, out = job
    with wave.open(str(prompt)) as w:
        rate, n = w.getframerate(), w.getnframes()
        length = min(n, int(seconds * rate))
        w.setpos(int(at * (n - length)))
        params, frames = w.getparams(), w.readframes(length)
    kind = kind_of(i)
    path = out / f"{i % 50:02}" / f"{i:05}.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "wav":
        write_wav(path, params, frames)
        return path
    piece = out / f"piece-{i}.wav"
    write_wav(piece, params, frames)
    if kind in SNDFILE:
        run("sndfile-convert", *SNDFILE[kind], piece, path)
    else:
        run("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", piece, "-map_metadata", "-1", *FFMPEG[kind], path)
    piece.unlink()
    return path


def pack_some(paths, out):
    """The last twentieth goes into archives."""
    some = paths[-(len(paths) // 20) :]
    with tarfile.open(out / "some.tar", "w") as tar:
        for path in some[::2]:
            tar.add(path, arcname=f"member/{path.name}")
    with zipfile.ZipFile(out / "some.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in some[1::2]:
            packed.write(path, f"member/{path.name}")
    for path in some:
        path.unlink()


def flip_bits(rng, data, other):
    for _ in range(rng.choice([1, 8, 64, 1 + len(data) // 50])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def flip_header(rng, data, other):
    for _ in range(rng.randint(1, 6)):
        data[rng.randrange(min(len(data), 96))] ^= 1 << rng.randrange(8)
    return data


def truncate(rng, data, other):
    return data[: rng.choice([0, 1, 4, 12, 44, rng.randrange(len(data)), len(data) - 1])]


def extreme_field(rng, data, other):
    at = rng.randrange(4, max(5, min(len(data) - 8, 128)))
    value = rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x10000, 0xFFFF])
    data[at : at + 4] = struct.pack(rng.choice(["<I", ">I"]), value)
    return data


def repeat_chunk(rng, data, other):
    a = rng.randrange(len(data))
    b = min(len(data), a + rng.randrange(1, 5000))
    return data[:b] + data[a:b] * rng.choice([1, 20, 200]) + data[b:]


def zero_run(rng, data, other):
    a = rng.randrange(len(data))
    n = rng.randrange(1, 1 + len(data) // 2)
    data[a : a + n] = bytes(min(n, len(data) - a))
    return data


def splice(rng, data, other):
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def garbage_behind_magic(rng, data, other):
    return data[: rng.choice([4, 8, 12, 36, 64])] + bytearray(rng.randbytes(rng.randrange(20000)))


def id3_in_front(rng, data, other):
    return bytearray(b"ID3\x04\x00" + rng.randbytes(5) + rng.randbytes(rng.randrange(3000))) + data


MUTATORS = [flip_bits, flip_header, truncate, extreme_field, repeat_chunk, zero_run, splice, garbage_behind_magic, id3_in_front]


def tar_of(name, data, **fields):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        for key, value in fields.items():
            setattr(info, key, value)
        tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(name, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def bomb_of_gzip(size):
    packer, out, block = zlib.compressobj(9, zlib.DEFLATED, 31), [], bytes(1 << 20)
    header = tarfile.TarInfo("zeros.wav")
    header.size = size
    out.append(packer.compress(header.tobuf(tarfile.GNU_FORMAT)))
    out += [packer.compress(block) for _ in range(size >> 20)]
    return b"".join(out) + packer.flush()


def make_odd(out, sound):
    """Names, links and archives. Returns how many files or links were made that are to have a row each."""
    odd = {
        b"new\nline.wav": sound, b"escape\x1b[31m.wav": sound, b"latin\xff\xfe1.wav": sound, b"<img src=x onerror=alert(1)>.wav": b"",
        b"'; DROP TABLE items; --.wav": b"x", b" .wav": b"", b"-o.wav": b"RIFF", b"%s%n%n%n.wav": sound[:40], b"a" * 250 + b".wav": b"",
        b"text.wav": b"This is a text.\n" * 40, b"json.flac": b'{"a":1}', b"html.mp3": b"<!DOCTYPE html><script>alert(1)</script>",
        b"playlist.m4a": b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\nfile:///etc/passwd\nhttp://192.0.2.1/a.wav\n",
        b"concat.webm": b"ffconcat version 1.0\nfile /etc/passwd\n", b"zeros.ogg": bytes(100000), b"elf.aiff": b"\x7fELF" + bytes(500),
        b"bomb.tar.gz": bomb_of_gzip(3 << 30), b"nested.zip": zip_of("a.zip", zip_of("b.zip", zip_of("c.zip", zip_of("d.zip", zip_of("e.zip", sound))))),
        b"up.tar": tar_of("../../../../tmp/up.wav", sound), b"root.tar": tar_of("/etc/root.wav", sound),
        b"device.tar": tar_of("zero.wav", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
        b"link.tar": tar_of("link.wav", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        b"lies.zip": zip_of("a.wav", sound).replace(struct.pack("<I", len(sound)), struct.pack("<I", 0xFFFFFFF0)),
        b"huge.tar": tar_of("a.wav", b"")[:124] + b"77777777777\0" + tar_of("a.wav", b"")[136:], b"cut.tar.gz": gzip.compress(tar_of("a.wav", sound * 9))[:700],
        b"huge.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0" + bytes(40), b"broken.jpg": b"\xff\xd8\xff\xe0" + bytes(64),
    }
    for name, data in odd.items():
        with open(os.fsencode(out) + b"/" + name, "wb") as f:
            f.write(data)
    os.symlink("loop.wav", out / "loop.wav")
    os.symlink("/dev/zero", out / "zero.wav")
    os.symlink("nowhere", out / "dangling.flac")
    os.symlink(".", out / "folder-loop")
    os.mkfifo(out / "pipe.wav")
    return len(odd) + 4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts", type=pathlib.Path), parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--good", type=int, default=5000), parser.add_argument("--bad", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    o = parser.parse_args()
    rng = random.Random(o.seed)
    prompts = sorted(p for p in o.prompts.rglob("*.wav") if p.stat().st_size > 20000)
    shutil.rmtree(o.out, ignore_errors=True)
    good, bad = o.out / "good", o.out / "bad"
    good.mkdir(parents=True), bad.mkdir()
    jobs = [(i, prompts[i % len(prompts)], rng.random(), 1 + 4 * rng.random(), good) for i in range(o.good)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(make_good, jobs))
    sources = {}
    for path in paths:
        sources.setdefault(path.name.split(".", 1)[1], path.read_bytes())
    kinds = sorted(sources)
    made = make_odd(bad, sources["wav"])
    for i in range(o.bad - made):
        kind, mutate = kinds[i % len(kinds)], MUTATORS[i // len(kinds) % len(MUTATORS)]
        data = mutate(rng, bytearray(sources[kind]), sources[rng.choice(kinds)])
        (bad / f"{i:04}-{mutate.__name__}.{kind}").write_bytes(data)
    pack_some(paths, good)
    print(f"{o.good} real files of {len(kinds)} formats, {max(o.bad, made)} hostile ones, seed {o.seed}")


main()
