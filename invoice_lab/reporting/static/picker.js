// Selects above a table: each keeps the rows whose column holds its value. The page's address chooses, too, as
// #segment=Champions; what a select offers may hang on the one before it.
(() => {
  if (window.invoiceLabPickers) return;
  window.invoiceLabPickers = true;
  const exactly = (value) => (value ? "(^|>)" + value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") + "$" : "");
  const selects = (picker) => [...picker.querySelectorAll("select")];
  const filter = (picker) => {
    const rows = window.invoiceLabJQuery("#" + picker.dataset.table).DataTable();
    for (const select of selects(picker)) rows.column(select.dataset.column + ":name").search(exactly(select.value), true, false);
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
    let found = false;
    for (const select of selects(picker)) {
      const value = asked.get(select.dataset.column);
      if (value === null || ![...select.options].some((option) => option.value === value)) continue;
      select.value = value;
      found = true;
    }
    if (!found) return;
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
