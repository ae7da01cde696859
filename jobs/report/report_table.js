/* --- The table of recordings; and what begins it all --- */
const columns = [
  { title: "Verdict", key: F.verdict, order: { f: 3, u: 2, r: 1, n: 0 } },
  { title: "Mean", key: F.mean, kind: "number" }, { title: "Highest", key: F.max, kind: "number optional" },
  { title: "Longest run", key: F.longest, kind: "number optional" }, { title: "Length", key: F.seconds, kind: "number optional" },
  { title: "Recording", key: F.name, up: true },
];
/* open: of an item, the row below its own and what draws it */
const view = { column: 1, down: true, page: 0, size: 50, rows: [], open: new Map() };

function choose() {
  const text = $("search").value.trim().toLowerCase(), verdict = $("verdict").value, seconds = +$("min-seconds").value || 0;
  const reviewed = $("reviewed").value, marked = reviewed ? markedItems() : null, all = data.files.length;
  const column = columns[view.column], sign = view.down ? -1 : 1;
  const value = (f) => (column.order ? column.order[f[F.verdict]] : f[column.key]);
  view.rows = data.files.filter((f) => (!verdict || f[F.verdict] === verdict) && (!seconds || (f[F.seconds] || 0) >= seconds) &&
    (!marked || marked.has(f[F.item]) === (reviewed === "yes")) &&
    (!text || f[F.name].toLowerCase().includes(text) || (f[F.remark] && f[F.remark].toLowerCase().includes(text))));
  view.rows.sort((a, b) => {
    const x = value(a), y = value(b);
    if (x === y) return b[F.mean] - a[F.mean] || a[F.item] - b[F.item];
    if (x === null) return 1;
    if (y === null) return -1;
    return (x < y ? -1 : 1) * sign;
  });
  view.page = Math.min(view.page, Math.max(0, Math.ceil(view.rows.length / view.size) - 1));
  $("found").textContent = view.rows.length < all ? `${whole(view.rows.length)} of ${whole(all)} listed recordings match` : whole(all) + " listed";
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
    const { box, draw } = detail(file, () => showChip(file[F.item]));
    const below = el("tr", { class: "detail-row" }, el("td", { colspan: columns.length }, box));
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
function rowOf(f, open, marked) {
  const verdict = f[F.verdict], cut = f[F.name].lastIndexOf("/") + 1;
  const longest = f[F.longest] !== null && f[F.seconds] ? Math.min(f[F.longest], f[F.seconds]) : f[F.longest];
  const button = el("button", { type: "button", class: "toggle", "aria-expanded": String(open), onclick: () => toggle(f, row) },
    el("span", { class: "folder" }, f[F.name].slice(0, cut)), el("span", {}, f[F.name].slice(cut)));
  const values = [score(f[F.mean]), score(f[F.max]), clock(longest), clock(f[F.seconds])];
  const row = el("tr", { "data-item": f[F.item], class: open ? "open" : null },
    el("td", {}, el("span", { class: "chip " + classes[verdict] }, signs[verdict] + words[verdict])),
    ...values.map((v, i) => el("td", { class: columns[i + 1].kind }, v)),
    el("td", { class: "name" }, button, marked ? markedChip() : null));
  return row;
}
function show() {
  const first = view.page * view.size, marked = markedItems(), rows = [];
  for (const f of view.rows.slice(first, first + view.size)) {
    const opened = view.open.get(f[F.item]);
    rows.push(rowOf(f, !!opened, marked.has(f[F.item])));
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
  const sorted = () => [...row.cells].forEach((c, i) =>
    c.setAttribute("aria-sort", i !== view.column ? "none" : view.down ? "descending" : "ascending"));
  const sortBy = (i) => {
    view.down = view.column === i ? !view.down : !columns[i].up;
    view.column = i;
    view.page = 0;
    sorted();
    choose();
  };
  columns.forEach((column, i) => row.append(heading(el("button", { type: "button", onclick: () => sortBy(i) }, column.title), column.kind)));
  sorted();
}
function listed() {
  const some = `The ${whole(data.files.length)} most suspicious of ${whole(data.of)} scored recordings are listed;` +
    " voxtrawl query has them all, and --top lists more. ";
  const how = data.files.length ? "A name opens its scores over time and its sound, and lets you mark stretches." : "No recording was scored.";
  $("listed").textContent = (data.files.length < data.of ? some : "") + how;
}

warnings();
cards();
summary();
histogram();
points();
groups();
failures();
header();
listed();
recall();
showMarked();
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
