// What a lane's numbers say at the clock's epoch. It holds an `epoch` input like a chart, so the clock drives it.
// `data`: headlines and sentences as [first epoch, text] in order, sentences with their verdict as a
// third part; lines: how many the longest sentence takes in a lane of this width.
const HOLD = 400; // milliseconds that a new verdict must last before it is shown, so that it can be read

export default function ({ parentElement, data }) {
  const find = name => parentElement.querySelector(name);
  parentElement.captionState ??= { verdict: null, pending: null, later: 0 };
  const state = parentElement.captionState, call = onlyCall(parentElement);
  const at = (rows, epoch) => {
    let low = 0, high = rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (rows[middle][0] <= epoch) low = middle; else high = middle - 1;
    }
    return rows[low] ?? [0, "", ""];
  };
  const put = (selector, text) => {
    if (find(selector).textContent !== text) find(selector).textContent = text;
  };
  const tell = (sentence, verdict) => {
    put(".sentence", sentence);
    // a sentence's numbers change too fast to be read aloud, except for the final ones
    if (verdict === state.verdict && sentence !== data.sentences.at(-1)?.[1]) return;
    state.verdict = verdict;
    find(".caption").dataset.verdict = verdict;
    put(".spoken", `${data.name}: ${sentence}`);
  };
  const show = () => {
    const epoch = +find("input").value;
    put(".headline", at(data.headlines, epoch)[1]);
    const [, sentence, verdict] = at(data.sentences, epoch);
    if (state.verdict === null || verdict === state.verdict) {
      clearTimeout(state.later);
      state.pending = null;
      tell(sentence, verdict);
    } else if (verdict !== state.pending) {
      clearTimeout(state.later);
      state.pending = verdict;
      state.later = setTimeout(() => {
        const now = at(data.sentences, +find("input").value);
        state.pending = null;
        tell(now[1], now[2]);
      }, HOLD);
    }
  };
  find(".sentence").style.setProperty("--lines", data.lines); // lanes side by side stay level
  find(".headline").hidden = data.headlines.length === 0;
  find("input").oninput = show;
  state.verdict = null; // other data: at once
  show();
  call.signal.addEventListener("abort", () => clearTimeout(state.later));
  return () => call.abort();
}
