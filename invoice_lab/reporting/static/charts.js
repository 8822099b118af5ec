// Draws every .il-chart from the Vega-Lite description beside it, also those that come into the page later, and lets a
// click on a mark filter a table of the page.
(() => {
  if (window.invoiceLabCharts) return;
  window.invoiceLabCharts = true;
  let library;
  const load = () =>
    (library ||= window.invoiceLabInflate("il-vega-js").then((text) => {
      const script = document.createElement("script");
      script.textContent = text;
      document.head.append(script);
      return window.invoiceLabEmbed;
    }));
  const filter = (chart, value) => {
    const { table, column, clear } = chart.dataset;
    const rows = window.invoiceLabJQuery("#" + table).DataTable();
    rows.column(column + ":name").search(value ? "(^|>)" + value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") + "$" : "", true, false).draw();
    const note = chart.parentElement.querySelector(".il-chosen");
    note.replaceChildren();
    if (!value) return;
    const button = document.createElement("button");
    button.textContent = clear;
    button.addEventListener("click", () => filter(chart, ""));
    const link = document.createElement("a");
    link.href = "#" + table;
    link.textContent = value;
    note.append(link, button);
  };
  const draw = async (chart) => {
    chart.dataset.drawn = "yes";
    const embed = await load();
    const spec = JSON.parse(chart.querySelector("script").textContent);
    const { view } = await embed(chart.querySelector(".il-chart-place"), spec, { mode: "vega-lite", ast: true, actions: false, renderer: "svg" });
    chart.querySelector("svg").setAttribute("aria-hidden", "true");
    if (chart.dataset.table)
      view.addEventListener("click", (event, item) => item && item.datum && filter(chart, item.datum[chart.dataset.field]));
  };
  const all = () => document.querySelectorAll(".il-chart:not([data-drawn])").forEach(draw);
  all();
  new MutationObserver(all).observe(document.body, { childList: true, subtree: true });
})();
