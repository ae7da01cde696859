"""troubleshooting.py SOURCE - docs/troubleshooting.md quotes only what the program can say, and leaves little of it out

Messages are string literals of the sources; what the page quotes is the code in the first column of its tables. Prints
what is wrong and exits with 1."""
import errno
import os
import pathlib
import re
import sys

FOLDERS = ["base", "model", "cpu", "gpu", "io", "db", "mpi", "jobs"]
LITERAL = r'"((?:[^"\\\n]|\\.)*)"'
# messages between ranks and parts of the program that no user can cause, and tools of tests
INTERNAL = re.compile(r"^(wire|decoder_wire|decoder_serve|lease|link|link_mpi|coordinator|worker|claim|claims|rows|mixdown|queue|render|option_reader|domain|spectrum|"
                      r"reference|reference_frontend|metrics|metrics_bootstrap|safetensors_write|safetensors_file|resize|hash|"
                      r"profile_fields|profile_json|config|site|submit_options|labels_formats|json|processor)\.c$")
SHARE = 0.70  # of the messages with three words and more; the others are of parts that no user meets


def join(text):
    """adjacent literals, and macros between them, as one"""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r'"\s*\n\s*"', "", text)
    return text.replace('\\"', '"_').replace('"_', "\x00")


def unescape(literal):
    return literal.replace("\x00", '"').replace("\\\\", "\\").replace("%%", "%")


def literals(text):
    return [unescape(m) for m in re.findall(LITERAL, join(text))]


def failures(text):
    """the messages that functions fail with"""
    return [unescape(m) for m in re.findall(r"\bvx_fail(?:_sys)?\([^;]*?" + LITERAL, join(text))]


def main():
    source = pathlib.Path(sys.argv[1])
    page = (source / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| `([^`]+)` \|", page, flags=re.M)
    files = [f for folder in FOLDERS for f in sorted((source / folder).glob("*.c"))]
    said = [text for f in files for text in literals(f.read_text(encoding="utf-8"))]
    said += [os.strerror(number) for number in errno.errorcode]
    bad = 0

    if len(quoted) < 80 or len(files) < 100:
        print(f"only {len(quoted)} messages quoted and {len(files)} sources found: is this test right?")
        bad = 1
    for stem in quoted:
        if not any(stem in text for text in said):
            print(f"docs/troubleshooting.md quotes what nothing says: {stem}")
            bad = 1
    messages = {text for f in files if not INTERNAL.match(f.name) for text in failures(f.read_text(encoding="utf-8"))
                if len(re.findall(r"[a-z]{2,}", text)) >= 3}
    missing = sorted(text for text in messages if not any(stem in text for stem in quoted))
    share = 1 - len(missing) / len(messages)
    print(f"{len(quoted)} quoted; {100 * share:.0f} % of {len(messages)} messages are told of")
    if share < SHARE:
        print("not told of in docs/troubleshooting.md:", *missing, sep="\n  ")
        bad = 1
    if "-v" in sys.argv:
        print(*missing, sep="\n  ")
    return bad


sys.exit(main())
