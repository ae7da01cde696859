"""sql_example.py PROGRAM OUT.db - the database that docs/sql.md asks its questions: a small archive, the same to the last digit everywhere.

Two scans merged: recordings of interviews, calls in two channels, a podcast in a tar, broken and silent files, copies, a manifest's
metadata with the truth about some, and what two people said after listening. Aggregates are those of the windows, by the rules of
base/item.h.
"""
import math
import sqlite3
import subprocess
import sys

program, out = sys.argv[1:3]
SCALE, OFFSET = 0.8, -0.1
REAL_BELOW, FAKE_FROM, WINDOW_S = 0.35, 0.65, 2.0

db = sqlite3.connect(out)
db.executescript(subprocess.run([program, "query", "--schema"], check=True, capture_output=True, text=True).stdout)
db.executescript(f"PRAGMA application_id = {0x56585253}; PRAGMA user_version = 4")


def insert(table, **row):
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def make_run(number, day, ranks, wall_s, cpu_wh, gpu_wh):
    insert("runs", run=number, uuid=f"{number:032x}", fingerprint="f00d" * 16, started=f"2026-03-{day:02}T08:00:00Z",
           finished=f"2026-03-{day:02}T08:0{number}:00Z", state="complete",
           command=f"voxtrawl scan --dedupe -o part{number}.db --part {number}/2 archive.csv",
           config=f'{{"part": [{number}, 2], "batch": 8, "operating_point": "balanced"}}', model_path="models/default",
           model_name="default", model_sha256="676b75d3c0c3" + "0" * 52, model_trained=1, labels='["real", "fake"]',
           profile_name="voxtrawl-default", profile="{}", profile_sha256="1f2e3d4c5b6a" + "0" * 52,
           engine="cpu: own products, bf16, AVX-512", precision="bf16", window_s=WINDOW_S, hop_s=WINDOW_S, min_s=0.5, silence_dbfs=-70,
           real_below=REAL_BELOW, fake_from=FAKE_FROM, versions='{"voxtrawl": "0.8.0", "libsndfile": "libsndfile-1.2.0"}',
           hosts="[" + ", ".join(f'{{"rank": {r}, "host": "node{number}{r // 2}", "threads": 2}}' for r in range(ranks)) + "]",
           ranks=ranks, wall_s=wall_s, cpu_s=wall_s * ranks * 1.9, audio_s=0, calibration_scale=SCALE, calibration_offset=OFFSET,
           calibrated_on="246 clips of 6 speakers", custody=1, revision="8ce01db0f5b1", cpu_wh=cpu_wh, gpu_wh=gpu_wh,
           grid_g_per_kwh=250, engine_wait_s=0.1 * number, decode_wait_s=0.4)


def logits(p):
    """Two logits whose calibrated p is this one, as the network would give them: with few digits."""
    score = round((-math.log(p / (1 - p)) - OFFSET) / SCALE, 3)
    return round(score / 2, 4), round(-score / 2, 4)


def p_of(real, fake):
    return 1 / (1 + math.exp(SCALE * (real - fake) + OFFSET))


def aggregate(ps):
    """Of windows [None where not scored], as model/verdict.c does it."""
    scored = [p for p in ps if p is not None]
    if not scored:
        return dict(n_windows=len(ps), n_scored=0, verdict="not_scored")
    mean = sum(scored) / len(scored)
    worst = sorted(scored, reverse=True)[:max(1, math.ceil(len(scored) / 10))]
    run = longest = 0
    for p in ps:
        run = run + 1 if p is not None and p >= FAKE_FROM else 0
        longest = max(longest, run)
    return dict(n_windows=len(ps), n_scored=len(scored), mean_fake=mean, max_fake=max(scored), worst_fake=sum(worst) / len(worst),
                fraction_over=sum(p >= FAKE_FROM for p in scored) / len(scored), longest_run_s=longest * WINDOW_S,
                verdict="fake" if mean >= FAKE_FROM else "real" if mean < REAL_BELOW else "uncertain")


count = 0


def add(path, ps, member=None, run=1, channels=1, rate=16000, form="WAV, 16 bit PCM", seconds=None, metadata=None, flags=None, per_channel=None,
        mtime="2021-06-01T12:00:00Z", **more):
    """One item. ps: p of its windows, None for one that is not scored."""
    global count
    count += 1
    seconds = len(ps) * WINDOW_S if seconds is None else seconds
    row = dict(item=count, run=run, path=path, member=member, kind="audio", size=int(seconds * rate * 2 * (channels or 1)) + 44, mtime=mtime,
               format=form, decoder="libsndfile 1.2.0", sample_rate=rate, channels=channels or None, duration_s=seconds, status="scored",
               hash=f"sha256:{count:02x}" + "ab" * 31, level_dbfs=-20.0 - count % 7, bandwidth_hz=rate / 2 * 0.95, active_share=0.6, outside=0)
    stored = []
    for channel, windows in per_channel or [(None, ps)]:
        exact = []
        for i, p in enumerate(windows):
            real, fake = logits(p) if p is not None else (None, None)
            stored.append((count, i, int(i * WINDOW_S * 1000), real, fake, (flags or {}).get(i, 2 if p is None else 0), channel))
            exact.append(None if p is None else p_of(real, fake))
        if channel:
            insert("channels", item=count, channel=channel, **aggregate(exact))
        row.update(aggregate(exact))
    if per_channel:
        row.update(aggregate([p_of(r, f) for _, _, _, r, f, _, _ in stored]))
    if row["verdict"] == "not_scored":
        row.update(status="not_scored", error="no window above -70 dBFS", level_dbfs=None, bandwidth_hz=None, active_share=None, outside=None)
    row.update(more)
    if row["status"] == "failed":
        row.update(verdict=None)
    insert("items", **row)
    for i, window in enumerate(sorted(stored, key=lambda w: (w[2], w[6] or 0))):
        insert("windows", item=count, idx=i, start_ms=window[2], logit_real=window[3], logit_fake=window[4], flags=window[5], channel=window[6])
    for key, value in (metadata or {}).items():
        insert("metadata", item=count, key=key, value=value)
    return count


def wave(base, n, swing=0.08):
    """n values of p about base, that look like a network's."""
    return [min(0.98, max(0.02, base + swing * math.sin(1.7 * i + 10 * base))) for i in range(n)]


make_run(1, 1, 4, 12.5, 0.42, None)
make_run(2, 2, 2, 21.0, 0.37, None)
people = ["Ada Quist", "Ben Ohm", "Cora Lim"]
for i in range(9):  # interviews, real but one; the same microphone
    fake = i == 7
    add(f"archive/interviews/{2019 + i // 3}/interview-{i + 1:02}.flac", wave(0.88 if fake else 0.12 + 0.02 * i, 15 + 3 * i), rate=44100,
        form="FLAC, 24 bit", metadata={"speaker": people[i % 3], "source": "own microphone", "recorded": f"{2019 + i // 3}-{1 + i:02}-14",
                                       "truth": "fake" if fake else "real"}, mtime=f"{2019 + i // 3}-{1 + i:02}-14T10:00:00Z")
for i in range(8):  # uploads of two accounts
    fake = i % 4 != 3
    add(f"archive/uploads/clip-{i + 1:02}.mp3", wave(0.80 if fake else 0.30, 6 + 2 * i, 0.15), run=2, rate=44100, form="MP3, MPEG layer III",
        metadata={"speaker": "Ada Quist", "source": "account 17" if i < 5 else "account 42", "recorded": f"2026-02-{3 * i + 2:02}",
                  "truth": "fake" if fake else "real"}, mtime=f"2026-02-{3 * i + 2:02}T20:00:00Z",
        **(dict(outside=4, bandwidth_hz=3400.0) if i in (1, 4, 6) else {}))
spliced = wave(0.15, 30)
spliced[11:16] = [0.91, 0.95, 0.93, 0.96, 0.88]
add("archive/uploads/statement.mp3", spliced, run=2, rate=44100, form="MP3, MPEG layer III",
    metadata={"speaker": "Ben Ohm", "source": "account 42", "recorded": "2026-02-27"}, mtime="2026-02-27T20:00:00Z", flags={12: 16, 13: 16})
for i in range(2):
    agent, caller = wave(0.10, 12), wave(0.83 if i else 0.2, 12)
    add(f"archive/calls/call-{i + 1:02}.wav", [], run=2, rate=8000, channels=2, form="WAV, mu-law", seconds=24.0,
        per_channel=[(1, agent), (2, caller)], metadata={"source": "hotline", "recorded": f"2026-01-0{i + 3}"}, level_dbfs=-26.0,
        outside=5, bandwidth_hz=3600.0)
for i in range(3):
    add("archive/podcast.tar", wave(0.18 + 0.25 * i, 20), member=f"episode-{i + 1}.ogg", rate=48000, form="OGG, Vorbis",
        metadata={"source": "podcast", "recorded": f"2025-11-0{i + 1}"})
copy_of = 10
original = db.execute("SELECT duration_s, mean_fake, max_fake, worst_fake, fraction_over, longest_run_s, verdict, hash FROM items WHERE item = 10").fetchone()
for path in "archive/backup/clip-01.mp3", "archive/backup/copy of clip-01.mp3":
    add(path, [], run=2, rate=44100, form="MP3, MPEG layer III", seconds=original[0], status="scored", mean_fake=original[1],
        max_fake=original[2], worst_fake=original[3], fraction_over=original[4], longest_run_s=original[5], verdict=original[6],
        hash=original[7], same_as=copy_of, error=None, outside=0)
add("archive/calls/silent.wav", [None] * 5, run=2, rate=8000)
add("archive/uploads/clip-09.mp3", [], run=2, seconds=0, status="failed", n_windows=0, n_scored=0, format=None, decoder=None, sample_rate=None,
    channels=0, duration_s=None, error="archive/uploads/clip-09.mp3: empty, 0 bytes", hash=None, outside=None, level_dbfs=None,
    bandwidth_hz=None, active_share=None)
add("archive/interviews/2019/interview-10.flac", wave(0.2, 4), rate=44100, form="FLAC, 24 bit", status="failed",
    error="archive/interviews/2019/interview-10.flac: ends after 8.00 s, its header promises 60.00 s")
add("archive/interviews/2020/interview-11.wav", wave(0.3, 9), rate=44100, flags={3: 8},
    warning="2 samples were no numbers, taken for 0", metadata={"speaker": "Cora Lim", "source": "own microphone", "recorded": "2020-12-01"})
for item, start, end, label, remark, who, when in [
        (8, 0, 72, "fake", "no breath between sentences", "rk", 1), (8, 0, 72, "fake", None, "mo", 2), (18, 22, 32, "fake", "inserted", "rk", 1),
        (18, 22, 32, "unsure", None, "mo", 2), (23, 0, 40, "real", "compression", "rk", 1), (13, 0, 24, "real", None, "mo", 2),
        (10, 0, 12, "real", "known voice, noisy line", "mo", 2), (1, 0, 30, "real", None, "rk", 1)]:
    insert("reviews", item=item, channel=0, start_s=start, end_s=end, label=label, remark=remark, reviewer=who,
           reviewed=f"2026-03-0{when + 3}T09:30:00Z", imported="2026-03-06T08:00:00Z", source="reviews.json")
db.execute("UPDATE runs SET audio_s = (SELECT sum(duration_s) FROM items WHERE items.run = runs.run)")
db.commit()
print(f"{count} items, {db.execute('SELECT count(*) FROM windows').fetchone()[0]} windows")
