// The teacher's bar: next and back by buttons, keys and clickers; notes and glossary in drawers, the notes on request in a
// separate window; one key that resets the view.
// `data`: place, back, next (do they exist?), notes (pairs of heading and sentence), open (the notes at first), terms (pairs
// of term and meaning), vote (what a show of hands belongs to, "" if there is none), labels. Triggers: step (1 or -1), leave.
const TYPING = "input:not([type=range]):not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable=true]";
const MOVED_BY_ARROWS = "input, [role=slider], [role=combobox], [role=listbox], [role=radio], [role=radiogroup], [role=tab], " +
  "[role=dialog], [role=menu]";
const TURNING = ["PageUp", "PageDown", "ArrowLeft", "ArrowRight"];
const LETTERS = ["A", "B", "C"];
const DRAWERS = ["notes", "glossary"];
const kept = { // what stays until the tab is closed; nothing where the browser keeps nothing
  get: key => { try { return sessionStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { sessionStorage.setItem(key, value); } catch { /* not kept, then */ } },
  clear: () => { try { sessionStorage.clear(); } catch { /* nothing was kept */ } },
};
let aside = null; // the window with the notes, which stays from page to page

function opened() { // the link that opened this tab, whatever the address has become since
  const load = performance.getEntriesByType("navigation")[0];
  if (load.type === "navigate" || !kept.get("opened")) kept.set("opened", load.name);
  return kept.get("opened") ?? load.name;
}

function element(tag, textContent) {
  return Object.assign(document.createElement(tag), { textContent });
}

function told({ notes, labels }) {
  return notes.map(([heading, sentence]) => {
    const line = element("p", "");
    line.append(element("strong", heading + labels.colon), sentence);
    return line;
  });
}

function closeAside() {
  aside?.close();
  aside = null;
}
window.addEventListener("pagehide", closeAside);

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".present");
  const find = name => root.querySelector(`.${name}`);
  parentElement.presentState ??= { drawer: "" };
  const state = parentElement.presentState;
  const first = opened();
  const call = onlyCall(parentElement); // a key is answered once, with what is shown now, not with what the page opened with

  const showDrawer = wanted => { // one of DRAWERS, or "" for none
    state.drawer = find(wanted || "notes").disabled ? "" : wanted;
    for (const name of DRAWERS) {
      find(`${name}_drawer`).hidden = state.drawer !== name;
      find(name).setAttribute("aria-expanded", state.drawer === name);
    }
  };
  const want = drawer => {
    state.wanted = drawer;
    showDrawer(drawer);
  };
  const toggleDrawer = name => want(state.drawer === name ? "" : name);
  const showAside = () => {
    const open = aside !== null && !aside.closed;
    find("window").setAttribute("aria-pressed", open);
    if (!open) return;
    const { title, body, documentElement } = Object.assign(aside.document, { title: data.labels.notes, onkeydown: onKey });
    const { color, backgroundColor } = getComputedStyle(find("notes_drawer"));
    documentElement.lang = document.documentElement.lang;
    Object.assign(body.style, { color, backgroundColor, font: "1.25rem/1.5 sans-serif", margin: "1.5rem" });
    body.replaceChildren(element("h2", data.place || title), ...told(data));
  };
  const toggleAside = () => {
    if (aside !== null && !aside.closed) {
      closeAside();
    } else {
      aside = window.open("", "dashboard_notes", "popup,width=560,height=640");
      find("blocked").hidden = aside !== null;
      want(aside ? "" : "notes"); // the class is to see them no longer, or the teacher why there are none
    }
    showAside();
  };
  const showControls = on => {
    document.documentElement.classList.toggle("present-controls", on);
    find("controls").setAttribute("aria-pressed", on);
  };
  const acts = {
    back: () => data.back && setTriggerValue("step", -1),
    next: () => data.next && setTriggerValue("step", 1),
    notes: () => toggleDrawer("notes"),
    window: toggleAside,
    glossary: () => { toggleDrawer("glossary"); find("terms").focus(); }, // its first letters find a term
    controls: () => showControls(!document.documentElement.classList.contains("present-controls")),
    reset: () => { kept.clear(); location.assign(first); },
    leave: () => { closeAside(); setTriggerValue("leave", true); },
  };
  const keys = { back: "←", next: "→", notes: "N", window: "W", glossary: "G", controls: "S", reset: "0" };
  for (const [name, act] of Object.entries(acts)) {
    const button = find(name), key = keys[name];
    button.textContent = data.labels[name];
    if (key) {
      button.append(element("kbd", key));
      button.setAttribute("aria-keyshortcuts", { "←": "ArrowLeft PageUp", "→": "ArrowRight PageDown" }[key] ?? key);
    }
    button.onclick = act;
  }
  find("bar").setAttribute("aria-label", data.labels.bar);
  for (const name of DRAWERS) find(`${name}_drawer`).setAttribute("aria-label", data.labels[name]);
  find("back").disabled = !data.back;
  find("next").disabled = !data.next;
  find("notes").disabled = data.notes.length === 0 && data.vote === "";
  find("place").textContent = data.place;
  find("controls").hidden = !document.querySelector("[data-testid=stSidebar]");
  find("blocked").textContent = data.labels.blocked;

  find("told").replaceChildren(...told(data));
  const counted = JSON.parse(kept.get(`vote ${data.vote}`) ?? "[0,0,0]");
  const showVotes = () => {
    find("votes").textContent = data.vote && counted.some(Boolean) ? LETTERS.map((l, i) => `${l} ${counted[i]}`).join(" · ") : "";
  };
  if (state.vote !== data.vote || !find("vote").children.length) {
    state.vote = data.vote;
    find("vote").replaceChildren(...(data.vote ? [data.labels.vote, ...LETTERS.map((letter, i) => {
      const label = element("label", letter);
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

  const terms = find("terms"), chosen = Math.max(0, terms.selectedIndex);
  terms.replaceChildren(...[data.labels.choose, ...data.terms.map(([term]) => term)].map(term => element("option", term)));
  terms.selectedIndex = chosen;
  terms.setAttribute("aria-label", data.labels.choose);
  terms.onchange = () => { // what stands between stars is stressed
    const meaning = terms.selectedIndex ? data.terms[terms.selectedIndex - 1][1] : "";
    find("meaning").replaceChildren(...meaning.split(/\*+/).map((part, i) => (i % 2 ? element("em", part) : part)));
  };
  terms.onchange();
  terms.onkeydown = event => { if (event.key === "Escape") toggleDrawer("glossary"); };

  const onKey = event => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const turns = TURNING.includes(event.key) && event.target === terms; // a list has up and down for itself
    if (event.target.closest?.(TYPING) && !turns) return;
    const arrows = !event.target.closest?.(MOVED_BY_ARROWS) && !document.querySelector(".stepper");
    const act = {
      PageUp: acts.back, PageDown: acts.next, n: acts.notes, w: acts.window, g: acts.glossary, s: acts.controls, 0: acts.reset,
      ...(arrows && { ArrowLeft: acts.back, ArrowRight: acts.next }),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", onKey, { signal: call.signal });
  window.addEventListener("focus", showAside, { signal: call.signal }); // it may have been closed by hand
  showDrawer(state.wanted ?? (data.open ? "notes" : ""));
  showAside();
  const room = new ResizeObserver(() => { // what is under the bar and its drawer can be scrolled clear of them
    document.documentElement.style.setProperty("--present-room", `${root.offsetHeight}px`);
  });
  room.observe(root);
  call.signal.addEventListener("abort", () => room.disconnect());
  return () => {
    if (call.signal.aborted) return; // another call has taken over
    call.abort();
    document.documentElement.classList.remove("present-controls");
  };
}
