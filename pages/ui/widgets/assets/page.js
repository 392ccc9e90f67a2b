// What concerns the page as a whole. Another page or scene begins at its top, not where the last one was left. And once the
// server is back after it was gone, the page runs again: a new process knows no fragment of the old one, and would ignore
// whatever is pressed in them. A page that has become empty is opened anew: Streamlit draws nothing where a fragment of the
// page before was still to be run when the server went to another one. And Back leads to the page or scene before, not to the
// settings before: Streamlit adds an entry to the history at every change of the address.
// `data`: place (which page, and of the story which scene). Trigger: reconnected.
const EMPTY = 2000; // milliseconds
let shown = null; // stays from page to page

const push = history.pushState;
const SOON = 50; // milliseconds in which Streamlit may still go to the page whose address it has just written
const sceneOf = (url) => new URL(url, location.href).searchParams.get("scene");
let waiting = 0;
if (history.state === null) history.replaceState({ own: true }, "", location.href); // not still that of the page before
history.pushState = (_, unused, address) => {
  const { pathname } = new URL(address ?? "", location.href);
  clearTimeout(waiting);
  if (pathname !== location.pathname) {
    push.call(history, { own: sceneOf(address) !== null }, unused, address);
    return;
  }
  waiting = setTimeout(() => {
    if (location.pathname !== pathname) return;
    const moved = history.state?.own && pathname.endsWith("/") && sceneOf(address) !== sceneOf(location.href);
    (moved ? push : history.replaceState).call(history, { own: true }, unused, address);
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
