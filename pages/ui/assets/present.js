// The teacher's bar: on and back by buttons, keys and clickers; notes in a drawer; one key that resets the view.
// `data`: place, back, next (are there such?), notes (pairs of heading and sentence), open (the drawer at first),
// vote (what a show of hands belongs to, "" if there is none), labels. Triggers: step (1 or -1), leave.
const TYPING = "input:not([type=range]):not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable=true]";
const MOVED_BY_ARROWS = "input, [role=slider], [role=combobox], [role=listbox], [role=radio], [role=radiogroup], [role=tab], " +
  "[role=dialog], [role=menu]";
const LETTERS = ["A", "B", "C"];
const kept = { // what stays until the tab is closed; nothing where the browser keeps nothing
  get: key => { try { return sessionStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { sessionStorage.setItem(key, value); } catch { /* not kept, then */ } },
  clear: () => { try { sessionStorage.clear(); } catch { /* nothing was kept */ } },
};

function opened() { // the link that opened this tab, whatever the address has become since
  const load = performance.getEntriesByType("navigation")[0];
  if (load.type === "navigate" || !kept.get("opened")) kept.set("opened", load.name);
  return kept.get("opened") ?? load.name;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".present");
  const find = name => root.querySelector("." + name);
  const state = (parentElement.presentState ??= { open: data.open });
  const first = opened();

  const showNotes = open => {
    state.open = open && (data.notes.length > 0 || data.vote !== "");
    find("drawer").hidden = !state.open;
    find("notes").setAttribute("aria-expanded", state.open);
  };
  const showControls = on => {
    document.documentElement.classList.toggle("present-controls", on);
    find("controls").setAttribute("aria-pressed", on);
  };
  const acts = {
    back: () => data.back && setTriggerValue("step", -1),
    next: () => data.next && setTriggerValue("step", 1),
    notes: () => { state.wanted = !state.open; showNotes(state.wanted); },
    controls: () => showControls(!document.documentElement.classList.contains("present-controls")),
    reset: () => { kept.clear(); location.assign(first); },
    leave: () => setTriggerValue("leave", true),
  };
  const keys = { back: "←", next: "→", notes: "N", controls: "S", reset: "0" };
  for (const [name, act] of Object.entries(acts)) {
    const button = find(name), key = keys[name];
    button.textContent = data.labels[name];
    if (key) {
      button.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      button.setAttribute("aria-keyshortcuts", { "←": "ArrowLeft PageUp", "→": "ArrowRight PageDown" }[key] ?? key);
    }
    button.onclick = act;
  }
  find("bar").setAttribute("aria-label", data.labels.bar);
  find("drawer").setAttribute("aria-label", data.labels.notes);
  find("back").disabled = !data.back;
  find("next").disabled = !data.next;
  find("notes").disabled = data.notes.length === 0 && data.vote === "";
  if (find("place").textContent !== data.place) find("place").textContent = data.place;
  find("controls").hidden = !document.querySelector("[data-testid=stSidebar]");

  find("told").replaceChildren(...data.notes.map(([heading, sentence]) => {
    const line = document.createElement("p"), strong = document.createElement("strong");
    strong.textContent = heading + data.labels.colon;
    line.append(strong, sentence);
    return line;
  }));
  const counted = JSON.parse(kept.get(`vote ${data.vote}`) ?? "[0,0,0]");
  const showVotes = () => {
    find("votes").textContent = data.vote && counted.some(Boolean) ? LETTERS.map((l, i) => `${l} ${counted[i]}`).join(" · ") : "";
  };
  if (state.vote !== data.vote || !find("vote").children.length) {
    state.vote = data.vote;
    find("vote").replaceChildren(...(data.vote ? [data.labels.vote, ...LETTERS.map((letter, i) => {
      const label = Object.assign(document.createElement("label"), { textContent: letter });
      const field = Object.assign(document.createElement("input"), { type: "number", min: 0, max: 999, value: counted[i] });
      field.oninput = () => {
        counted[i] = Math.max(0, Math.min(999, Math.trunc(+field.value) || 0));
        kept.set(`vote ${data.vote}`, JSON.stringify(counted));
        showVotes();
      };
      label.append(field);
      return label;
    })] : []));
  }
  showVotes();
  showNotes(state.wanted ?? data.open);

  const onKey = event => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.target.closest?.(TYPING)) return;
    const arrows = !event.target.closest?.(MOVED_BY_ARROWS) && !document.querySelector(".stepper");
    const act = {
      PageUp: acts.back, PageDown: acts.next, n: acts.notes, N: acts.notes, s: acts.controls, S: acts.controls, 0: acts.reset,
      ...(arrows && { ArrowLeft: acts.back, ArrowRight: acts.next }),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", onKey);
  return () => {
    document.removeEventListener("keydown", onKey);
    document.documentElement.classList.remove("present-controls");
  };
}
