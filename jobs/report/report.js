"use strict";
/* The report's script, in parts that make one (jobs/report_page.c): this, summary, marks, timeline, table.
 * Everything shown comes from the data in this page, and reaches it as text only: names of files are anybody's. */
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const words = { f: "fake", u: "uncertain", r: "real", n: "not scored" };
const classes = { f: "fake", u: "uncertain", r: "real", n: "none" };
const signs = { f: "▲ ", u: "◆ ", r: "● ", n: "" };
/* The columns of data.files, as db/report_sql.h writes them. */
const F = {
  item: 0, name: 1, same: 2, verdict: 3, mean: 4, max: 5, longest: 6, seconds: 7, windows: 8, format: 9, remark: 10, path: 11, member: 12, run: 13,
};

function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) e.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children) if (child !== null && child !== undefined) e.append(child);
  return e;
}
const soft = (text) => el("p", { class: "soft" }, text);
const cell = (value) => el("td", { class: "number" }, String(value));
const heading = (text, kind) => el("th", { scope: "col", class: kind }, text);
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
const stretch = (from, to, channel) => `${clock(from)} to ${clock(to)}${channel ? ", channel " + channel : ""}`; /* channel 0: all of them */
function hours(h) {
  if (h < 0.1) return (h * 60).toFixed(1) + " minutes of sound";
  return h.toFixed(h >= 10 ? 0 : 1) + " hours of sound";
}
const scoreWord = data.calibrated ? "P(fake)" : "score";
const uncertainFrom = data.real_below < data.fake_from ? data.real_below : null; /* null: there is nothing between real and fake */
