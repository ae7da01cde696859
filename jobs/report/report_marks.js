/* --- Marks of a person: kept by the browser until they are saved --- */
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
function markedItems() {
  const set = new Set(data.reviews.map((m) => m.item));
  for (const m of marks) set.add(m.item);
  return set;
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

/* A recording's marks, those of the result and those made here. changed: one was removed. */
function markList(file, list, changed) {
  const taken = data.reviews.filter((m) => m.item === file[F.item]);
  const own = marks.filter((m) => m.run === data.uuids[file[F.run]] && m.item === file[F.item]);
  const show = (m, ...more) => el("li", {}, el("b", {}, m.label), stretch(m.start_s, m.end_s, m.channel), ...more);
  const remove = (m) => el("button", { type: "button", onclick: () => { marks.splice(marks.indexOf(m), 1); changed(); } }, "Remove");
  list.replaceChildren(...taken.map((m) => show(m, el("span", { class: "soft" }, `${m.reviewer}, ${m.reviewed}`), m.remark || "")),
    ...own.map((m) => show(m, m.remark, remove(m))));
}
/* The fields and buttons that mark a stretch. `of`: the recording's line of scores; select: shows a stretch that was typed;
 * changed: a mark was made. choose() puts a stretch into the fields. */
function markForm(file, of, select, changed) {
  const seconds = (name, value) => el("input", { type: "number", min: 0, max: of.seconds, step: "any", value, class: name });
  const from = seconds("from", 0), to = seconds("to", of.seconds.toFixed(2)), remark = el("input", { type: "text", class: "remark", maxlength: 2000 });
  const channels = Array.from({ length: of.channels + 1 }, (_, i) => el("option", { value: i }, i ? String(i) : "all"));
  const channel = of.channels > 1 ? el("select", { class: "channel" }, ...channels) : null;
  for (const input of [from, to]) input.addEventListener("change", () => { if (+from.value < +to.value) select(+from.value, +to.value); });
  const mark = (label) => {
    const a = +from.value, b = +to.value;
    if (!(a >= 0 && a < b && b <= of.seconds + 0.01)) {
      from.setCustomValidity("A stretch begins before it ends, within the recording.");
      from.reportValidity();
      from.setCustomValidity("");
      return;
    }
    marks.push({
      run: data.uuids[file[F.run]], item: file[F.item], path: file[F.path] === null ? file[F.name] : file[F.path], member: file[F.member],
      channel: channel ? +channel.value : 0, start_s: a, end_s: b, label, remark: remark.value.trim(),
      reviewed: new Date().toISOString().replace(/\.\d+Z/, "Z"),
    });
    remark.value = "";
    changed();
  };
  const buttons = ["real", "fake", "unsure"].map((label) =>
    el("button", { type: "button", class: "mark-" + label, onclick: () => mark(label) }, "Mark " + label));
  const form = el("div", { class: "review", role: "group", "aria-label": "Mark a stretch" }, el("label", {}, "from, s", from),
    el("label", {}, "to, s", to), channel ? el("label", {}, "channel", channel) : null, el("label", {}, "remark", remark), ...buttons);
  const choose = (a, b, c) => {
    from.value = a.toFixed(2);
    to.value = b.toFixed(2);
    if (channel && c !== undefined) channel.value = c;
  };
  return { form, choose };
}
