// Looks at runs that are being computed: asks for the next look as soon as this one has come, and no sooner than a period
// after the last. It also brings the charts' words: they change with the numbers, and inside a specification every change
// would redraw the chart.
// It waits for controls whose scripts are still being loaded: the next look no longer sends what they are set to. It waits
// while the page as a whole is drawn, and after a press until it is drawn or PRESSED is over: the press may take the reader to
// another page, and a look that is asked for on the way there would empty it.
// `data`: wanted (whether there should be a next look), period (seconds), words (by the name that replaces them in a chart),
// now (so that no two looks are alike), opened (when the page as a whole was drawn). Trigger: look.
const PATIENCE = 10_000, PRESSED = 1000; // milliseconds

// Whether the page is being drawn as a whole, or is about to be, as somebody is just pressing something.
function isAnswering() {
  return document.querySelector("[data-testid=stSkeleton], [data-stale=true]") || navigator.scheduling?.isInputPending?.();
}

export default function ({ parentElement, data, setTriggerValue }) {
  parentElement.lookState ??= { asked: -Infinity, pressed: -Infinity, told: new WeakMap() };
  const state = parentElement.lookState, call = onlyCall(parentElement);
  if (state.opened !== data.opened) Object.assign(state, { opened: data.opened, pressed: -Infinity });
  const patient = performance.now() + PATIENCE;
  const ask = () => {
    const now = performance.now();
    if (now < state.pressed + PRESSED || (now < patient && isAnswering())) {
      state.later = setTimeout(ask, 50);
      return;
    }
    state.asked = now;
    setTriggerValue("look", data.now);
  };
  const tell = () => {
    for (const chart of document.querySelectorAll("[role=graphics-document]")) {
      const label = chart.getAttribute("aria-label"), told = state.told.get(chart);
      const name = label in data.words ? label : told?.words === label ? told.name : null;
      const words = data.words[name];
      if (words === undefined) continue;
      state.told.set(chart, { name, words });
      if (label !== words) chart.setAttribute("aria-label", words);
    }
  };
  if (data.wanted) state.later = setTimeout(ask, Math.max(0, state.asked + 1000 * data.period - performance.now()));
  for (const press of ["click", "keydown"]) {
    document.addEventListener(press, () => { state.pressed = performance.now(); }, { capture: true, signal: call.signal });
  }
  tell();
  onNews(call, tell);
  call.signal.addEventListener("abort", () => clearTimeout(state.later));
  return () => call.abort();
}
