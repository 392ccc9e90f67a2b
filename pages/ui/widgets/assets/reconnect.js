// Runs the page again once the server is back after it was gone: a new process knows no fragment of the old one, and would
// ignore whatever is pressed in them.
// `data`: none. Trigger: reconnected.
export default function ({ parentElement, setTriggerValue }) {
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
  return () => call.abort();
}
