// Makes every table.il-datatable sortable, also those that come into the page later (Voila, JupyterLab).
(async () => {
  if (window.invoiceLabTables) return;
  window.invoiceLabTables = true;
  const bytes = (id) => Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (c) => c.charCodeAt(0));
  const inflate = (id) =>
    new Response(new Blob([bytes(id)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  window.invoiceLabInflate = inflate;
  const root = document.documentElement;
  try {
    const style = document.createElement("style");
    style.textContent = await inflate("il-datatables-css");
    document.head.prepend(style);
    const script = document.createElement("script");
    script.textContent = await inflate("il-datatables-js");
    document.head.append(script);
    const ITable = window.invoiceLabITable;
    // spreadsheets run what begins with these signs as a formula
    const harmless = (text) => (/^[=+\-@\t\r]/.test(text) && isNaN(Number(text)) ? "'" + text : text);
    const start = (table) => {
      const options = JSON.parse(table.dataset.ilOptions);
      const buttons = options.layout.topEnd && options.layout.topEnd.buttons;
      if (buttons)
        buttons[0].exportOptions = { orthogonal: "sort", format: { body: (data) => harmless(plain(data)) } };
      new ITable(table, options);
      table.closest(".il-scroll").classList.add("il-ready");
    };
    const plain = (data) => new DOMParser().parseFromString(String(data), "text/html").body.textContent;
    const all = () => document.querySelectorAll("table.il-datatable:not(.dataTable)").forEach(start);
    all();
    new MutationObserver(all).observe(document.body, { childList: true, subtree: true });
  } catch (error) {
    root.classList.remove("il-js"); // an old browser: all rows stay, unsorted
  }
})();
