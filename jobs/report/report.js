"use strict";
/* Everything shown comes from the data in this page, and reaches it as text only: names of files are anybody's. */
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const words = { f: "fake", u: "uncertain", r: "real", n: "not scored" };
const classes = { f: "fake", u: "uncertain", r: "real", n: "none" };
const signs = { f: "▲ ", u: "◆ ", r: "● ", n: "" };
const F = { item: 0, name: 1, same: 2, verdict: 3, mean: 4, max: 5, longest: 6, seconds: 7, windows: 8, format: 9, remark: 10, path: 11, member: 12, run: 13 };

function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) e.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children) if (child !== null && child !== undefined) e.append(child);
  return e;
}
function svg(tag, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  if (text !== undefined) e.textContent = text;
  return e;
}
const round = (x) => Math.round(x * 1000) / 1000;
const whole = (n) => Number(n).toLocaleString("en");
const score = (p) => (p === null ? "" : p.toFixed(3));
function clock(seconds) {
  if (seconds === null) return "";
  const s = Math.floor(seconds), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  const tail = (h ? String(m).padStart(2, "0") : m) + ":" + String(s % 60).padStart(2, "0");
  return (h ? h + ":" : "") + tail;
}
const hours = (h) => (h >= 10 ? h.toFixed(0) : h >= 0.1 ? h.toFixed(1) : (h * 60).toFixed(1) + " minutes of sound").replace(/^([\d.]+)$/, "$1 hours of sound");
/* A copy has the scores of the recording that was scored in its place. */
const lineOf = (file) => data.lines[file[F.item]] || data.lines[file[F.same]];
const onChannel = (channel) => (channel ? ", channel " + channel : ""); /* 0: all of them */
const scoreWord = data.calibrated ? "P(fake)" : "score";

/* --- Summary --- */
function summary() {
  const t = data.totals, run = data.runs[0] || {};
  $("about").textContent = data.source + ", scanned " + (run.started || "at an unknown time") + (run.finished ? " to " + run.finished : "");
  const warn = (text) => $("warnings").append(el("p", { class: "note warning" }, text));
  if (!data.trained) warn("The model is untrained: its weights are random, and every score here means nothing.");
  else if (!data.calibrated) warn("The scores are not calibrated: they order recordings, but 0.9 does not mean nine in ten.");
  if (t.pending) warn(whole(t.pending) + " recordings were not scanned yet: the scan did not end, and this report is about the rest.");
  if (t.outside) warn(whole(t.outside) + " recordings sound unlike what the model was measured on (bandwidth, level or share of speech). Their scores mean less.");
  /* Of all scans; unknown where one is. */
  const sum = (key) => data.runs.reduce((all, r) => (all === null || r[key] === null ? null : all + r[key]), 0);
  const cards = [["fake", t.fake, "fake"], ["uncertain", t.uncertain, "uncertain"], ["real", t.real, "real"], ["not scored", t.not_scored, "none"], ["failed", t.failed, "none"]];
  for (const [word, n, kind] of cards) {
    const share = t.items ? " (" + ((100 * n) / t.items).toFixed(n && n < t.items / 100 ? 2 : 0) + " %)" : "";
    $("cards").append(el("div", { class: "card " + kind }, el("b", {}, whole(n)), word + share));
  }
  const fact = (list, term, value) => value && $(list).append(el("dt", {}, term), el("dd", {}, value));
  fact("facts", "Scanned", whole(t.items) + " recordings, " + hours(t.hours) + (t.copies ? "; " + whole(t.copies) + " of them copies of others" : ""));
  fact("facts", "Model", (run.model_name || run.model_path || "unknown") + (data.trained ? "" : " (untrained)"));
  fact("facts", "Scores", data.calibrated ? "P(fake), calibrated on " + run.calibrated_on : "not calibrated");
  fact("facts", "Verdicts", data.real_below < data.fake_from
    ? "real below " + round(data.real_below) + ", fake from " + round(data.fake_from) + ", uncertain between, by the mean over a recording"
    : "fake from " + round(data.fake_from) + ", else real, by the mean over a recording");
  fact("facts", "Front end", run.profile_name + ", windows of " + run.window_s + " s every " + run.hop_s + " s");
  const wall = sum("wall_s"), cpu = sum("cpu_wh"), gpu = sum("gpu_wh"), grams = run.grid_g_per_kwh;
  if (wall) fact("facts", "Speed", ((t.hours * 3600) / wall).toFixed(0) + " times real time" + (data.runs.length > 1 ? ", " + data.runs.length + " scans one after the other" : " on " + run.ranks + (run.ranks === 1 ? " rank" : " ranks")) + ", " + (wall < 60 ? round(wall) + " s" : clock(wall)) + " in all");
  const watts = (wh) => (wh === null ? "unknown" : wh.toFixed(wh < 10 ? 3 : 1) + " Wh");
  fact("facts", "Energy", cpu === null && gpu === null ? "unknown" : "processors " + watts(cpu) + ", GPUs " + watts(gpu) + ", of whole machines" + (grams && (cpu || gpu) ? "; " + (((cpu || 0) + (gpu || 0)) * grams / 1000).toFixed(1) + " g CO2 at " + grams + " g/kWh" : ""));
  data.runs.forEach((r, i) => {
    for (const [key, value] of Object.entries(r))
      if (value !== null && value !== "") fact("more-facts", (data.runs.length > 1 ? "scan " + (i + 1) + ": " : "") + key, String(value));
  });
  if (data.card !== null) {
    $("card").hidden = false;
    $("card-text").textContent = data.card;
  }
  $("made").textContent = "Made by " + data.program + " at " + data.made + ".";
}

/* --- Histogram of the recordings' scores, with the thresholds --- */
function histogram() {
  const width = Math.max(340, Math.min(800, $("histogram").clientWidth - 32)); /* drawn in about its own size, so that its words can be read */
  const height = 220, left = 48, right = 14, bottom = 34, bins = data.histogram.bins, h = data.histogram;
  const sums = Array.from({ length: bins }, (_, i) => h.r[i] + h.u[i] + h.f[i]), most = Math.max(1, ...sums);
  const y = (n) => (height - bottom - 40) * Math.sqrt(n / most); /* the root, so that few among many are seen */
  const box = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Histogram of the mean ${scoreWord} of ${whole(sums.reduce((a, b) => a + b, 0))} recordings` });
  const across = width - left - right, step = across / bins;
  for (let i = 0; i < bins; i++) {
    const total = y(sums[i]);
    let at = height - bottom;
    for (const kind of ["r", "u", "f"]) {
      if (!h[kind][i]) continue;
      const part = (total * h[kind][i]) / sums[i];
      at -= part;
      const bar = svg("rect", { x: left + i * step + 0.5, y: at, width: step - 1, height: part, class: words[kind] });
      bar.append(svg("title", {}, `${(i / bins).toFixed(2)} to ${((i + 1) / bins).toFixed(2)}: ${whole(h[kind][i])} ${words[kind]}`));
      box.append(bar);
    }
  }
  box.append(svg("line", { x1: left, x2: width - right, y1: height - bottom, y2: height - bottom, class: "axis" }));
  for (let i = 0; i <= 10; i += 2) box.append(svg("text", { x: left + (across * i) / 10, y: height - bottom + 16, "text-anchor": "middle" }, (i / 10).toFixed(1)));
  box.append(svg("text", { x: left + across / 2, y: height - 2, "text-anchor": "middle" }, "mean " + scoreWord + " of a recording"));
  box.append(svg("text", { x: left - 6, y: height - bottom - y(most) + 10, "text-anchor": "end" }, whole(most)), svg("text", { x: left - 6, y: height - bottom, "text-anchor": "end" }, "0"));
  const points = data.real_below < data.fake_from ? [[data.real_below, "uncertain from"], [data.fake_from, "fake from"]] : [[data.fake_from, "fake from"]];
  points.forEach(([value, word], i) => {
    const x = left + across * value, before = value > 0.5;
    box.append(svg("line", { x1: x, x2: x, y1: 4, y2: height - bottom, class: "point" }), svg("text", { x: x + (before ? -4 : 4), y: 14 + 15 * i, "text-anchor": before ? "end" : "start" }, word + " " + round(value)));
  });
  $("histogram").replaceChildren(box, el("div", { class: "legend" }, ...["r", "u", "f"].map((k) => el("span", {}, el("i", { class: words[k] }), words[k])), el("span", {}, "Heights are square roots, so that a few among many can be seen.")));
}

/* What other thresholds of the profile would make of the same scores. */
function points() {
  if (data.points.length < 2) return;
  const rows = data.points.map(([name, low, high, fakes, reals]) => {
    const used = Math.abs(low - data.real_below) < 1e-6 && Math.abs(high - data.fake_from) < 1e-6;
    return el("tr", {}, el("td", {}, name + (used ? " (used here)" : "")), ...[round(low), round(high), whole(fakes), whole(reals)].map((v) => el("td", { class: "number" }, String(v))));
  });
  $("points").append(el("div", { class: "scroll" }, el("table", {}, el("caption", {}, "The profile's operating points, and what each would call these recordings"), el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Operating point"),
    ...["Real below", "Fake from", "Fake", "Real"].map((t) => el("th", { scope: "col", class: "number" }, t)))), el("tbody", {}, ...rows))));
}

/* --- Marks of a person --- */
const marks = [];
const storeKey = "voxtrawl-review-" + data.runs.map((r) => r.uuid).join("-");
let unkept = false; /* a browser that keeps nothing for files asks before it forgets marks that were not saved */
function remember() {
  try {
    localStorage.setItem(storeKey, JSON.stringify({ reviewer: $("reviewer").value, marks }));
  } catch (e) {
    unkept = marks.length > 0;
  }
}
function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(storeKey) || "null");
    if (!kept) return;
    $("reviewer").value = String(kept.reviewer || "");
    for (const m of kept.marks) if (["real", "fake", "unsure"].includes(m.label) && Number.isInteger(m.item)) marks.push(m);
  } catch (e) { /* nothing usable */ }
}
function showMarked() {
  $("save").hidden = marks.length === 0;
  $("marked").textContent = marks.length + (marks.length === 1 ? " mark" : " marks");
}
function save(event) {
  event.preventDefault();
  const reviewer = $("reviewer").value.trim();
  if (!reviewer) {
    $("saved").textContent = "A review needs a name.";
    $("reviewer").focus();
    return;
  }
  const file = { voxtrawl_review: 1, reviewer, saved: new Date().toISOString(), marks };
  const url = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1) + "\n"], { type: "application/json" }));
  const link = el("a", { href: url, download: "review.json" });
  document.body.append(link);
  link.click();
  link.remove();
  unkept = false;
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  $("saved").textContent = "Saved as review.json. Take it into the result by: voxtrawl review DB --import review.json";
}

/* --- Timeline of one recording --- */
function bytes(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
function drawScores(canvas, file, selection) {
  const line = lineOf(file), box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, box.width * ratio);
  canvas.height = Math.max(1, box.height * ratio);
  const c = canvas.getContext("2d"), w = box.width, h = box.height;
  c.scale(ratio, ratio);
  c.fillStyle = colour("--none-tint");
  c.fillRect(0, 0, w, h);
  if (selection) {
    c.fillStyle = colour("--line");
    c.fillRect((w * selection[0]) / line.seconds, 0, Math.max(2, (w * (selection[1] - selection[0])) / line.seconds), h);
  }
  const p = bytes(line.p), step = (w * line.span) / line.seconds / p.length; /* the last window may go past the end */
  for (let i = 0; i < p.length; i++) {
    if (p[i] === 255) continue; /* not scored */
    const value = p[i] / 250;
    c.fillStyle = colour(value >= data.fake_from ? "--fake" : value >= data.real_below ? "--uncertain" : "--real");
    c.fillRect(i * step, h - Math.max(1.5, value * h), Math.max(1, step - (step > 4 ? 1 : 0)), Math.max(1.5, value * h));
  }
  c.strokeStyle = colour("--ink");
  c.setLineDash([4, 3]);
  c.beginPath();
  c.moveTo(0, h - data.fake_from * h);
  c.lineTo(w, h - data.fake_from * h);
  c.stroke();
  const words = "fake from " + round(data.fake_from), above = data.fake_from < 0.8;
  c.font = "11px system-ui, sans-serif";
  c.textAlign = "right";
  c.textBaseline = above ? "bottom" : "top";
  const wide = c.measureText(words).width, top = h - data.fake_from * h + (above ? -15 : 2);
  c.fillStyle = colour("--card");
  c.fillRect(w - wide - 8, top, wide + 6, 13);
  c.fillStyle = colour("--ink");
  c.fillText(words, w - 5, above ? top + 13 : top + 1);
}
/* From quiet to loud: black, purple, orange, pale yellow. */
const ramp = [[0, 0, 4], [59, 15, 112], [140, 41, 129], [222, 73, 104], [254, 159, 109], [252, 253, 191]];
function drawSpectrum(canvas, picture) {
  const packed = bytes(picture.levels), c = canvas.getContext("2d");
  canvas.width = picture.w;
  canvas.height = picture.h;
  const image = c.createImageData(picture.w, picture.h);
  for (let i = 0; i < picture.w * picture.h; i++) {
    const level = (i & 1 ? packed[i >> 1] & 15 : packed[i >> 1] >> 4) / 15, at = Math.min(4.999, level * 5), k = Math.floor(at);
    for (let n = 0; n < 3; n++) image.data[4 * i + n] = ramp[k][n] + (ramp[k + 1][n] - ramp[k][n]) * (at - k);
    image.data[4 * i + 3] = 255;
  }
  c.putImageData(image, 0, 0);
}
function drawRuler(canvas, seconds) {
  const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, box.width * ratio);
  canvas.height = Math.max(1, box.height * ratio);
  const c = canvas.getContext("2d");
  c.scale(ratio, ratio);
  c.fillStyle = colour("--soft");
  c.font = "12px system-ui, sans-serif";
  c.textBaseline = "top";
  const step = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400].find((s) => seconds / s <= box.width / 70) || 28800;
  for (let s = 0; s <= seconds; s += step) {
    const x = (box.width * s) / seconds;
    c.fillRect(x, 0, 1, 5);
    if (x < box.width - 40) c.fillText(clock(s), x + 3, 4);
  }
}

/* What is shown of an opened recording, and what draws its pictures, which need to be in the page. */
function detail(file) {
  const line = lineOf(file), picture = data.pictures[file[F.item]] || data.pictures[file[F.same]], box = el("div", { class: "detail" });
  const title = el("p", { class: "soft" }, [file[F.format], "highest window " + score(file[F.max]), line && line.channels > 1 ? line.channels + " channels scored; the worst is shown at each place" : "", file[F.remark]].filter(Boolean).join(" · "));
  box.append(title);
  if (file[F.same] !== null) {
    const scored = data.files.find((f) => f[F.item] === file[F.same]);
    box.append(el("p", { class: "soft" }, "The same content as " + (scored ? scored[F.name] : "item " + file[F.same] + " of the result") + ", which was scored in its place."));
  }
  if (!line) {
    box.append(el("p", { class: "soft" }, file[F.windows] ? "Its windows are left out here to keep the report small: voxtrawl query has them." : "It has no windows of its own."));
    return { box, draw: () => {} };
  }
  let selection = null;
  const scores = el("canvas", { class: "scores", role: "img", "aria-label": `Scores over ${clock(line.seconds)}: highest ${score(file[F.max])}, mean ${score(file[F.mean])}` });
  const spectrum = picture && picture.levels ? el("canvas", { class: "spectrum", role: "img", "aria-label": "Spectrogram, 0 to 8 kHz" }) : null;
  const ruler = el("canvas", { class: "ruler", "aria-hidden": "true" });
  const timeline = el("div", { class: "timeline" }, scores, spectrum, ruler);
  box.append(timeline);
  if (picture && picture.error) box.append(el("p", { class: "soft" }, "No spectrogram: " + picture.error));
  const draw = () => {
    if (!scores.isConnected) return;
    drawScores(scores, file, selection);
    if (spectrum) drawSpectrum(spectrum, picture);
    drawRuler(ruler, line.seconds);
  };

  const clips = data.clips.filter((c) => c.item === file[F.item] || c.item === file[F.same]);
  if (clips.length) {
    box.append(el("div", { class: "clips" }, ...clips.map((c) => el("figure", {}, el("audio", { controls: true, preload: "metadata", src: c.uri, "aria-label": `Clip from ${clock(c.start)} to ${clock(c.end)}` }),
      el("figcaption", {}, `${clock(c.start)} to ${clock(c.end)}${onChannel(c.channel)}, ${scoreWord} ${score(c.mean)} `, el("button", { type: "button", onclick: () => { choose(c.start, c.end); if (channel) channel.value = c.channel; } }, "Select this stretch"))))));
  }

  const channel = line.channels > 1 ? el("select", { class: "channel" }, ...Array.from({ length: line.channels + 1 }, (_, i) => el("option", { value: i }, i ? String(i) : "all"))) : null;
  const from = el("input", { type: "number", min: 0, max: line.seconds, step: "any", value: 0, class: "from" });
  const to = el("input", { type: "number", min: 0, max: line.seconds, step: "any", value: line.seconds.toFixed(2), class: "to" });
  const remark = el("input", { type: "text", class: "remark", maxlength: 2000 });
  const list = el("ul", { class: "marks" });
  const choose = (a, b) => {
    selection = [Math.max(0, Math.min(a, b)), Math.min(line.seconds, Math.max(a, b))];
    from.value = selection[0].toFixed(2);
    to.value = selection[1].toFixed(2);
    draw();
  };
  const second = (event) => { const r = scores.getBoundingClientRect(); return (line.seconds * (event.clientX - r.left)) / r.width; };
  let begun = null;
  const levels = bytes(line.p);
  scores.addEventListener("pointermove", (e) => {
    const at = second(e), p = levels[Math.floor((at / line.span) * levels.length)];
    scores.title = clock(at) + (p === undefined || p === 255 ? ", not scored" : `, ${scoreWord} ${(p / 250).toFixed(2)}`);
  });
  scores.addEventListener("pointerdown", (e) => { begun = second(e); scores.setPointerCapture(e.pointerId); });
  scores.addEventListener("pointermove", (e) => { if (begun !== null) choose(begun, second(e)); });
  scores.addEventListener("pointerup", (e) => {
    if (begun !== null && Math.abs(second(e) - begun) < 0.05) { const k = Math.floor(second(e) / line.hop); choose(k * line.hop, k * line.hop + line.window); }
    begun = null;
  });
  scores.addEventListener("pointercancel", () => { begun = null; });
  for (const input of [from, to]) input.addEventListener("change", () => { if (+from.value < +to.value) { selection = [+from.value, +to.value]; draw(); } });
  const showMarks = () => {
    list.replaceChildren(...data.reviews.filter((m) => m.item === file[F.item]).map((m) => el("li", {}, el("b", {}, m.label), `${clock(m.start_s)} to ${clock(m.end_s)}${onChannel(m.channel)}`, el("span", { class: "soft" }, `${m.reviewer}, ${m.reviewed}`), m.remark || "")),
      ...marks.filter((m) => m.run === data.uuids[file[F.run]] && m.item === file[F.item]).map((m) => el("li", {}, el("b", {}, m.label), `${clock(m.start_s)} to ${clock(m.end_s)}${onChannel(m.channel)}`, m.remark,
        el("button", { type: "button", onclick: () => { marks.splice(marks.indexOf(m), 1); changed(); } }, "Remove"))));
  };
  const changed = () => { showMarks(); showMarked(); remember(); showChip(file[F.item]); };
  const mark = (label) => {
    const a = +from.value, b = +to.value;
    if (!(a >= 0 && a < b && b <= line.seconds + 0.01)) {
      from.setCustomValidity("A stretch begins before it ends, within the recording.");
      from.reportValidity();
      from.setCustomValidity("");
      return;
    }
    marks.push({ run: data.uuids[file[F.run]], item: file[F.item], path: file[F.path] === null ? file[F.name] : file[F.path], member: file[F.member], channel: channel ? +channel.value : 0, start_s: a, end_s: b, label, remark: remark.value.trim(), reviewed: new Date().toISOString().replace(/\.\d+Z/, "Z") });
    remark.value = "";
    changed();
  };
  box.append(list, el("p", { class: "soft hint" }, "To mark a stretch, drag over the scores or type its seconds."), el("div", { class: "review", role: "group", "aria-label": "Mark a stretch" }, el("label", {}, "from, s", from), el("label", {}, "to, s", to), channel ? el("label", {}, "channel", channel) : null, el("label", {}, "remark", remark),
    ...["real", "fake", "unsure"].map((label) => el("button", { type: "button", class: "mark-" + label, onclick: () => mark(label) }, "Mark " + label))));
  showMarks();
  return { box, draw };
}

/* --- The table --- */
const columns = [
  { title: "Verdict", key: F.verdict, order: { f: 3, u: 2, r: 1, n: 0 } },
  { title: "Mean", key: F.mean, number: true }, { title: "Highest", key: F.max, number: true, optional: true },
  { title: "Longest run", key: F.longest, number: true, optional: true }, { title: "Length", key: F.seconds, number: true, optional: true },
  { title: "Recording", key: F.name },
];
const view = { column: 1, down: true, page: 0, size: 50, rows: [], open: new Map() }; /* open: of an item, the row below its own and what draws it */
function markedItems() {
  const set = new Set(data.reviews.map((m) => m.item));
  for (const m of marks) set.add(m.item);
  return set;
}
function choose() {
  const text = $("search").value.trim().toLowerCase(), verdict = $("verdict").value, seconds = +$("min-seconds").value || 0, reviewed = $("reviewed").value;
  const marked = reviewed ? markedItems() : null, column = columns[view.column], sign = view.down ? -1 : 1;
  const value = (f) => (column.order ? column.order[f[F.verdict]] : f[column.key]);
  view.rows = data.files.filter((f) => (!verdict || f[F.verdict] === verdict) && (!seconds || (f[F.seconds] || 0) >= seconds) && (!marked || marked.has(f[F.item]) === (reviewed === "yes")) &&
    (!text || f[F.name].toLowerCase().includes(text) || (f[F.remark] && f[F.remark].toLowerCase().includes(text))));
  view.rows.sort((a, b) => {
    const x = value(a), y = value(b);
    if (x === y) return b[F.mean] - a[F.mean] || a[F.item] - b[F.item];
    if (x === null) return 1;
    if (y === null) return -1;
    return (x < y ? -1 : 1) * sign;
  });
  view.page = Math.min(view.page, Math.max(0, Math.ceil(view.rows.length / view.size) - 1));
  $("found").textContent = view.rows.length < data.files.length ? `${whole(view.rows.length)} of ${whole(data.files.length)} listed recordings match` : whole(data.files.length) + " listed";
  show();
}
const markedChip = () => el("span", { class: "chip none" }, "✎ marked");
function showChip(item) {
  const name = $("files").querySelector(`[data-item="${item}"] .name`), has = name && name.querySelector(".chip"), is = markedItems().has(item);
  if (name && is && !has) name.append(markedChip());
  if (has && !is) has.remove();
}
/* Others stay as they are: what plays goes on, what was typed is kept. */
function toggle(file, row) {
  const opened = view.open.get(file[F.item]);
  if (opened) {
    opened.row.remove();
    view.open.delete(file[F.item]);
  } else {
    const { box, draw } = detail(file), below = el("tr", { class: "detail-row" }, el("td", { colspan: columns.length }, box));
    view.open.set(file[F.item], { row: below, draw });
    row.after(below);
    draw();
  }
  row.classList.toggle("open", !opened);
  row.querySelector(".toggle").setAttribute("aria-expanded", String(!opened));
}
function drawOpened() {
  for (const opened of view.open.values()) opened.draw();
}
function show() {
  const first = view.page * view.size, marked = markedItems(), rows = [];
  for (const f of view.rows.slice(first, first + view.size)) {
    const opened = view.open.get(f[F.item]), cut = f[F.name].lastIndexOf("/") + 1;
    const row = el("tr", { "data-item": f[F.item], class: opened ? "open" : null }, el("td", {}, el("span", { class: "chip " + classes[f[F.verdict]] }, signs[f[F.verdict]] + words[f[F.verdict]])),
      el("td", { class: "number" }, score(f[F.mean])), el("td", { class: "number optional" }, score(f[F.max])), el("td", { class: "number optional" }, f[F.longest] === null ? "" : clock(f[F.seconds] ? Math.min(f[F.longest], f[F.seconds]) : f[F.longest])), el("td", { class: "number optional" }, clock(f[F.seconds])),
      el("td", { class: "name" }, el("button", { type: "button", class: "toggle", "aria-expanded": String(!!opened), onclick: () => toggle(f, row) }, el("span", { class: "folder" }, f[F.name].slice(0, cut)), el("span", {}, f[F.name].slice(cut))),
        marked.has(f[F.item]) ? markedChip() : null));
    rows.push(row);
    if (opened) rows.push(opened.row);
  }
  $("files").tBodies[0].replaceChildren(...rows);
  drawOpened();
  const pages = Math.max(1, Math.ceil(view.rows.length / view.size));
  $("page").textContent = "Page " + (view.page + 1) + " of " + whole(pages);
  $("back").disabled = view.page === 0;
  $("next").disabled = view.page + 1 >= pages;
}
function turn(by, button, other) {
  view.page += by;
  show();
  if (button.disabled) other.focus();
  $("h-files").scrollIntoView();
}
function header() {
  const row = $("files").tHead.rows[0];
  columns.forEach((column, i) => {
    row.append(el("th", { scope: "col", class: [column.number ? "number" : "", column.optional ? "optional" : ""].join(" ").trim() || null, "aria-sort": "none" },
      el("button", { type: "button", onclick: () => { view.down = view.column === i ? !view.down : i !== 5; view.column = i; view.page = 0; sorted(); choose(); } }, column.title)));
  });
  const sorted = () => [...row.cells].forEach((cell, i) => cell.setAttribute("aria-sort", i !== view.column ? "none" : view.down ? "descending" : "ascending"));
  sorted();
}

/* --- Groups and failures --- */
function groups() {
  for (const group of data.groups) {
    const table = el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, group.title), ...["Recordings", "Fake", "Uncertain", "Real", "Failed", "Mean"].map((t) => el("th", { scope: "col", class: "number" }, t)))), el("tbody", {},
      ...group.rows.map((r) => el("tr", {}, el("td", { class: "name" }, r[0] === "" ? "(none)" : r[0]), ...r.slice(1, 6).map((n) => el("td", { class: "number" }, whole(n))), el("td", { class: "number" }, score(r[6]))))));
    const box = el("div", {}, el("h2", {}, "By " + group.title), group.rows.length < group.of ? el("p", { class: "soft" }, `The first ${whole(group.rows.length)} of ${whole(group.of)}, those with most fake ones first.`) : null, el("div", { class: "scroll" }, table));
    $("groups").append(box);
  }
  const body = $("failures").querySelector("tbody");
  for (const [n, cause, example] of data.failures) body.append(el("tr", {}, el("td", { class: "number" }, whole(n)), el("td", {}, cause), el("td", { class: "name soft" }, example)));
  $("failures").hidden = data.failures.length === 0;
}

summary();
histogram();
points();
header();
groups();
recall();
showMarked();
$("listed").textContent = (data.files.length < data.of ? `The ${whole(data.files.length)} most suspicious of ${whole(data.of)} scored recordings are listed; voxtrawl query has them all, and --top lists more. ` : "") +
  (data.files.length ? "A name opens its scores over time and its sound, and lets you mark stretches." : "No recording was scored.");
for (const [id, event] of [["search", "input"], ["verdict", "change"], ["min-seconds", "input"], ["reviewed", "change"]])
  $(id).addEventListener(event, () => { view.page = 0; choose(); });
$("back").addEventListener("click", () => turn(-1, $("back"), $("next")));
$("next").addEventListener("click", () => turn(1, $("next"), $("back")));
window.addEventListener("resize", () => { histogram(); drawOpened(); });
for (const change of ["(prefers-color-scheme: dark)", "print"]) matchMedia(change).addEventListener("change", drawOpened);
window.addEventListener("beforeunload", (event) => { if (unkept) event.preventDefault(); });
$("save").querySelector("form").addEventListener("submit", save);
$("reviewer").addEventListener("change", remember);
choose();
