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
    const { table, column } = chart.dataset;
    const rows = window.invoiceLabJQuery("#" + table).DataTable();
    rows.column(column + ":name").search(value ? "(^|>)" + value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") + "$" : "", true, false).draw();
    const note = chart.parentElement.querySelector(".il-chosen");
    note.querySelector("select").value = value;
    const link = note.querySelector("a");
    link.textContent = value;
    link.hidden = !value;
  };
  // the same by keyboard, and by touch where a bar is narrow
  const choice = (chart, values) => {
    const select = document.createElement("select");
    select.setAttribute("aria-label", chart.dataset.choose);
    select.append(new Option(chart.dataset.clear, ""), ...values.map((value) => new Option(value)));
    select.addEventListener("change", () => filter(chart, select.value));
    const link = document.createElement("a");
    link.href = "#" + chart.dataset.table;
    link.hidden = true;
    link.setAttribute("aria-live", "polite");
    chart.parentElement.querySelector(".il-chosen").append(select, link);
  };
  const draw = async (chart) => {
    chart.dataset.drawn = "yes";
    const embed = await load();
    const spec = JSON.parse(chart.querySelector("script").textContent);
    const { view } = await embed(chart.querySelector(".il-chart-place"), spec, { mode: "vega-lite", ast: true, actions: false, renderer: "svg" });
    chart.querySelector("svg").setAttribute("aria-hidden", "true");
    const { table, field } = chart.dataset;
    if (!table) return;
    choice(chart, spec.data.values.map((row) => row[field]));
    view.addEventListener("click", (event, item) => item && item.datum && filter(chart, item.datum[field]));
  };
  const all = () => document.querySelectorAll(".il-chart:not([data-drawn])").forEach(draw);
  all();
  new MutationObserver(all).observe(document.body, { childList: true, subtree: true });
})();
