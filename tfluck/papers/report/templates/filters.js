"use strict";
(() => {
  const form = document.getElementById("filters");
  const boxes = [...form.querySelectorAll("input")];
  const rows = [...document.querySelectorAll("[data-verdict]")];
  const said = document.getElementById("shown");
  const apply = () => {
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const row of rows) {
      row.hidden = !wanted.has(row.dataset.verdict);
      count += row.hidden ? 0 : 1;
    }
    said.textContent = `${count} of ${rows.length} claims are shown.`;
  };
  const all = (checked) => () => {
    for (const box of boxes) box.checked = checked;
    apply();
  };
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("everything").addEventListener("click", all(true));
  document.getElementById("nothing").addEventListener("click", all(false));
  form.hidden = false;
  apply();
})();
