"""sql_check.py PROGRAM PAGE.md EXAMPLE.db OTHER.db [--update] - the cookbook's queries, run.

Every block marked sql is asked of the example, and answers the text block that follows it, to the letter; one without must have rows.
The other database, of a real scan, must take it without an error. Blocks marked python run where their modules are installed, in a
folder that holds results.db, the example, and what voxtrawl export makes of it. With --update the answers are written into the page.
"""
import os
import re
import subprocess
import sys

program, page, example, other = sys.argv[1:5]
update = sys.argv[5:] == ["--update"]
BLOCK = re.compile(r"^```(sql|text|python)\n(.*?)^```\n", re.S | re.M)


def ask(db, sql):
    run = subprocess.run([program, "query", db, sql, "--format", "table"], capture_output=True, text=True)
    assert run.returncode == 0, f"{db}: {run.stderr}\n{sql}"
    return "\n".join(line.rstrip() for line in run.stdout.splitlines()) + "\n"


def run_python(code):
    """What it prints; None where a module is missing."""
    for name in re.findall(r"^(?:import|from) (\w+)", code, re.M):
        if subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True).returncode:
            print(f"{name} is not installed: its block is not run")
            return None
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, f"{run.stderr}\n{code}"
    return "\n".join(line.rstrip() for line in run.stdout.splitlines()) + "\n"


with open(page, encoding="utf-8") as f:
    text = f.read()
out, at, queries, answers, pending, all_of_them = [], 0, 0, 0, None, []
for block in BLOCK.finditer(text):
    kind, body = block.group(1), block.group(2)
    if kind == "text":
        assert pending is not None, "an answer without a question"
        if pending[1] is not None and body != pending[1]:
            assert update, f"{pending[0]}\nsays\n{pending[1]}\nand the page\n{body}"
            out.append(text[at:block.start(2)] + pending[1])
            at = block.end(2)
        answers += pending[1] is not None
        pending = None
        continue
    if kind == "python":
        pending = (body, run_python(body))
        continue
    queries += 1
    for line in body.splitlines():
        assert len(line) <= 125, f"too long: {line}"
    pending = (body, ask(example, body))
    assert pending[1].count("\n") > 2, f"no rows:\n{body}"
    all_of_them.append(body)
ask(other, ";".join(all_of_them))
assert queries >= 25, queries
for name in re.findall(r"--named ([a-z-]+)", text):
    subprocess.run([program, "query", example, "--named", name], check=True, capture_output=True)
if update:
    with open(page + ".new", "w", encoding="utf-8") as f:
        f.write("".join(out) + text[at:])
    os.replace(page + ".new", page)
print(f"{queries} queries, {answers} answers compared")
