// One network as a picture: units are tiles of their activations, lines are weights. It holds an `epoch` and a `phase`
// input like a chart, so that the clock and the batch's walk drive it.
// `data` is what `pages.charts.network.picture` returns; numbers are packed as `half_logs` there writes them.
const ICON_RING = width => `<svg width="16" height="16" aria-hidden="true"><rect x="3" y="3" width="10" height="10" rx="2"
  fill="none" stroke="currentColor" stroke-width="${width}"/></svg>`;
const ICON_LINE = (width, dashed) => `<svg width="26" height="10" aria-hidden="true"><path d="M1 5h24" stroke="currentColor"
  stroke-width="${width}" ${dashed ? 'stroke-dasharray="4 3"' : ""}/></svg>`;
const ICON_DARK = `<svg width="16" height="16" aria-hidden="true"><rect x="2" y="2" width="12" height="12" rx="2" fill="#0a0c10"
  fill-opacity=".78" stroke="currentColor" stroke-dasharray="2 2"/></svg>`;
const ICON_DEAD = `<svg width="16" height="16" aria-hidden="true"><path d="M2 2l12 12M14 2L2 14" stroke="currentColor" stroke-width="2"/></svg>`;
const ICON_FLAT = `<svg width="16" height="16" aria-hidden="true"><path d="M2 4h12M2 12h12" stroke="currentColor" stroke-width="2"/></svg>`;

const DARK = 1e-3; // units below this share of the output's error are in the dark
const DEAD = 1, SATURATED = 2;
const FORWARDS = 420, BACKWARDS = 500, UPDATE = 920; // where the phases of a batch's walk begin and end, of 1000

const unpack = (text, Type) => {
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  return new Type(bytes.buffer);
};
// Sign, then log2 of the size in steps of 1/128 from 2^-200; 0 is 0, all ones is NaN.
const number = code => {
  if (code === 0xffff) return NaN;
  const size = code & 0x7fff;
  return size ? (code & 0x8000 ? -1 : 1) * 2 ** (size / 128 - 200) : 0;
};
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const told = value => {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const minus = value < 0 ? "−" : "";
  if (size === 0) return "0";
  if (size >= 1e-3 && size < 1e4) return minus + (size >= 100 ? Math.round(size) : +size.toPrecision(2));
  const exponent = Math.floor(Math.log10(size) + 1e-9);
  return `${minus}${(size / 10 ** exponent).toFixed(1)} × 10${[...String(exponent)].map(c => RAISED[c]).join("")}`;
};
const short = value => (value > 0 && value < 1e-3 ? told(10 ** Math.round(Math.log10(value))).replace("1.0 × ", "") : told(value));
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const between = (value, low, high) => Math.max(low, Math.min(high, value));

// From a ten-thousandth of the output's error to ten times it: 0 to 1.
const strength = ratio => (ratio > 0 ? between((Math.log10(ratio) + 4) / 5, 0, 1) : 0);
const ringWidth = ratio => (strength(ratio) > 0 ? 0.8 + 4.4 * strength(ratio) : 0.6);
const lineWidth = weight => Math.min(6, 1.8 * Math.sqrt(Math.abs(weight)));

function read(data) {
  const numbers = {};
  for (const name of ["z", "a", "slope", "delta", "weight", "gradient", "update", "layers", "loss"])
    numbers[name] = unpack(data[name], Uint16Array);
  return { ...numbers, flags: unpack(data.flags, Uint8Array) };
}

// Where everything is, in the pixels of the page.
function plan(data, width) {
  const { columns } = data;
  const most = Math.max(...columns.map(column => column.units.length), 1);
  const pitch = width / columns.length;
  const tile = between(pitch * 0.52, 8, most > 6 ? 30 : 36);
  const step = tile + between(tile * 0.34, 5, 12);
  const top = 24, height = top + most * step + 46;
  const units = [];
  columns.forEach((column, place) => {
    const x = pitch * (place + 0.5), first = top + ((most - column.units.length) * step) / 2;
    column.units.forEach((unit, row) => {
      units.push({ index: units.length, place, row, unit, x, y: first + (row + 0.5) * step });
    });
  });
  const starts = columns.map((_, place) => units.findIndex(unit => unit.place === place));
  const links = [];
  for (let place = 1; place < columns.length; place++) {
    if (!columns[place].joined) continue;
    for (let from = 0; from < columns[place - 1].units.length; from++)
      for (let to = 0; to < columns[place].units.length; to++)
        links.push({ index: links.length, from: units[starts[place - 1] + from], to: units[starts[place] + to] });
  }
  return { tile, step, top, height, width, pitch, units, links, starts, middle: top + (most * step) / 2 };
}

// What rings, lines and marks mean, and what was left out of the picture.
function explain(place, { legend, view, labels }) {
  place.replaceChildren();
  const entry = (word, icon = "") => {
    const made = document.createElement("span");
    made.insertAdjacentHTML("beforeend", icon);
    made.append(word);
    place.append(made);
  };
  if (legend && view === "backwards") {
    entry(labels.ring);
    for (const ratio of [10, 1, 0.1, 0.01, 1e-3]) entry(told(ratio), ICON_RING(ringWidth(ratio)));
    entry(labels.dark, ICON_DARK);
  } else if (legend) {
    entry(labels.line);
    for (const weight of [0.1, 1, 5]) entry(String(weight), ICON_LINE(lineWidth(weight)));
    entry(labels.negative, ICON_LINE(2, true));
  }
  if (legend) {
    entry(labels.dead, ICON_DEAD);
    entry(labels.saturated, ICON_FLAT);
  }
  if (labels.left_out) entry(labels.left_out);
}

export default function ({ parentElement, data, setTriggerValue }) {
  const find = name => parentElement.querySelector(name);
  const root = find(".network"), canvas = find("canvas"), note = find(".note"), spoken = find(".spoken");
  parentElement.networkState ??= { focus: null };
  const state = parentElement.networkState, call = onlyCall(parentElement);
  const { columns, labels } = data;
  explain(find(".legend"), data);
  canvas.hidden = columns.length === 0; // what only explains the marks of others
  if (canvas.hidden) return;
  const numbers = read(data);
  const inputs = columns[0].units.length; // they have no numbers
  const counted = columns.slice(1).reduce((sum, column) => sum + column.units.length, 0);
  let scene = null, hovered = null;

  const sprite = new Image();
  sprite.onload = () => paint();
  if (data.sprite) sprite.src = data.sprite;

  const frameAt = epoch => {
    let low = 0, high = data.epochs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (data.epochs[middle] <= epoch) low = middle; else high = middle - 1;
    }
    return low;
  };
  const now = () => frameAt(+find("[name=epoch]").value);
  // Where a clock walks the error back, its steps are the phase; they begin with the error at the output.
  const stepped = () => BACKWARDS + Math.max(1, ((UPDATE - BACKWARDS) * +find("[name=epoch]").value) / data.steps);
  const phase = () => (data.steps ? Math.min(UPDATE, stepped()) : +find("[name=phase]").value);
  const ofUnit = (name, frame, index) => number(numbers[name][frame * counted + index - inputs]);
  const ofLink = (name, frame, index) => number(numbers[name][frame * scene.links.length + index]);
  const ofLayer = (frame, place) => number(numbers.layers[frame * (columns.length - 1) + place - 1]);
  const output = columns.length - 1;

  // How far a batch has come: at rest everything is visible, in the view that was chosen.
  const walk = () => {
    const at = phase();
    if (at === 0) return { view: data.view, from: 0, to: output, told: "" };
    if (at <= FORWARDS) return { view: "forwards", from: 0, to: Math.round((at / FORWARDS) * output), told: labels.forwards };
    if (at <= BACKWARDS) return { view: "forwards", from: 0, to: output, told: "loss" };
    if (at <= UPDATE) {
      const back = (at - BACKWARDS) / (UPDATE - BACKWARDS);
      return { view: "backwards", from: Math.round(output - back * (output - 1)), to: output, told: labels.backwards };
    }
    return { view: "update", from: 0, to: output, told: labels.updating };
  };

  const paint = () => {
    const width = root.clientWidth;
    if (!width) return;
    if (!scene || scene.width !== width) scene = plan(data, width);
    const sharp = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(scene.height * sharp)) {
      canvas.width = Math.round(width * sharp);
      canvas.height = Math.round(scene.height * sharp);
      canvas.style.height = `${scene.height}px`;
    }
    const style = getComputedStyle(root);
    const pen = canvas.getContext("2d");
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.clearRect(0, 0, width, scene.height);
    pen.imageSmoothingEnabled = false;
    const ink = style.color, frame = now(), way = walk();
    const font = size => `${size}px ${style.fontFamily}`;
    const lit = place => place >= way.from && place <= way.to;
    const sent = ofLayer(frame, output), chosen = hovered?.unit ?? focused();
    const arrived = value => (sent > 0 ? value / sent : 0);

    for (const link of scene.links) {
      const { index } = link;
      const weight = ofLink("weight", frame, index);
      let thick = lineWidth(weight), strong = 0.62;
      if (way.view === "backwards") {
        const error = ofUnit("delta", frame, link.to.index);
        const share = strength(arrived(Math.abs(weight) * error));
        [thick, strong] = [0.3 + 2.4 * share, 0.04 + 0.66 * share];
      } else if (way.view === "update") {
        const share = strength(Math.abs(ofLink("update", frame, index)) * 10);
        [thick, strong] = [0.3 + 4 * share, 0.05 + 0.9 * share];
      }
      const reached = way.view === "backwards" ? link.from.place >= way.from - 1 && lit(link.to.place) : lit(link.to.place);
      pen.globalAlpha = (reached ? strong : 0.05) * (chosen && link.from !== chosen && link.to !== chosen ? 0.3 : 1);
      pen.strokeStyle = way.view === "backwards" ? data.hue : weight < 0 ? data.colours[0] : data.colours[1];
      pen.lineWidth = thick;
      pen.setLineDash(weight < 0 ? [5, 3] : []);
      pen.beginPath();
      pen.moveTo(link.from.x + scene.tile / 2, link.from.y);
      pen.lineTo(link.to.x - scene.tile / 2, link.to.y);
      pen.stroke();
    }
    pen.setLineDash([]);

    for (const unit of scene.units) drawUnit(pen, unit, { frame, way, lit, arrived, ink, font });
    drawWords(pen, { frame, way, arrived, ink, font });
    say(frame);
  };

  const focused = () => state.focus && scene.units.find(u => u.place === state.focus.place && u.row === state.focus.row);

  const drawUnit = (pen, unit, { frame, way, lit, arrived, ink, font }) => {
    const { index } = unit, half = scene.tile / 2, left = unit.x - half, top = unit.y - half;
    pen.globalAlpha = lit(unit.place) || way.view === "backwards" ? 1 : 0.15;
    if (unit.place === 0) {
      pen.fillStyle = ink;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.font = font(12);
      pen.fillText(columns[0].names[unit.row], unit.x, unit.y, scene.pitch);
      return;
    }
    pen.beginPath();
    pen.roundRect(left, top, scene.tile, scene.tile, 3);
    pen.save();
    pen.clip();
    if (sprite.complete && sprite.naturalWidth) {
      const side = data.tile;
      pen.drawImage(sprite, (index - inputs) * side, frame * side, side, side, left, top, scene.tile, scene.tile);
    }
    pen.restore();
    const error = arrived(ofUnit("delta", frame, index));
    const back = way.view === "backwards";
    const flags = numbers.flags[frame * counted + index - inputs];
    if (back && lit(unit.place) && !(error >= DARK)) {
      pen.fillStyle = "#0a0c10";
      pen.globalAlpha = 0.78;
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = back && lit(unit.place) ? data.hue : ink;
    pen.lineWidth = back && lit(unit.place) ? ringWidth(error) : 0.8;
    pen.setLineDash(back && lit(unit.place) && !(error >= DARK) ? [2, 2] : []);
    pen.beginPath();
    const away = back ? pen.lineWidth / 2 : 0;
    pen.roundRect(left - away, top - away, scene.tile + 2 * away, scene.tile + 2 * away, 3 + away);
    pen.stroke();
    pen.setLineDash([]);
    if (flags & DEAD || flags & SATURATED) {
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.beginPath();
      if (flags & DEAD) {
        pen.moveTo(left + 2, top + 2); pen.lineTo(left + scene.tile - 2, top + scene.tile - 2);
        pen.moveTo(left + scene.tile - 2, top + 2); pen.lineTo(left + 2, top + scene.tile - 2);
      } else {
        pen.moveTo(left + 3, top + 3); pen.lineTo(left + scene.tile - 3, top + 3);
        pen.moveTo(left + 3, top + scene.tile - 3); pen.lineTo(left + scene.tile - 3, top + scene.tile - 3);
      }
      pen.stroke();
    }
    if (focused() === unit || hovered?.unit === unit) {
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.strokeRect(left - 6, top - 6, scene.tile + 12, scene.tile + 12);
    }
  };

  const drawWords = (pen, { frame, way, arrived, ink, font }) => {
    pen.globalAlpha = 1;
    pen.fillStyle = ink;
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    const foot = scene.height - 26;
    columns.forEach((column, place) => {
      const x = scene.pitch * (place + 0.5);
      pen.font = font(12);
      pen.globalAlpha = 0.75;
      pen.fillText(column.title, x, 14, scene.pitch);
      if (!column.units.length) pen.fillText(column.names[0], x, scene.middle, scene.pitch);
      pen.globalAlpha = 1;
      if (place && way.view === "backwards" && place >= way.from) {
        const share = arrived(ofLayer(frame, place));
        pen.font = font(scene.pitch < 46 ? 10 : 12);
        pen.fillText(scene.pitch < 70 ? short(share) : told(share), x, foot);
      }
      if (place > 1 && !column.joined) {
        pen.font = font(14);
        pen.fillText("…", x - scene.pitch / 2, scene.middle);
      }
    });
    if (way.told) {
      pen.font = font(12);
      pen.textAlign = "right";
      const words = way.told === "loss" ? filled(labels.loss, { loss: told(number(numbers.loss[frame])) }) : way.told;
      pen.fillText(words, scene.width - 4, scene.height - 2);
    }
  };

  // What is under the pointer, or was chosen with the keys.
  const wordsOf = (target, frame) => {
    if (target.unit) {
      const { unit } = target, { index } = unit;
      const title = filled(labels.unit, { layer: columns[unit.place].title, unit: unit.unit + 1 });
      if (unit.place === 0) return [columns[0].names[unit.row]];
      const flags = numbers.flags[frame * counted + index - inputs];
      const lines = ["z", "a", "slope", "delta"].map(name =>
        `${labels[name]} ${told(ofUnit(name, frame, index))}`);
      const incoming = scene.links.flatMap(link => (link.to === unit ? [told(ofLink("weight", frame, link.index))] : []));
      if (incoming.length) lines.push(`${labels.incoming} ${incoming.join(", ")}`);
      if (flags & DEAD) lines.push(labels.dead);
      else if (flags & SATURATED) lines.push(labels.saturated);
      return [title, ...lines];
    }
    const { link } = target, at = link.index;
    const end = unit => (unit.place ? filled(labels.unit, { layer: columns[unit.place].title, unit: unit.unit + 1 }) : columns[0].names[unit.row]);
    return [`${end(link.from)} → ${end(link.to)}`,
      ...["weight", "gradient", "update"].map(name => `${labels[name]} ${told(ofLink(name, frame, at))}`)];
  };
  const say = frame => {
    const target = hovered ?? (focused() && { unit: focused() });
    note.hidden = !target;
    if (!target) return;
    const [title, ...lines] = wordsOf(target, frame);
    const head = document.createElement("b");
    head.textContent = title;
    note.replaceChildren(head, ...lines.flatMap(line => [document.createTextNode(line), document.createElement("br")]));
    const at = target.unit ?? { x: (target.link.from.x + target.link.to.x) / 2, y: (target.link.from.y + target.link.to.y) / 2 };
    const right = at.x > scene.width / 2;
    note.style.left = right ? "auto" : `${at.x + scene.tile}px`;
    note.style.right = right ? `${scene.width - at.x + scene.tile}px` : "auto";
    note.style.top = `${Math.min(at.y - 10, scene.height - 120)}px`;
  };
  const speak = () => {
    if (focused()) spoken.textContent = wordsOf({ unit: focused() }, now()).join(". ");
  };

  const near = event => {
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const unit = scene.units.find(u => Math.abs(u.x - x) <= scene.tile * 0.65 && Math.abs(u.y - y) <= scene.tile * 0.65);
    if (unit) return { unit };
    let best = null, least = 5;
    for (const link of scene.links) {
      const [x0, y0, x1, y1] = [link.from.x, link.from.y, link.to.x, link.to.y];
      if (x < x0 || x > x1) continue;
      const distance = Math.abs(y - (y0 + ((x - x0) / (x1 - x0)) * (y1 - y0)));
      if (distance < least) [best, least] = [link, distance];
    }
    return best && { link: best };
  };
  canvas.onpointermove = event => {
    if (!scene) return;
    hovered = near(event);
    canvas.style.cursor = hovered?.unit?.place ? "pointer" : "default";
    paint();
  };
  canvas.onpointerleave = () => { hovered = null; paint(); };
  const open = unit => {
    const hidden = unit.place > 0 && unit.place < output;
    if (hidden) setTriggerValue?.("unit", `${columns[unit.place].layer}.${unit.unit + 1}`);
  };
  canvas.onclick = event => {
    const unit = scene && near(event)?.unit;
    if (unit) open(unit);
  };
  canvas.onfocus = () => {
    if (!scene) return;
    state.focus ??= { place: 1, row: 0 };
    speak();
    paint();
  };
  canvas.onblur = () => { state.focus = null; paint(); };
  canvas.onkeydown = event => {
    const unit = scene && focused();
    if (!unit) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Enter") return open(unit);
    if (event.key === "Escape") return canvas.blur();
    if (!moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    const [across, down] = moves[event.key];
    const column = scene.units.filter(other => other.place === unit.place + across);
    const next = column.find(other => other.row === unit.row + down) ?? column.at(across ? -1 : NaN);
    if (next) state.focus = { place: next.place, row: next.row };
    speak();
    paint();
  };

  canvas.setAttribute("aria-label", labels.alternative);

  for (const input of parentElement.querySelectorAll(".hands input")) input.oninput = paint;
  const sizes = new ResizeObserver(() => paint());
  sizes.observe(root);
  call.signal.addEventListener("abort", () => sizes.disconnect());
  paint();
  return () => call.abort();
}
