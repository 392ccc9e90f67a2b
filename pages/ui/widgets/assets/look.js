// Looks at runs that are being computed: asks for the next look as soon as this one has come, and no sooner than a period
// after the last. It also brings the charts' words: they change with the numbers, and inside a specification every change
// would redraw the chart.
// It waits for controls whose scripts are still being loaded: the next look no longer sends what they are set to.
// `data`: wanted (whether there should be a next look), period (seconds), words (by the name that replaces them in a chart),
// now (so that no two looks are alike). Trigger: look.
const PATIENCE = 10_000; // milliseconds
export default function ({ parentElement, data, setTriggerValue }) {
  parentElement.lookState ??= { asked: -Infinity, told: new WeakMap() };
  const state = parentElement.lookState, call = onlyCall(parentElement);
  state.patient = performance.now() + PATIENCE;
  const ask = () => {
    if (document.querySelector("[data-testid=stSkeleton]") && performance.now() < state.patient) {
      state.later = setTimeout(ask, 50);
      return;
    }
    state.asked = performance.now();
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
  tell();
  onNews(call, tell);
  call.signal.addEventListener("abort", () => clearTimeout(state.later));
  return () => call.abort();
}
