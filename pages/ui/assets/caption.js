// What a lane's numbers say at the clock's epoch. It holds an `epoch` input like a chart, so the clock drives it.
// `data`: headlines and sentences as [first epoch, text] in order; sentences carry their verdict as a third part.
const HOLD = 500; // milliseconds that a verdict stays, so that it can be read

export default function ({ parentElement, data }) {
  const find = name => parentElement.querySelector(name);
  const state = (parentElement.captionState ??= { verdict: null, since: 0, later: 0 });
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
  const show = () => {
    clearTimeout(state.later);
    const epoch = +find("input").value;
    put(".headline", at(data.headlines, epoch)[1]);
    const [, sentence, verdict] = at(data.sentences, epoch);
    const rest = HOLD - (performance.now() - state.since);
    if (verdict !== state.verdict && state.verdict !== null && rest > 0) {
      state.later = setTimeout(show, rest);
      return;
    }
    put(".sentence", sentence);
    if (verdict !== state.verdict) {
      state.verdict = verdict;
      state.since = performance.now();
      find(".caption").dataset.verdict = verdict;
      put(".spoken", `${data.name}: ${sentence}`);
    }
  };
  find("input").oninput = show;
  show();
  return () => clearTimeout(state.later);
}
