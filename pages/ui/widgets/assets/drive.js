// Moves every range input of one name on the page: charts bind their parameters to such inputs.
const inputsOf = name => document.querySelectorAll(`input[type=range][name="${name}"]`);

function drive(name, value) {
  for (const input of inputsOf(name)) {
    if (input.dataset.shown === String(value)) continue;
    input.value = value;
    input.dataset.shown = value;
    input.dispatchEvent(new Event("input"));
  }
}

// Charts are drawn late, and redrawn: when something new is on the page, `again` is called at the next frame.
// Between two changes nothing runs, so a page at rest leaves the reader's processor alone. It stops with the call.
function onNews(call, again) {
  let frame = 0;
  const look = () => { frame = 0; again(); };
  const observer = new MutationObserver(() => { frame ||= requestAnimationFrame(look); });
  observer.observe(document.body, { childList: true, subtree: true });
  call.signal.addEventListener("abort", () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
  });
}
