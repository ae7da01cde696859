/* --- What was scanned and with what; the scores of all; groups and failures --- */
function warnings() {
  const t = data.totals, warn = (text) => $("warnings").append(el("p", { class: "note warning" }, text));
  if (!data.trained) warn("The model is untrained: its weights are random, and every score here means nothing.");
  else if (!data.calibrated) warn("The scores are not calibrated: they order recordings, but 0.9 does not mean nine in ten.");
  if (t.pending) warn(whole(t.pending) + " recordings were not scanned yet: the scan did not end, and this report is about the rest.");
  if (t.outside) {
    warn(whole(t.outside) + " recordings sound unlike what the model was measured on (bandwidth, level or share of speech)." +
      " Their scores mean less.");
  }
}
function cards() {
  const t = data.totals;
  const kinds = [["fake", t.fake, "fake"], ["uncertain", t.uncertain, "uncertain"], ["real", t.real, "real"],
    ["not scored", t.not_scored, "none"], ["failed", t.failed, "none"]];
  for (const [word, n, kind] of kinds) {
    const share = t.items ? " (" + ((100 * n) / t.items).toFixed(n && n < t.items / 100 ? 2 : 0) + " %)" : "";
    $("cards").append(el("div", { class: "card " + kind }, el("b", {}, whole(n)), word + share));
  }
}
/* Of all scans; null where it is unknown of one. */
const sum = (key) => data.runs.reduce((all, r) => (all === null || r[key] === null ? null : all + r[key]), 0);
function speed(run) {
  const wall = sum("wall_s");
  if (!wall) return null;
  const by = data.runs.length > 1 ? `, ${data.runs.length} scans one after the other` : ` on ${run.ranks} ${run.ranks === 1 ? "rank" : "ranks"}`;
  return `${((data.totals.hours * 3600) / wall).toFixed(0)} times real time${by}, ${wall < 60 ? round(wall) + " s" : clock(wall)} in all`;
}
function energy(run) {
  const cpu = sum("cpu_wh"), gpu = sum("gpu_wh"), grams = run.grid_g_per_kwh;
  const watts = (wh) => (wh === null ? "unknown" : wh.toFixed(wh < 10 ? 3 : 1) + " Wh");
  if (cpu === null && gpu === null) return "unknown";
  const known = (cpu || 0) + (gpu || 0), co2 = grams && known ? `; ${((known * grams) / 1000).toFixed(1)} g CO2 at ${grams} g/kWh` : "";
  return `processors ${watts(cpu)}, GPUs ${watts(gpu)}, of whole machines${co2}`;
}
function summary() {
  const t = data.totals, run = data.runs[0] || {};
  const fact = (list, term, value) => value && $(list).append(el("dt", {}, term), el("dd", {}, value));
  $("about").textContent = data.source + ", scanned " + (run.started || "at an unknown time") + (run.finished ? " to " + run.finished : "");
  fact("facts", "Scanned", whole(t.items) + " recordings, " + hours(t.hours) + (t.copies ? "; " + whole(t.copies) + " of them copies of others" : ""));
  fact("facts", "Model", (run.model_name || run.model_path || "unknown") + (data.trained ? "" : " (untrained)"));
  fact("facts", "Scores", data.calibrated ? "P(fake), calibrated on " + run.calibrated_on : "not calibrated");
  fact("facts", "Verdicts", uncertainFrom !== null
    ? `real below ${round(data.real_below)}, fake from ${round(data.fake_from)}, uncertain between, by the mean over a recording`
    : `fake from ${round(data.fake_from)}, else real, by the mean over a recording`);
  fact("facts", "Front end", run.profile_name + ", windows of " + run.window_s + " s every " + run.hop_s + " s");
  fact("facts", "Speed", speed(run));
  fact("facts", "Energy", energy(run));
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

/* Of the recordings' scores, with the thresholds. Drawn in about its own size, so that its words can be read. */
function histogram() {
  const width = Math.max(340, Math.min(800, $("histogram").clientWidth - 32)), height = 220, left = 48, right = 14, foot = height - 34;
  const h = data.histogram, sums = Array.from({ length: h.bins }, (_, i) => h.r[i] + h.u[i] + h.f[i]), most = Math.max(1, ...sums);
  const across = width - left - right, step = across / h.bins, x = (value) => left + across * value;
  const tall = (n) => (foot - 40) * Math.sqrt(n / most); /* the root, so that few among many are seen */
  const all = whole(sums.reduce((a, b) => a + b, 0));
  const box = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Histogram of the mean ${scoreWord} of ${all} recordings` });
  const label = (at, y, anchor, text) => box.append(svg("text", { x: at, y, "text-anchor": anchor }, text));
  for (let i = 0; i < h.bins; i++) {
    let at = foot;
    for (const kind of ["r", "u", "f"]) {
      if (!h[kind][i]) continue;
      const part = (tall(sums[i]) * h[kind][i]) / sums[i];
      at -= part;
      const bar = svg("rect", { x: left + i * step + 0.5, y: at, width: step - 1, height: part, class: words[kind] });
      bar.append(svg("title", {}, `${(i / h.bins).toFixed(2)} to ${((i + 1) / h.bins).toFixed(2)}: ${whole(h[kind][i])} ${words[kind]}`));
      box.append(bar);
    }
  }
  box.append(svg("line", { x1: left, x2: width - right, y1: foot, y2: foot, class: "axis" }));
  for (let i = 0; i <= 10; i += 2) label(x(i / 10), foot + 16, "middle", (i / 10).toFixed(1));
  label(left + across / 2, height - 2, "middle", "mean " + scoreWord + " of a recording");
  label(left - 6, foot - tall(most) + 10, "end", whole(most));
  label(left - 6, foot, "end", "0");
  const points = [[data.fake_from, "fake from"]];
  if (uncertainFrom !== null) points.unshift([uncertainFrom, "uncertain from"]);
  points.forEach(([value, word], i) => {
    const before = value > 0.5;
    box.append(svg("line", { x1: x(value), x2: x(value), y1: 4, y2: foot, class: "point" }));
    label(x(value) + (before ? -4 : 4), 14 + 15 * i, before ? "end" : "start", word + " " + round(value));
  });
  $("histogram").replaceChildren(box, el("div", { class: "legend" },
    ...["r", "u", "f"].map((k) => el("span", {}, el("i", { class: words[k] }), words[k])),
    el("span", {}, "Heights are square roots, so that a few among many can be seen.")));
}

/* What other thresholds of the profile would make of the same scores. */
function points() {
  if (data.points.length < 2) return;
  const rows = data.points.map(([name, low, high, fakes, reals]) => {
    const used = Math.abs(low - data.real_below) < 1e-6 && Math.abs(high - data.fake_from) < 1e-6;
    return el("tr", {}, el("td", {}, name + (used ? " (used here)" : "")), ...[round(low), round(high), whole(fakes), whole(reals)].map(cell));
  });
  const titles = ["Real below", "Fake from", "Fake", "Real"].map((t) => heading(t, "number"));
  $("points").append(el("div", { class: "scroll" }, el("table", {},
    el("caption", {}, "The profile's operating points, and what each would call these recordings"),
    el("thead", {}, el("tr", {}, heading("Operating point"), ...titles)), el("tbody", {}, ...rows))));
}

function groups() {
  const titles = ["Recordings", "Fake", "Uncertain", "Real", "Failed", "Mean"];
  for (const group of data.groups) {
    const rows = group.rows.map((r) => el("tr", {}, el("td", { class: "name" }, r[0] === "" ? "(none)" : r[0]),
      ...r.slice(1, 6).map((n) => cell(whole(n))), cell(score(r[6]))));
    const head = el("tr", {}, heading(group.title), ...titles.map((t) => heading(t, "number")));
    $("groups").append(el("h2", {}, "By " + group.title));
    if (group.rows.length < group.of)
      $("groups").append(soft(`The first ${whole(group.rows.length)} of ${whole(group.of)}, those with most fake ones first.`));
    $("groups").append(el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows))));
  }
}
function failures() {
  const body = $("failures").querySelector("tbody");
  for (const [n, cause, example] of data.failures)
    body.append(el("tr", {}, cell(whole(n)), el("td", {}, cause), el("td", { class: "name soft" }, example)));
  $("failures").hidden = data.failures.length === 0;
}
