// One dial that moves a parameter of all charts, and a table that reads its curves at that point.
// `data`: name (of the charts' inputs), low, high, count (of steps), start, label, and optionally
// head (the table's heads) and rows: {name, colour, columns: [[text at every step], ...]}.
export default function ({ parentElement, data }) {
  const find = name => parentElement.querySelector(name);
  const state = (parentElement.probeState ??= { index: null });
  const dial = find("input"), table = find("table");
  const valueAt = index => data.low + (data.high - data.low) * index / data.count;
  if (state.index === null || state.count !== data.count) {
    state.index = Math.round((data.start - data.low) / (data.high - data.low) * data.count);
    state.count = data.count;
  }
  Object.assign(dial, { min: 0, max: data.count, step: 1, value: state.index });
  find(".label").textContent = data.label;

  const cell = (kind, text, colour) => {
    const node = document.createElement(kind);
    node.textContent = text;
    if (colour) node.style.color = colour;
    return node;
  };
  table.hidden = !data.rows;
  const line = (...cells) => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  };
  find("thead").replaceChildren(line(...(data.head ?? []).map(text => cell("th", text))));
  const rows = (data.rows ?? []).map(row => {
    const cells = row.columns.map(() => cell("td", ""));
    return { row, cells, line: line(cell("th", row.name, row.colour), ...cells) };
  });
  find("tbody").replaceChildren(...rows.map(({ line }) => line));

  const show = () => {
    const value = valueAt(state.index);
    find("output").textContent = data.symbol + " = " + value.toFixed(2).replace("-", "−");
    dial.setAttribute("aria-valuetext", value.toFixed(2));
    for (const { row, cells } of rows) cells.forEach((td, k) => { td.textContent = row.columns[k][state.index]; });
    drive(data.name, state.index);
  };
  dial.oninput = () => { state.index = +dial.value; show(); };
  const tick = () => {
    drive(data.name, state.index); // charts that were drawn after the dial
    state.frame = requestAnimationFrame(tick);
  };
  cancelAnimationFrame(state.frame);
  show();
  tick();
  return () => cancelAnimationFrame(state.frame);
}
