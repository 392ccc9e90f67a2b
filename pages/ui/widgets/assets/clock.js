// One clock for all charts of a page: play, pause, one step, start again, scrub.
// `data`: last (epoch), stride, rate (steps a second), live (still computing), run (what it is about), labels; with
// `begin` another run is played at once, unless the reader prefers little motion.
const ICONS = {
  play: '<path d="M8 5v14l11-7z"/>',
  pause: '<path d="M6 5h4v14H6zM14 5h4v14h-4z"/>',
  step: '<path d="M16 6h2v12h-2zM6 6v12l8.5-6z"/>',
  restart: '<path d="M12 5V1L7 6l5 5V7a6 6 0 1 1-6 6H4a8 8 0 1 0 8-8z"/>',
};

// A reader who asks for less motion sees a picture every so many milliseconds instead of a film, at the same overall pace.
const STILL = matchMedia("(prefers-reduced-motion: reduce)"), REST = 600;

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".clock");
  const find = name => root.querySelector(`.${name}`);
  const { last, stride, labels } = data;
  const steps = Math.ceil(last / stride);
  parentElement.clockState ??= { index: steps, playing: false, since: 0, from: 0 };
  const state = parentElement.clockState, call = onlyCall(parentElement);
  const epochAt = index => Math.min(index * stride, last);

  const dress = (name, icon) => {
    const button = find(name);
    button.title = labels[icon];
    button.setAttribute("aria-label", labels[icon]);
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${ICONS[icon]}</svg>` +
      (name === "restart" ? `<span>${labels.restart}</span>` : "");
    button.disabled = data.live;
  };
  const show = () => {
    const epoch = epochAt(state.index);
    const now = labels.now.replace("{epoch}", epoch).replace("{last}", data.total);
    find("time").value = state.index;
    find("time").setAttribute("aria-valuetext", labels.now.replace("{epoch}", epoch).replace("{last}", last));
    if (find("now").textContent !== now) find("now").textContent = now;
    drive("epoch", epoch);
  };
  const setPlaying = playing => {
    state.playing = playing;
    state.since = performance.now();
    state.from = state.index;
    dress("play", playing ? "pause" : "play");
    cancelAnimationFrame(state.frame);
    if (playing) state.frame = requestAnimationFrame(tick);
  };
  const tick = now => {
    const elapsed = STILL.matches ? Math.floor((now - state.since) / REST) * REST : now - state.since;
    state.index = Math.min(steps, state.from + Math.max(0, Math.floor(elapsed * data.rate / 1000)));
    show();
    if (state.index >= steps) setPlaying(false); else state.frame = requestAnimationFrame(tick);
  };
  const go = index => {
    setPlaying(false);
    state.index = Math.max(0, Math.min(index, steps));
    show();
  };
  const play = () => {
    if (state.index >= steps) state.index = 0;
    setPlaying(true);
  };

  find("time").max = steps;
  find("time").disabled = data.live;
  find("time").setAttribute("aria-label", labels.time);
  for (const name of ["step", "restart"]) dress(name, name);
  const other = state.run !== data.run;
  const begins = other && data.begin && !data.live && !STILL.matches;
  if (data.live || state.live || other) state.index = begins ? 0 : steps; // a run that has just ended shows its end
  state.run = data.run;
  state.live = data.live;
  state.index = Math.min(state.index, steps);
  setPlaying((state.playing || begins) && !data.live);

  find("play").onclick = () => (state.playing ? setPlaying(false) : play());
  find("step").onclick = () => go(state.index + 1);
  find("restart").onclick = () => { state.index = 0; show(); play(); };
  find("time").oninput = event => go(+event.target.value);
  root.onkeydown = event => {
    if (event.key === " " && event.target === find("time")) {
      event.preventDefault();
      find("play").click();
    }
  };

  show();
  onNews(call, show);
  call.signal.addEventListener("abort", () => cancelAnimationFrame(state.frame));
  return () => call.abort();
}
