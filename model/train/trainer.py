"""The training loop. Every random number is a function of the seed and the step (or epoch), so a run that was stopped
and resumed is the run that was not.
"""
import csv
import os
import signal
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import export
import measure
import network
from augment import Augment, mixup
from options import AUGMENT, recipe
from pictures import FAKE, REAL, Refused, balanced_weights, draw, partners


def say(text):
    print(text, file=sys.stderr, flush=True)


def clock(seconds):
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"


def rank_loss(logits):
    """RankNet's (Burges et al. 2005) for batches of pairs, a fake and then its recording: the recording is to score higher than its
    own fake, however the speaker and the channel score. logits [n][2], real before fake."""
    score = logits[:, REAL] - logits[:, FAKE]
    return F.softplus(score[0::2] - score[1::2]).mean()


class Trainer:
    def __init__(self, options, pictures):
        self.o, self.pictures = options, pictures
        cuda = torch.cuda.is_available()
        self.device = torch.device(("cuda" if cuda else "cpu") if options.device == "auto" else options.device)
        torch.manual_seed(options.seed)
        o = options
        self.model = (network.load(o.init, pictures.size, o.drop_path) if o.init else
                      network.create(o.depths, o.hidden_sizes, pictures.size, o.drop_path, o.layer_scale)).to(self.device)
        self._freeze()
        self.order = torch.tensor(network.class_order(self.model), device=self.device)
        self.optimiser = torch.optim.AdamW(network.parameter_groups(self.model, o.lr, o.weight_decay, o.layer_decay), betas=(0.9, 0.999))
        self.average = network.Average(self.model, o.ema) if o.ema > 0 else None
        strengths = {name: 0 if o.no_augment else getattr(o, name) for name, _, _ in AUGMENT}
        self.augment = Augment(strengths, bool(pictures.profile.get("low_at_bottom")))
        self.mixup = strengths["mixup"]
        mean, std, rescale = export.scaling(pictures)
        self.mean, self.std = (torch.tensor(v, device=self.device).view(1, 3, 1, 1) for v in (mean, std))
        self.rescale = 255 * rescale           # augmented pictures are 0…1
        self._plan()
        self.step = 0
        self.seconds = 0.0                     # spent in earlier runs
        self.history = []                      # a dict an epoch
        self.best = None                       # (figure, epoch)
        self.sums = torch.zeros(2, device=self.device)   # of the epoch: loss, and how many steps
        self.stopped = None

    def _freeze(self):
        if not self.o.freeze:
            return
        net = self.model.convnext
        for part in [net.embeddings, *net.encoder.stages[:self.o.freeze]]:
            part.requires_grad_(False)

    def _plan(self):
        self.train_rows, self.dev_rows = self.pictures.rows("train"), self.pictures.rows("dev")
        columns = [] if self.o.balance == "none" else self.o.balance.split(",")
        for column in columns:
            if column not in self.pictures.sets[0].columns:
                raise Refused(f"--balance {column}: windows.csv has no such column")
        self.partner = partners(self.pictures, self.train_rows, self.o.pairs) if self.o.pairs else None
        self.drawn_rows = np.array(sorted(self.partner)) if self.partner else self.train_rows
        self.weights = balanced_weights(self.pictures, self.drawn_rows, columns)
        size = self.o.epoch_size or len(self.train_rows)
        self.epoch_steps = max(1, size // self.o.batch)
        self.steps = max(1, round(self.epoch_steps * self.o.epochs))

    # -- one step

    def _rows(self, step):
        """The pictures of a step; the order of an epoch is drawn at its start."""
        epoch, at = divmod(step, self.epoch_steps)
        if getattr(self, "drawn", None) != epoch:
            rng = np.random.default_rng([self.o.seed, epoch])
            count = self.epoch_steps * self.o.batch
            if self.partner:                    # each fake is followed by the recording it was made from or for
                fakes = draw(self.drawn_rows, self.weights, count // 2, rng)
                self.epoch_rows = np.stack([fakes, [self.partner[r] for r in fakes]], 1).ravel()
            else:
                self.epoch_rows = draw(self.train_rows, self.weights, count, rng)
            self.drawn = epoch
        return self.epoch_rows[at * self.o.batch:(at + 1) * self.o.batch]

    def _input(self, x):
        """0…1 [n][1 or 3][size][size] → what the network takes"""
        return (x * self.rescale).expand(-1, 3, -1, -1).sub(self.mean).div(self.std)

    def _logits(self, x):
        """→ float32 [n][2], real before fake"""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.o.bf16):
            logits = network.forward(self.model, x)
        return logits.float()[:, self.order]

    def _pixels(self, rows):
        return torch.from_numpy(self.pictures.get(rows)).to(self.device).float() / 255

    def train_step(self):
        torch.manual_seed((self.o.seed << 32) + self.step)
        rows = self._rows(self.step)
        targets = F.one_hot(torch.from_numpy(self.pictures.labels[rows]).long().to(self.device), 2).float()
        with torch.no_grad():
            x = self.augment(self._pixels(rows))
            if self.mixup > 0:
                x, targets = mixup(x, targets, self.mixup)
            x = self._input(x)
        share = network.schedule(self.step, self.steps, int(self.o.warmup * self.epoch_steps))
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * share
        logits = self._logits(x)
        loss = F.cross_entropy(logits, targets, label_smoothing=self.o.label_smoothing)
        if self.o.rank > 0:
            loss = loss + self.o.rank * rank_loss(logits)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.o.clip > 0:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.o.clip)
        self.optimiser.step()
        if self.average:
            self.average.update(self.model)
        self.sums += torch.stack([loss.detach(), torch.ones_like(loss)])
        self.step += 1

    # -- an epoch's end

    @torch.no_grad()
    def scores(self, rows):
        """float64 [len(rows)][2]: logits of real and fake, of the averaged weights"""
        self.model.eval()
        out = [self._logits(self._input(self._pixels(part))).cpu().double() for part in np.array_split(rows, -(-len(rows) // 128))]
        self.model.train()
        return torch.cat(out).numpy()

    def evaluate(self):
        """The figures of the split dev: {column of log.csv: number}"""
        if self.average:
            self.average.swap(self.model)
        logits = self.scores(self.dev_rows)
        if self.average:
            self.average.swap(self.model)
        labels = self.pictures.labels[self.dev_rows]
        score = logits[:, REAL] - logits[:, FAKE]
        loss = np.logaddexp(0, np.where(labels == REAL, -score, score))
        figures = {
            "dev_loss": float((loss[labels == REAL].mean() + loss[labels == FAKE].mean()) / 2),
            "dev_eer": measure.eer(score[labels == REAL], score[labels == FAKE]),
            "dev_file_eer": measure.by_file(score, labels, self.pictures.files()[self.dev_rows]),
        }
        groups = measure.by_group(score, labels, self.pictures.column("synthesiser")[self.dev_rows])
        return figures | {f"eer {name or 'fake'}": value for name, value in groups.items()}

    def end_epoch(self, began):
        epoch = -(-self.step // self.epoch_steps)
        loss, steps = self.sums.tolist()
        self.sums.zero_()
        row = {"epoch": epoch, "step": self.step, "seconds": round(self.seconds + time.monotonic() - began, 1),
               "lr": max(g["lr"] for g in self.optimiser.param_groups), "train_loss": loss / max(steps, 1), **self.evaluate()}
        self.history.append(row)
        self.write_log()
        figure = {"dev-eer": row["dev_eer"], "dev-loss": row["dev_loss"], "last": -epoch}[self.o.select]
        better = self.best is None or figure < self.best[0] or (figure == self.best[0] and row["dev_loss"] < self.best[2])
        say(f"epoch {epoch}: loss {row['train_loss']:.4f}, dev loss {row['dev_loss']:.4f}, dev EER {100 * row['dev_eer']:.2f} %, "
            f"by file {100 * row['dev_file_eer']:.2f} %{' *' if better else ''}")
        if better:
            self.best = (figure, epoch, row["dev_loss"])
            self.save_to("best.pt", {"weights": self.weights_now(), "epoch": epoch, "row": row})

    def write_log(self):
        with open(os.path.join(self.o.out, "log.csv"), "w", newline="", encoding="utf-8") as f:
            w = csv.DictWriter(f, list(self.history[0]), lineterminator="\n")
            w.writeheader()
            w.writerows(self.history)

    # -- what is kept

    def weights_now(self):
        """The weights that would be exported."""
        if self.average:
            self.average.swap(self.model)
        weights = {k: v.detach().cpu().clone() for k, v in self.model.state_dict().items()}
        if self.average:
            self.average.swap(self.model)
        return weights

    def save_to(self, name, value):
        path = os.path.join(self.o.out, name)
        torch.save(value, path + ".part")
        os.replace(path + ".part", path)

    def save(self, began):
        self.save_to("checkpoint.pt", {
            "recipe": recipe(self.o), "data": [s.sha256 for s in self.pictures.sets], "step": self.step,
            "seconds": self.seconds + time.monotonic() - began, "history": self.history, "best": self.best, "sums": self.sums.cpu(),
            "model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(),
            "average": (self.average.steps, self.average.values) if self.average else None})

    def restore(self, state):
        if state["data"] != [s.sha256 for s in self.pictures.sets]:
            raise Refused("--resume: the pictures are not those that the run was begun with; give the same folders, or begin anew in "
                          "another --out")
        self.step, self.seconds, self.history, self.best = state["step"], state["seconds"], state["history"], state["best"]
        self.sums.copy_(state["sums"])
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average:
            self.average.steps = state["average"][0]
            for mine, value in zip(self.average.values, state["average"][1]):
                mine.copy_(value)

    # -- the whole

    def _progress(self, began, first):
        done = self.step - first
        left = (self.steps - self.step) * (time.monotonic() - began) / max(done, 1)
        loss, steps = self.sums.tolist()
        say(f"epoch {1 + self.step // self.epoch_steps}, step {self.step} of {self.steps}: loss {loss / max(steps, 1):.4f}, "
            f"{done * self.o.batch / (time.monotonic() - began):.0f} windows/s, {clock(left)} left")

    def run(self):
        """Trains to the end, the time limit or a signal. Returns why it ended: "done", "time", or the signal's number."""
        began = said = saved = time.monotonic()
        first = self.step
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _: setattr(self, "stopped", got))
        self.model.train()
        while self.step < self.steps:
            self.train_step()
            now = time.monotonic()
            if self.step % self.epoch_steps == 0 or self.step == self.steps:
                self.end_epoch(began)
                self.save(began)
                saved = said = time.monotonic()
            elif now - said > 30:
                self._progress(began, first)
                said = now
            if self.stopped or (self.o.time_limit and now - began > 60 * self.o.time_limit):
                self.save(began)
                return self.stopped or "time"
            if now - saved > 60 * self.o.save_minutes:
                self.save(began)
                saved = now
        return "done"
