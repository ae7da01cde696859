"""train.py's options: the recipe, which a resumed run keeps, and how it is run, which may change."""
import argparse

import network
from pictures import Refused

RUNNING = ("resume", "overwrite", "export_only", "out", "threads", "time_limit", "save_minutes", "device", "dtype", "select", "voxtrawl")


def parser(**kw):
    p = argparse.ArgumentParser(prog="train.py", description=__doc__, fromfile_prefix_chars="@", **kw)
    p.description = ("Trains a ConvNeXt on pictures made by voxtrawl pictures, and writes a model folder for voxtrawl scan --model. "
                     "With --init it fine-tunes a trained one. @FILE stands for the options in FILE, one word a line.")
    p.add_argument("pictures", nargs="*", metavar="INPUT", help="folders of voxtrawl pictures, with a column label and better also speaker, "
                   "synthesiser and split; or labelled audio: manifests, or folders of real/ and fake/")
    p.add_argument("-o", "--out", metavar="DIR", required=True, help="model/, log.csv, checkpoint.pt and best.pt are written here")

    g = p.add_argument_group("labelled audio", "becomes pictures in OUT/pictures")
    g.add_argument("--voxtrawl", default="voxtrawl", metavar="PATH", help="the program (default: the one on PATH)")
    g.add_argument("--profile", metavar="NAME|FILE", help="front end (default: that of --init, or voxtrawl's)")
    g.add_argument("--size", type=int, metavar="PIXELS", help="of a picture's side (default: that of --init, or 128)")
    g.add_argument("--hop", type=float, metavar="S", help="seconds between windows (default: the window)")

    g = p.add_argument_group("network")
    g.add_argument("--preset", choices=list(network.PRESETS), default="atto", help="its shape (default: %(default)s)")
    g.add_argument("--depths", metavar="N,N,…", help="blocks a stage, instead of the preset's")
    g.add_argument("--hidden-sizes", metavar="N,N,…", help="channels a stage, instead of the preset's")
    g.add_argument("--layer-scale", type=float, default=0.5, help="a new network's (default: %(default)s)")
    g.add_argument("--init", metavar="DIR", help="start from this Hugging Face ConvNext folder")
    g.add_argument("--freeze", type=int, default=0, metavar="STAGES", help="of --init: stem and first stages stay as they are (default: 0)")

    g = p.add_argument_group("training")
    g.add_argument("--epochs", type=float, default=20, help="may be a fraction (default: %(default)s)")
    g.add_argument("--epoch-size", type=int, default=0, metavar="N", help="pictures an epoch (default: as many as there are)")
    g.add_argument("--batch", type=int, default=64, help="pictures a step (default: %(default)s)")
    g.add_argument("--lr", type=float, help="peak learning rate (default: 0.002, with --init 0.0001)")
    g.add_argument("--warmup", type=float, default=1.0, metavar="EPOCHS", help="(default: %(default)s)")
    g.add_argument("--weight-decay", type=float, default=0.05, help="(default: %(default)s)")
    g.add_argument("--layer-decay", type=float, help="learning rate a block from the head down (default: 1, with --init 0.8)")
    g.add_argument("--clip", type=float, default=5.0, metavar="NORM", help="of the gradient; 0: none (default: %(default)s)")
    g.add_argument("--drop-path", type=float, default=0.1, help="stochastic depth of the last block (default: %(default)s)")
    g.add_argument("--label-smoothing", type=float, default=0.05, help="(default: %(default)s)")
    g.add_argument("--ema", type=float, default=0.999, metavar="DECAY", help="average of the weights; 0: none (default: %(default)s)")
    g.add_argument("--balance", default="label,synthesiser,speaker", metavar="COLUMNS",
                   help="a group counts as the square root of its size; label: both classes the same; none: as they are "
                        "(default: %(default)s)")
    g.add_argument("--pairs", metavar="COLUMN", help="draw fakes, and with each the real window of the same pair, which this column of "
                   "windows.csv names: batches then differ by what synthesis did and by little else")
    g.add_argument("--rank", type=float, default=0.0, metavar="WEIGHT", help="of a second loss, with --pairs: a recording is to score higher "
                   "than its own fake (default: %(default)s)")
    g.add_argument("--dev-share", type=float, default=0.1, help="kept for choosing, where windows.csv has no split (default: %(default)s)")
    g.add_argument("--select", choices=["dev-eer", "dev-loss", "last"], default="dev-eer", help="what model/ is (default: %(default)s)")
    g.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")

    g = p.add_argument_group("augmentation", "0 turns one off; those of the channel (*) are for grey pictures only")
    g.add_argument("--no-augment", action="store_true", help="all off")
    for name, default, text in AUGMENT:
        g.add_argument("--" + name.replace("_", "-"), type=type(default), default=default, help=f"{text} (default: {default})")

    g = p.add_argument_group("running; may change when a run is resumed")
    g.add_argument("--resume", action="store_true", help="go on from --out's checkpoint, as if it had not stopped")
    g.add_argument("--overwrite", action="store_true", help="begin anew where --out holds a run")
    g.add_argument("--export-only", action="store_true", help="write --out's model/ from its checkpoint and end")
    g.add_argument("--threads", type=int, default=0, help="(default: all cores)")
    g.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 (default: cuda where there is one)")
    g.add_argument("--bf16", action="store_true", help="matrix products in bfloat16: faster on CPUs with AVX512-BF16 or AMX, and GPUs")
    g.add_argument("--time-limit", type=float, default=0, metavar="MINUTES", help="then write a checkpoint and model/, and end")
    g.add_argument("--save-minutes", type=float, default=10, help="a checkpoint at least so often (default: %(default)s)")
    g.add_argument("--dtype", choices=["float16", "float32"], help="of model.safetensors (default: float16 up to 10 M parameters)")
    return p


# name, default, what it is
AUGMENT = [
    ("shift", 0.5, "turned round in time by up to this share of the width"),
    ("pitch", 0.03, "* spectrum moved up or down by up to this share of the bands"),
    ("eq", 6.0, "* smooth random equaliser, standard deviation in dB"),
    ("band_limit", 0.3, "* chance that the bands above a random one are cut off"),
    ("noise", 0.5, "* chance of steady coloured noise"),
    ("contrast", 0.4, "* the floor raised at random by up to this share of 80 dB"),
    ("time_masks", 2, "number of time masks"),
    ("time_mask", 0.15, "their longest, as a share of the width"),
    ("freq_masks", 2, "number of frequency masks"),
    ("freq_mask", 0.15, "their tallest, as a share of the bands"),
    ("erase", 0.0, "chance that a rectangle becomes noise"),
    ("mixup", 0.0, "alpha of mixup"),
]


def numbers(text, option):
    try:
        out = [int(x) for x in text.split(",")]
    except ValueError:
        out = []
    if not out or min(out) < 1:
        raise Refused(f"{option} {text}: expected numbers separated by commas, one a stage")
    return out


def check(o):
    shares = ["dev_share", "drop_path", "label_smoothing", "ema", "shift", "pitch", "band_limit", "noise", "contrast", "time_mask",
              "freq_mask", "erase"]
    for name in shares:
        if not 0 <= getattr(o, name) < (1.0001 if name in ("band_limit", "noise", "erase") else 1):
            raise Refused(f"--{name.replace('_', '-')} {getattr(o, name)}: expected at least 0 and less than 1")
    for name in ("epochs", "batch", "lr", "layer_decay"):
        if not getattr(o, name) > 0:
            raise Refused(f"--{name.replace('_', '-')} {getattr(o, name)}: expected more than 0")
    o.depths, o.hidden_sizes = (
        list(preset) if given is None else numbers(given, option) if isinstance(given, str) else given
        for preset, given, option in zip(network.PRESETS[o.preset], (o.depths, o.hidden_sizes), ("--depths", "--hidden-sizes")))
    if o.pairs and o.batch % 2:
        raise Refused(f"--batch {o.batch}: must be even with --pairs")
    if o.rank < 0 or (o.rank > 0 and not o.pairs):
        raise Refused(f"--rank {o.rank}: expected at least 0, and --pairs")
    if len(o.depths) != len(o.hidden_sizes):
        raise Refused(f"--depths has {len(o.depths)} stages, --hidden-sizes {len(o.hidden_sizes)}")


def default_rate(o):
    """Fine-tuning takes smaller steps than training from nothing."""
    if o.lr is None:
        o.lr = 1e-4 if o.init else 2e-3
    if o.layer_decay is None:
        o.layer_decay = 0.8 if o.init else 1.0


def parse(argv):
    o = parser().parse_args(argv)
    default_rate(o)
    check(o)
    return o


def given(argv):
    """The options that the command line names, whatever their values."""
    quiet = parser(argument_default=argparse.SUPPRESS)
    for action in quiet._actions:
        action.default = argparse.SUPPRESS
    return vars(quiet.parse_args(argv))


def recipe(o):
    """What makes the result, as against how it is run."""
    return {k: v for k, v in vars(o).items() if k not in RUNNING}


def resume(argv, saved):
    """The options of a run that goes on: the saved recipe; the command line may only repeat it."""
    o = parse(argv)
    for name in given(argv):
        if name not in RUNNING and name in saved and getattr(o, name) != saved[name] and not (name == "pictures" and not o.pictures):
            raise Refused(f"--resume: the run was begun with {name.replace('_', '-')} {saved[name]}, not {getattr(o, name)}; leave the "
                          "option out, or begin anew in another --out")
    vars(o).update(saved)
    return o

