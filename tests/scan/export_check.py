"""export_check.py FOLDER [DB PROGRAM] - an export read back by strict readers: CSV, JSON Lines, labels, clips, Datasette's metadata.

The corpus and the windows' scores are those of export.sh. Prints what it looked at; an assertion that fails ends it.
"""
import csv
import importlib.util
import json
import os
import re
import sqlite3
import subprocess
import sys
import types
import wave

folder = sys.argv[1]


def rows_of_csv():
    with open(f"{folder}/stretches.csv", encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f, strict=True)
        rows = list(reader)
    for row in rows:
        assert None not in row and None not in row.values(), f"a row of another length: {row}"
        for value in row.values():
            assert not value[:1] in tuple("=+-@\t\r") or value == "", f"a spreadsheet's formula: {value!r}"
    return reader.fieldnames, rows


def rows_of_json():
    with open(f"{folder}/stretches.jsonl", encoding="utf-8", newline="\n") as f:
        return [json.loads(line, parse_constant=lambda word: sys.exit(f"{word} is no JSON")) for line in f]


def compare(columns, table, lines):
    assert len(table) == len(lines) > 0
    for row, line in zip(table, lines):
        assert list(line) == columns
        for name, value in line.items():
            cell = row[name]
            if value is None:
                assert cell == "", (name, cell)
            elif isinstance(value, str):
                assert cell == ("'" if value[0] in "=+-@\t\r" else "") + value, (name, cell, value)
            else:
                assert float(cell) == value, (name, cell, value)


def frames(path, first, last):
    with wave.open(path, "rb") as w:
        w.setpos(first)
        return w.getparams()[:3], w.readframes(last - first)


def check_clips(lines, originals):
    """Clips hold the recording's own samples, bit by bit, at its own rate and with its channels."""
    for line in lines:
        if not line["clip"]:
            assert line["error"]
            continue
        assert re.fullmatch(r"clips/[A-Za-z0-9][A-Za-z0-9._-]*", line["clip"]), line["clip"]
        clip = f"{folder}/{line['clip']}"
        if clip.endswith(".flac"):
            subprocess.run(["sndfile-convert", clip, "clip.wav"], check=True, stdout=subprocess.DEVNULL)
            clip = "clip.wav"
        original = originals[line["item"]]
        rate = line["sample_rate"]
        first, last = round(line["clip_start_s"] * rate), round(line["clip_end_s"] * rate)
        shape, wanted = frames(original, first, last)
        got_shape, got = frames(clip, 0, last - first + 1)
        assert got_shape == shape and shape[0] == line["channels"] and shape[2] == rate, (line["clip"], got_shape, shape)
        assert len(got) == len(wanted) > 0 and got == wanted, f"{line['clip']}: other samples than {original}"


def check_labels(lines):
    tracks = {}
    for line in lines:
        tracks.setdefault(line["labels"], []).append(line)
    assert sorted(tracks) == sorted(f"labels/{name}" for name in os.listdir(f"{folder}/labels"))
    for name, stretches in tracks.items():
        with open(f"{folder}/{name}", encoding="utf-8", newline="\n") as f:
            labels = [label.rstrip("\n").split("\t") for label in f]
        assert len(labels) == len(stretches)
        for (start, end, text), line in zip(labels, stretches):
            assert abs(float(start) - line["start_s"]) < 0.001 and abs(float(end) - line["end_s"]) < 0.001
            assert text.startswith("mean 0.") and "untrained" in text


def plugin_functions(connection):
    """The plugin, with a stand-in for Datasette."""
    stand_in = types.ModuleType("datasette")
    stand_in.hookimpl = lambda function: function
    sys.modules["datasette"] = stand_in
    spec = importlib.util.spec_from_file_location("plugin", f"{folder}/plugins/voxtrawl_functions.py")
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    plugin.prepare_connection(connection)


def check_metadata(db, program):
    with open(f"{folder}/metadata.json", encoding="utf-8") as f:
        about = json.load(f)["databases"]
    assert list(about) == [os.path.splitext(os.path.basename(db))[0]]
    about = about[list(about)[0]]
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")}
    assert set(about["tables"]) == there, set(about["tables"]) ^ there
    described = 0
    for name, table in about["tables"].items():
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        assert set(table.get("columns", {})) <= columns, (name, set(table["columns"]) - columns)
        assert table["description"] and all(table.get("columns", {}).values())
        described += len(table.get("columns", {}))
    assert described > 50, described
    plugin_functions(connection)
    connection.row_factory = sqlite3.Row
    for name, query in about["queries"].items():
        got = [dict(row) for row in connection.execute(query["sql"])]
        said = subprocess.run([program, "query", db, "--named", name, "--format", "json"], check=True, capture_output=True)
        assert got == json.loads(said.stdout), f"{name}: the plugin's functions answer otherwise than voxtrawl query"
        assert query["title"]
    return described, len(about["queries"])


def check_duckdb(lines):
    try:
        import duckdb
    except ImportError:
        return "duckdb is not installed"
    for name in "stretches.csv", "stretches.jsonl":
        n, length = duckdb.sql(f"SELECT count(*), sum(end_s - start_s) FROM '{folder}/{name}'").fetchone()
        assert n == len(lines) and abs(length - sum(line["end_s"] - line["start_s"] for line in lines)) < 0.001
    return "duckdb agrees"


columns, table = rows_of_csv()
lines = rows_of_json()
compare(columns, table, lines)
with open("originals.json", encoding="utf-8") as f:
    check_clips(lines, {int(item): path for item, path in json.load(f).items()})
check_labels(lines)
described, queries = check_metadata(*sys.argv[2:]) if len(sys.argv) > 2 else (0, 0)
assert not [name for _, _, names in os.walk(folder) for name in names if name.endswith(".part")]
print(f"{len(lines)} stretches, {described} columns described, {queries} queries the same; {check_duckdb(lines)}")
