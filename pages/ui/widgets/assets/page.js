// What concerns the page as a whole. Another page or scene begins at its top, not where the last one was left. And once the
// server is back after it was gone, the page runs again: a new process knows no fragment of the old one, and would ignore
// whatever is pressed in them. A page that has become empty is opened anew: Streamlit draws nothing where a fragment of the
// page before was still to be run when the server went to another one. And Back leads to the page or scene before, not to the
// settings before: Streamlit adds an entry to the history at every change of the address.
// `data`: place (which page, and of the story which scene). Trigger: reconnected.
const EMPTY = 2000; // milliseconds
let shown = null; // stays from page to page

const push = history.pushState;
const SOON = 30; // milliseconds in which Streamlit may still go to the page whose address it has just written
let arriving = false; // at a page whose own address is still to come
let waiting = null;
history.pushState = (state, unused, address) => {
  const from = new URL(location.href), to = new URL(address ?? "", from);
  clearTimeout(waiting);
  if (to.pathname !== from.pathname) {
    arriving = waiting === null;
    waiting = null;
    push.call(history, state, unused, address);
    return;
  }
  waiting = setTimeout(() => {
    waiting = null;
    if (location.pathname !== to.pathname) return;
    const scene = new URL(location.href).searchParams.get("scene");
    const told = !arriving && to.pathname.endsWith("/") && to.searchParams.get("scene") !== scene;
    (told ? push : history.replaceState).call(history, state, unused, address);
    arriving = false;
  }, SOON);
};

function openIfEmpty() {
  const { testScriptState: script, testConnectionState: connection } = document.querySelector("[data-testid=stApp]").dataset;
  if (document.querySelector(".page")) return;
  if (script === "notRunning" && connection === "CONNECTED") location.reload(); else setTimeout(openIfEmpty, EMPTY);
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (shown !== null && shown !== data.place) document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
  shown = data.place;

  const app = document.querySelector("[data-testid=stApp]");
  const isConnected = () => app.dataset.testConnectionState === "CONNECTED";
  let connected = isConnected();
  const observer = new MutationObserver(() => {
    if (isConnected() === connected) return;
    connected = !connected;
    if (connected) setTriggerValue("reconnected", true);
  });
  observer.observe(app, { attributeFilter: ["data-test-connection-state"] });
  const call = onlyCall(parentElement);
  call.signal.addEventListener("abort", () => observer.disconnect());
  return () => {
    if (call.signal.aborted) return; // another call has taken over
    call.abort();
    setTimeout(openIfEmpty, EMPTY);
  };
}
