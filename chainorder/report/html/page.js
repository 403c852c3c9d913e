"use strict";
/* Sorts by a click on a head, filters rows, shows what marks of pictures are, opens what a link leads to. */
for (const head of document.querySelectorAll("th button")) {
  head.addEventListener("click", () => {
    const cell = head.parentElement, table = cell.closest("table"), body = table.tBodies[0];
    const up = cell.getAttribute("aria-sort") !== "ascending", at = cell.cellIndex;
    const key = (row) => {
      const { dataset, textContent } = row.cells[at];
      return "value" in dataset ? (dataset.value === "" ? NaN : Number(dataset.value)) : textContent;
    };
    const order = (a, b) => {
      if (typeof a === "string") return a.localeCompare(b, undefined, { numeric: true });
      return Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a - b;
    };
    const rows = Array.from(body.rows, (row) => [key(row), row]);
    rows.sort(([a], [b]) => (up ? order(a, b) : order(b, a)));
    body.append(...rows.map(([, row]) => row));
    for (const other of cell.parentElement.cells) other.setAttribute("aria-sort", "none");
    cell.setAttribute("aria-sort", up ? "ascending" : "descending");
  });
}
for (const input of document.querySelectorAll(".filter input")) {
  const section = input.closest("section"), rows = Array.from(section.querySelectorAll("tbody tr"));
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    let left = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      left += !row.hidden;
    }
    section.querySelector("output").textContent = wanted ? `${left} of ${rows.length}` : "";
  });
}
const tip = document.getElementById("tip");
document.addEventListener("pointermove", (event) => {
  const mark = event.target.closest("svg.picture g");
  const title = mark?.querySelector(":scope > title");
  if (title) {
    mark.dataset.tip = title.textContent;
    title.remove(); /* or the browser shows it once more */
  }
  tip.hidden = !mark?.dataset.tip;
  if (tip.hidden) return;
  tip.textContent = mark.dataset.tip;
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
});
/* What is folded is built when it is opened: a page of a thousand chains is there at once. */
for (const part of document.querySelectorAll("details.part")) {
  part.addEventListener("toggle", () => {
    const folded = part.querySelector(":scope > template");
    if (folded) folded.replaceWith(folded.content);
  });
}
const open = () => {
  const part = location.hash && document.getElementById(location.hash.slice(1));
  if (part instanceof HTMLDetailsElement) {
    part.open = true;
    part.scrollIntoView();
    part.querySelector("summary").focus({ preventScroll: true });
  }
};
addEventListener("hashchange", open);
open();
