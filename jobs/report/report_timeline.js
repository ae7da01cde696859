/* --- One recording over time: its scores, spectrogram and clips --- */
/* A copy has the scores, the spectrogram and the clips of the recording that was scored in its place. */
const lineOf = (file) => data.lines[file[F.item]] || data.lines[file[F.same]];
const pictureOf = (file) => data.pictures[file[F.item]] || data.pictures[file[F.same]];
const clipsOf = (file) => data.clips.filter((c) => c.item === file[F.item] || c.item === file[F.same]);

function bytes(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/* A canvas as sharp as the screen is; its width and height in the page's pixels. */
function prepare(canvas) {
  const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1, c = canvas.getContext("2d");
  canvas.width = Math.max(1, box.width * ratio);
  canvas.height = Math.max(1, box.height * ratio);
  c.scale(ratio, ratio);
  return [c, box.width, box.height];
}
function drawThreshold(c, w, h) {
  const text = "fake from " + round(data.fake_from), above = data.fake_from < 0.8, y = h - data.fake_from * h;
  c.strokeStyle = colour("--ink");
  c.setLineDash([4, 3]);
  c.beginPath();
  c.moveTo(0, y);
  c.lineTo(w, y);
  c.stroke();
  c.font = "11px system-ui, sans-serif";
  c.textAlign = "right";
  c.textBaseline = above ? "bottom" : "top";
  const wide = c.measureText(text).width, top = y + (above ? -15 : 2);
  c.fillStyle = colour("--card");
  c.fillRect(w - wide - 8, top, wide + 6, 13);
  c.fillStyle = colour("--ink");
  c.fillText(text, w - 5, above ? top + 13 : top + 1);
}
function drawScores(canvas, line, selection) {
  const [c, w, h] = prepare(canvas);
  c.fillStyle = colour("--none-tint");
  c.fillRect(0, 0, w, h);
  if (selection) {
    c.fillStyle = colour("--line");
    c.fillRect((w * selection[0]) / line.seconds, 0, Math.max(2, (w * (selection[1] - selection[0])) / line.seconds), h);
  }
  const p = bytes(line.p), step = (w * line.span) / line.seconds / p.length; /* the last window may go past the end */
  for (let i = 0; i < p.length; i++) {
    if (p[i] === 255) continue; /* not scored */
    const value = p[i] / 250, tall = Math.max(1.5, value * h);
    c.fillStyle = colour(value >= data.fake_from ? "--fake" : value >= data.real_below ? "--uncertain" : "--real");
    c.fillRect(i * step, h - tall, Math.max(1, step - (step > 4 ? 1 : 0)), tall);
  }
  drawThreshold(c, w, h);
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
  const [c, w] = prepare(canvas);
  c.fillStyle = colour("--soft");
  c.font = "12px system-ui, sans-serif";
  c.textBaseline = "top";
  const step = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400].find((s) => seconds / s <= w / 70) || 28800;
  for (let s = 0; s <= seconds; s += step) {
    const x = (w * s) / seconds;
    c.fillRect(x, 0, 1, 5);
    if (x < w - 40) c.fillText(clock(s), x + 3, 4);
  }
}

/* The scores tell what is under the pointer; a stretch is dragged, or a window clicked. */
function followPointer(canvas, line, choose) {
  const second = (event) => {
    const r = canvas.getBoundingClientRect();
    return (line.seconds * (event.clientX - r.left)) / r.width;
  };
  const p = bytes(line.p);
  let begun = null;
  canvas.addEventListener("pointerdown", (e) => {
    begun = second(e);
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", (e) => {
    const at = second(e), value = p[Math.floor((at / line.span) * p.length)];
    canvas.title = clock(at) + (value === undefined || value === 255 ? ", not scored" : `, ${scoreWord} ${(value / 250).toFixed(2)}`);
    if (begun !== null) choose(begun, at);
  });
  canvas.addEventListener("pointerup", (e) => {
    const start = Math.floor(second(e) / line.hop) * line.hop;
    if (begun !== null && Math.abs(second(e) - begun) < 0.05) choose(start, start + line.window);
    begun = null;
  });
  canvas.addEventListener("pointercancel", () => { begun = null; });
}
function clipList(clips, choose) {
  return el("div", { class: "clips" }, ...clips.map((c) => el("figure", {},
    el("audio", { controls: true, preload: "metadata", src: c.uri, "aria-label": "Clip from " + stretch(c.start, c.end) }),
    el("figcaption", {}, `${stretch(c.start, c.end, c.channel)}, ${scoreWord} ${score(c.mean)} `,
      el("button", { type: "button", onclick: () => choose(c.start, c.end, c.channel) }, "Select this stretch")))));
}
/* What is known of a recording, before its pictures. */
function about(file, line, box) {
  const channels = line && line.channels > 1 ? line.channels + " channels scored; the worst is shown at each place" : "";
  box.append(soft([file[F.format], "highest window " + score(file[F.max]), channels, file[F.remark]].filter(Boolean).join(" · ")));
  if (file[F.same] !== null) {
    const scored = data.files.find((f) => f[F.item] === file[F.same]);
    const name = scored ? scored[F.name] : "item " + file[F.same] + " of the result";
    box.append(soft("The same content as " + name + ", which was scored in its place."));
  }
  if (!line && file[F.windows]) box.append(soft("Its windows are left out here to keep the report small: voxtrawl query has them."));
  else if (!line) box.append(soft("It has no windows of its own."));
}

/* What is shown of an opened recording, and what draws its pictures, which need to be in the page. changed: its marks are others. */
function detail(file, changed) {
  const line = lineOf(file), picture = pictureOf(file), clips = clipsOf(file), box = el("div", { class: "detail" });
  about(file, line, box);
  if (!line) return { box, draw: () => {} };
  const spoken = `Scores over ${clock(line.seconds)}: highest ${score(file[F.max])}, mean ${score(file[F.mean])}`;
  const scores = el("canvas", { class: "scores", role: "img", "aria-label": spoken }), ruler = el("canvas", { class: "ruler", "aria-hidden": "true" });
  const spectrum = picture && picture.levels ? el("canvas", { class: "spectrum", role: "img", "aria-label": "Spectrogram, 0 to 8 kHz" }) : null;
  let selection = null;
  const draw = () => {
    if (!scores.isConnected) return;
    drawScores(scores, line, selection);
    if (spectrum) drawSpectrum(spectrum, picture);
    drawRuler(ruler, line.seconds);
  };
  const select = (a, b) => {
    selection = [a, b];
    draw();
  };
  const list = el("ul", { class: "marks" }), relist = () => { markList(file, list, remade); };
  const remade = () => {
    relist();
    showMarked();
    remember();
    changed();
  };
  const { form, choose: fill } = markForm(file, line, select, remade);
  const choose = (a, b, channel) => {
    select(Math.max(0, Math.min(a, b)), Math.min(line.seconds, Math.max(a, b)));
    fill(...selection, channel);
  };
  followPointer(scores, line, choose);
  box.append(el("div", { class: "timeline" }, scores, spectrum, ruler));
  if (picture && picture.error) box.append(soft("No spectrogram: " + picture.error));
  if (clips.length) box.append(clipList(clips, choose));
  box.append(list, el("p", { class: "soft hint" }, "To mark a stretch, drag over the scores or type its seconds."), form);
  relist();
  return { box, draw };
}
