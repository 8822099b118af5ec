// Selects above a table: each keeps the rows whose column holds its value. The page's address chooses, too, as
// #segment=Champions; what a select offers may hang on the one before it.
(() => {
  if (window.invoiceLabPickers) return;
  window.invoiceLabPickers = true;
  const selects = (picker) => [...picker.querySelectorAll("select")];
  const filter = (picker) => {
    const rows = window.invoiceLabJQuery("#" + picker.dataset.table).DataTable();
    for (const { dataset, value } of selects(picker)) {
      const column = rows.column(dataset.column + ":name", { order: "index" });
      const cells = column.nodes();
      // a text or pattern would overlook case and line breaks, and see markup
      column.search(value && ((text, data, row) => cells[row].textContent === value));
    }
    rows.draw();
  };
  const offer = (picker) => {
    selects(picker).forEach((select, place, all) => {
      const before = place ? all[place - 1].value : "";
      for (const option of select.options) {
        const other = Boolean(before && option.dataset.within && option.dataset.within !== before);
        option.hidden = option.disabled = other;
        if (other && option.selected) select.value = "";
      }
    });
  };
  const fromAddress = (picker) => {
    const asked = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
    const named = selects(picker).map((select) => {
      const value = asked.get(select.dataset.column);
      return [...select.options].some((option) => option.value === value) ? value : null;
    });
    if (named.every((value) => value === null)) return;
    selects(picker).forEach((select, place) => (select.value = named[place] ?? ""));
    offer(picker);
    filter(picker);
    picker.scrollIntoView();
  };
  const start = (picker) => {
    if (!document.querySelector("#" + picker.dataset.table + ".dataTable")) return; // not yet
    picker.dataset.started = "yes";
    picker.hidden = false;
    picker.addEventListener("change", () => {
      offer(picker);
      filter(picker);
    });
    window.addEventListener("hashchange", () => fromAddress(picker));
    fromAddress(picker);
  };
  const all = () => document.querySelectorAll(".il-picker:not([data-started])").forEach(start);
  all();
  new MutationObserver(all).observe(document.body, { childList: true, subtree: true, attributeFilter: ["class"] });
})();
