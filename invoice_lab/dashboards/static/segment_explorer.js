// Bars of the segments as buttons; a click (or Enter) sets `selected`, Python answers with the rows.
// Every text goes in by textContent: names are OCR text.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const money = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function drawBars(model, list) {
  const bars = model.get("bars");
  const most = Math.max(...bars.map((bar) => Math.abs(bar.share)), 1e-9);
  const selected = model.get("selected");
  list.replaceChildren(
    ...bars.map((bar) => {
      const button = element("button", "segx-bar");
      button.type = "button";
      button.title = `${bar.name}: ${bar.meaning}. ${bar.action}`;
      button.setAttribute("aria-pressed", String(bar.name === selected));
      const track = element("span", "segx-track");
      const fill = element("span", "segx-fill");
      fill.style.width = `${(100 * Math.abs(bar.share)) / most}%`;
      fill.style.background = bar.colour;
      track.append(fill);
      button.append(
        element("span", "segx-name", bar.name),
        track,
        element("span", "segx-value", bar.text),
      );
      button.addEventListener("click", () => {
        model.set("selected", bar.name === model.get("selected") ? "" : bar.name);
        model.save_changes();
        drawBars(model, list);
        [...list.children].find((other) => other.title === button.title)?.focus();
      });
      return button;
    }),
  );
}

function drawTable(model, caption, body, all) {
  const rows = model.get("rows");
  const total = model.get("total");
  const listed = model.get("listed");
  const which = listed ? `Customers of the segment ${listed}` : "Customers of all segments";
  const part = rows.length < total ? `, the ${rows.length} with the highest sales of ${whole.format(total)}` : ` (${total})`;
  caption.textContent = which + part;
  all.hidden = !listed;
  body.replaceChildren(
    ...rows.map((row) => {
      const line = element("tr");
      line.append(
        element("td", "", row.customer),
        element("td", "", row.segment),
        element("td", "segx-number", whole.format(row.recency)),
        element("td", "segx-number", whole.format(row.frequency)),
        element("td", "segx-number", money.format(row.monetary)),
      );
      return line;
    }),
  );
}

function render({ model, el }) {
  el.classList.add("segx");
  const list = element("div", "segx-bars");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "Segments by share of sales");
  const all = element("button", "segx-all", "Show all segments");
  all.type = "button";
  all.addEventListener("click", () => {
    model.set("selected", "");
    model.save_changes();
  });
  const table = element("table", "segx-table");
  const caption = element("caption");
  caption.setAttribute("aria-live", "polite");
  const head = element("tr");
  for (const [label, hint] of [
    ["Customer", ""],
    ["Segment", ""],
    ["Recency, days", "Days since the last purchase"],
    ["Frequency", "Number of invoices"],
    [`Monetary, ${model.get("currency")}`, "Sum of the invoices"],
  ]) {
    const cell = element("th", label.match(/^(Rec|Freq|Mon)/) ? "segx-number" : "", label);
    cell.scope = "col";
    if (hint) cell.title = hint;
    head.append(cell);
  }
  const thead = element("thead");
  thead.append(head);
  const body = element("tbody");
  table.append(caption, thead, body);
  const scroll = element("div", "segx-scroll");
  scroll.tabIndex = 0;
  scroll.append(table);
  el.append(element("p", "segx-title", "Choose a segment to list its customers"), list, all, scroll);

  const bars = () => drawBars(model, list);
  const customers = () => drawTable(model, caption, body, all);
  model.on("change:selected", bars);
  for (const answered of ["rows", "total", "listed"]) model.on(`change:${answered}`, customers);
  bars();
  customers();
}

export default { render };
