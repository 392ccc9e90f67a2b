// Steps through what a page shows: moves the charts' parameter `data.name`, and of the blocks `<data.blocks><index>`
// shows one. The arrow keys work wherever the focus rests, Home and End within the bar.
// `data`: name, blocks, titles (one per step), run (what is stepped through: another one begins at the start), labels.
const STEP_ICONS = {
  first: '<path d="M6 6h2v12H6zM18 6v12l-8.5-6z"/>',
  back: '<path d="M15.4 7.4 14 6l-6 6 6 6 1.4-1.4L10.8 12z"/>',
  on: '<path d="M8.6 16.6 10 18l6-6-6-6-1.4 1.4 4.6 4.6z"/>',
  end: '<path d="M16 6h2v12h-2zM6 6v12l8.5-6z"/>',
};
const HOLDS_KEYS = "input, textarea, select, [contenteditable=true], [role=slider], [role=combobox], [role=listbox], " +
  "[role=radio], [role=radiogroup], [role=tab], [role=dialog], [role=menu]";

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".stepper");
  const find = name => root.querySelector(`.${name}`);
  const last = data.titles.length - 1;
  parentElement.stepperState ??= { index: 0, run: data.run };
  const state = parentElement.stepperState, call = onlyCall(parentElement);
  if (state.run !== data.run) state.index = 0;
  state.run = data.run;
  state.index = Math.min(state.index, last);

  const words = index => data.labels.now.replace("{step}", index + 1).replace("{last}", last + 1);
  const show = () => {
    const { index } = state;
    find("dial").value = index;
    find("dial").setAttribute("aria-valuetext", `${words(index)}: ${data.titles[index]}`);
    const now = `${words(index)}: ${data.titles[index]}`;
    if (find("now").textContent !== now) find("now").textContent = now;
    for (const name of ["first", "back"]) find(name).disabled = index === 0;
    for (const name of ["on", "end"]) find(name).disabled = index === last;
    const all = `[class*="st-key-${data.blocks}"]`, own = `.st-key-${data.blocks}${index}`;
    const shown = `${all}:not(${own}), :has(> ${all}):has(> :only-child):not(:has(> ${own})) { display: none !important; }`;
    if (find("reveal").textContent !== shown) find("reveal").textContent = shown;
    drive(data.name, index);
  };
  const go = index => {
    const focused = document.activeElement;
    state.index = Math.max(0, Math.min(index, last));
    show();
    if (root.contains(focused) && focused.disabled) find("dial").focus(); // so that the keys go on working
  };
  const aims = { first: () => 0, back: () => state.index - 1, on: () => state.index + 1, end: () => last };
  for (const [name, aim] of Object.entries(aims)) {
    const button = find(name);
    button.title = data.labels[name];
    button.setAttribute("aria-label", data.labels[name]);
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${STEP_ICONS[name]}</svg>`;
    button.onclick = () => go(aim());
  }
  Object.assign(find("dial"), { max: last });
  find("dial").setAttribute("aria-label", data.labels.dial);
  find("dial").oninput = event => go(+event.target.value);

  const keys = event => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const inside = root.contains(event.target);
    if (!inside && event.target.closest?.(HOLDS_KEYS)) return;
    const aim = { ArrowLeft: aims.back, ArrowRight: aims.on, ...(inside && { Home: aims.first, End: aims.end }) }[event.key];
    if (!aim) return;
    event.preventDefault();
    go(aim());
  };
  document.addEventListener("keydown", keys, { signal: call.signal });
  show();
  onNews(call, () => drive(data.name, state.index));
  return () => call.abort();
}
