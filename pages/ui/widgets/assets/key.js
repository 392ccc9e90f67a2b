// The teacher's secret, which no server log, no referrer and no projector sees. With `data.secret`: keeps it in this tab, and
// copies the teacher's link, whose fragment contains it. Without: takes it from the fragment, which leaves the address bar at
// once, or from this tab, and hands it over by the trigger `key`, "none" if there is none. `data`: code, wrong (was it
// refused?), wait, or code, secret, link, label, done.
export default function ({ parentElement, data, setTriggerValue }) {
  const button = parentElement.querySelector("button"), status = parentElement.querySelector("span");
  const name = `lesson ${data.code}`, call = onlyCall(parentElement);
  const kept = {
    get: () => { try { return sessionStorage.getItem(name) ?? ""; } catch { return ""; } },
    set: secret => { try { sessionStorage.setItem(name, secret); } catch { /* the link opens the lesson all the same */ } },
    drop: () => { try { sessionStorage.removeItem(name); } catch { /* nothing was kept */ } },
  };
  const taken = () => { // what stands in the fragment, which is then gone from the address bar
    const given = location.hash.slice(1);
    if (given) history.replaceState(history.state, "", location.pathname + location.search);
    return given;
  };
  if (data.secret) {
    taken();
    kept.set(data.secret);
    button.hidden = false;
    button.textContent = data.label;
    button.onclick = async () => {
      const link = `${data.link}#${data.secret}`;
      try {
        await navigator.clipboard.writeText(link);
      } catch { // no secure context, or not allowed: the old way
        const field = Object.assign(document.createElement("textarea"), { value: link });
        parentElement.append(field);
        field.select();
        document.execCommand("copy");
        field.remove();
      }
      status.textContent = data.done;
    };
    return;
  }
  const hand = secret => {
    status.textContent = secret ? data.wait : "";
    if (secret) kept.set(secret);
    setTriggerValue("key", secret || "none");
  };
  const changed = () => { const given = taken(); if (given) hand(given); };
  window.addEventListener("hashchange", changed, { signal: call.signal });
  if (data.wrong) {
    kept.drop();
    status.textContent = "";
  } else if (!parentElement.keyHanded) {
    parentElement.keyHanded = true;
    hand(taken() || kept.get());
  }
  return () => call.abort();
}
