// Moves every range input of one name on the page: charts bind their parameters to such inputs.
// An input that has just appeared (a chart drawn again) is brought up to date at the next frame.
const inputsOf = name => document.querySelectorAll(`input[type=range][name="${name}"]`);

function drive(name, value) {
  for (const input of inputsOf(name)) {
    if (input.dataset.shown === String(value)) continue;
    input.value = value;
    input.dataset.shown = value;
    input.dispatchEvent(new Event("input"));
  }
}
