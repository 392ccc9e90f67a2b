// A picture of 8 x 8 pixels, drawn by mouse, finger or keyboard.
// `data`: pixels (64 numbers from 0 to 16, row by row), edit (the last change that the server has seen), answer (what the
// picture is read as), labels {paper, pixel, hint}. The drawing is sent as the value `drawn`: {pixels, edit}.
const SIDE = 8, INK = 16;
const PRESSED = [0, INK / 2, INK]; // one press goes on to the next of these
const PAUSE = 80; // milliseconds between two messages to the server

export default function ({ parentElement, data, setStateValue }) {
  const paper = parentElement.querySelector(".paper");
  parentElement.drawingState ??= { pixels: [], edit: 0, at: 0, brush: null, timer: null, sent: 0 };
  const state = parentElement.drawingState;
  state.send = setStateValue;
  if (data.edit >= state.edit) { // not the echo of an older picture
    state.edit = data.edit;
    state.pixels = [...data.pixels];
  }

  if (!paper.childElementCount) {
    for (let row = 0; row < SIDE; row++) {
      const line = document.createElement("div");
      line.setAttribute("role", "row");
      for (let column = 0; column < SIDE; column++) {
        const cell = document.createElement("div");
        cell.setAttribute("role", "gridcell");
        cell.dataset.place = row * SIDE + column;
        line.append(cell);
      }
      paper.append(line);
    }
  }
  const cells = [...paper.querySelectorAll("[role=gridcell]")];
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  const show = () => cells.forEach((cell, place) => {
    const level = state.pixels[place];
    const words = { row: 1 + Math.floor(place / SIDE), column: 1 + place % SIDE, level };
    cell.style.setProperty("--ink", level / INK);
    cell.setAttribute("aria-label", data.labels.pixel.replace(/\{(\w+)\}/g, (_, name) => words[name]));
    cell.tabIndex = place === state.at ? 0 : -1;
  });
  const send = () => { // at once, then again for as long as the drawing goes on
    if (state.sent === state.edit) {
      state.timer = null;
      return;
    }
    state.sent = state.edit;
    state.send("drawn", { pixels: [...state.pixels], edit: state.edit });
    state.timer = setTimeout(send, PAUSE);
  };
  const paint = (place, level) => {
    state.at = place;
    if (state.pixels[place] !== level) {
      state.pixels[place] = level;
      state.edit += 1;
      if (state.timer === null) send();
    }
    show();
  };
  const next = place => PRESSED.find(level => level > state.pixels[place]) ?? 0;
  const placeUnder = event => {
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest("[role=gridcell]");
    return cells.indexOf(cell);
  };

  paper.onpointerdown = event => {
    const place = placeUnder(event);
    if (place < 0 || event.button) return;
    state.brush = next(place); // a stroke goes on with what its first pixel became
    paint(place, state.brush);
  };
  paper.onpointermove = event => {
    if (state.brush === null || !event.buttons) return;
    const place = placeUnder(event);
    if (place >= 0) paint(place, state.brush);
  };
  paper.onpointerup = paper.onpointercancel = () => { state.brush = null; };
  paper.onclick = event => { // by a screen reader, which presses no pointer
    const place = cells.indexOf(event.target);
    if (event.detail === 0 && place >= 0) paint(place, next(place));
  };
  paper.onkeydown = event => {
    const column = state.at % SIDE, row = Math.floor(state.at / SIDE);
    const steps = {
      ArrowLeft: column > 0 ? -1 : 0, ArrowRight: column < SIDE - 1 ? 1 : 0,
      ArrowUp: row > 0 ? -SIDE : 0, ArrowDown: row < SIDE - 1 ? SIDE : 0,
      Home: -column, End: SIDE - 1 - column,
    };
    if (event.key in steps) {
      state.at += steps[event.key];
      show();
      cells[state.at].focus();
    } else if (event.key === " " || event.key === "Enter") paint(state.at, next(state.at));
    else if (event.key === "Delete" || event.key === "Backspace") paint(state.at, 0);
    else return;
    event.preventDefault();
  };

  paper.setAttribute("aria-label", data.labels.paper);
  put(parentElement.querySelector(".hint"), data.labels.hint);
  put(parentElement.querySelector(".answer"), data.answer);
  show();
}
