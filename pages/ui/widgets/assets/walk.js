// One batch on its way: forwards, the loss, the error back, the update. Moves the charts' parameter `phase` from 0 to
// 1000 in about three seconds; for a reader who asks for less motion each press shows the next still.
// `data`: run (what the batch is sent through: another one begins at rest), layers (of the deepest network), labels.
const LASTS = 3200, LINGER = 500; // milliseconds
const STILLS = matchMedia("(prefers-reduced-motion: reduce)");
const STOPS = { loss: 460, update: 960 };

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".walk");
  const find = name => root.querySelector(`.${name}`);
  parentElement.walkState ??= { at: 0, run: data.run, since: null };
  const state = parentElement.walkState, call = onlyCall(parentElement);
  if (state.run !== data.run) Object.assign(state, { at: 0, since: null });
  state.run = data.run;
  const { labels, layers } = data;

  // Where a still is worth a look: all layers lit, the loss, the error at every layer, the update, at rest.
  const back = Array.from({ length: layers + 1 }, (_, k) => 500 + Math.round((420 * k) / Math.max(1, layers)));
  const stills = [420, STOPS.loss, ...back.map(at => Math.max(501, at)), STOPS.update, 0];
  const told = at => {
    if (at === 0) return "";
    if (at <= 420) return labels.forwards;
    if (at <= 500) return labels.loss_name;
    return at <= 920 ? labels.backwards : labels.updating;
  };
  const show = () => {
    find("way").value = state.at;
    const words = told(state.at);
    find("way").setAttribute("aria-valuetext", words || "0");
    if (find("where").textContent !== words) find("where").textContent = words;
    drive("phase", state.at);
  };
  const stop = () => { cancelAnimationFrame(state.frame); state.since = null; };
  const go = at => { stop(); state.at = at; show(); };
  const tick = now => {
    const past = now - state.since;
    state.at = past < LASTS ? Math.max(1, Math.round((1000 * past) / LASTS)) : 1000;
    show();
    if (past < LASTS + LINGER) state.frame = requestAnimationFrame(tick); else go(0);
  };
  const send = () => {
    stop();
    state.since = performance.now();
    state.frame = requestAnimationFrame(tick);
  };

  find("send").textContent = STILLS.matches ? labels.still : labels.send;
  find("send").onclick = () => {
    if (STILLS.matches) go(stills[(stills.indexOf(state.at) + 1) % stills.length]); else send();
  };
  find("way").setAttribute("aria-label", labels.walk);
  find("way").oninput = event => go(+event.target.value);
  show();
  onNews(call, show);
  if (state.since !== null) state.frame = requestAnimationFrame(tick); // the call before was under way
  call.signal.addEventListener("abort", () => cancelAnimationFrame(state.frame));
  return () => call.abort();
}
