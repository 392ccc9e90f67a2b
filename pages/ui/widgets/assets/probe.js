// One dial that moves a parameter of all charts, and a table that reads its curves at that point.
// `data`: name (of the charts' inputs), low, high, count (of steps), start, label, and optionally places (the name of each
// step), head (the table's heads) and rows: {name, colour, columns: [[text at every step], ...]}.
// With no step to take there is no dial, only the table. With `kept` the server is told where the dial is let go; then a
// `start` that it did not learn from here (a preset, an undo) moves the dial.
export default function ({ parentElement, data, setStateValue }) {
  const find = name => parentElement.querySelector(name);
  parentElement.probeState ??= { index: null };
  const state = parentElement.probeState, call = onlyCall(parentElement);
  const dial = find("input"), table = find("table");
  const valueAt = index => data.low + (data.high - data.low) * index / (data.count || 1);
  const wordsAt = index => data.places?.[index] ?? `${data.symbol} = ${valueAt(index).toFixed(2).replace("-", "−")}`;
  const start = data.count && Math.round((data.start - data.low) / (data.high - data.low) * data.count);
  const moved = data.kept && start !== state.start && start !== state.sent;
  if (state.index === null || state.count !== data.count || moved) {
    Object.assign(state, { index: start, count: data.count, sent: null });
  }
  state.start = start;
  Object.assign(dial, { min: 0, max: data.count, step: 1, value: state.index });
  find(".dial").hidden = data.count === 0;
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
  find("thead").replaceChildren(line(...(data.head ?? []).map(text => cell(text ? "th" : "td", text))));
  const rows = (data.rows ?? []).map(row => {
    const cells = row.columns.map(() => cell("td", ""));
    return { row, cells, line: line(cell("th", row.name, row.colour), ...cells) };
  });
  find("tbody").replaceChildren(...rows.map(({ line }) => line));

  const show = () => {
    find("output").textContent = wordsAt(state.index);
    dial.setAttribute("aria-valuetext", wordsAt(state.index));
    for (const { row, cells } of rows) cells.forEach((td, k) => { td.textContent = row.columns[k][state.index]; });
    drive(data.name, state.index);
  };
  dial.oninput = () => { state.index = +dial.value; show(); };
  dial.onchange = () => {
    if (!data.kept) return;
    state.sent = state.index;
    setStateValue("let_go", [state.index, Date.now()]); // the same place twice is told twice
  };
  show();
  onNews(call, () => drive(data.name, state.index));
  return () => call.abort();
}
