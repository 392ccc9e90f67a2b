// What one call of a component sets up (listeners, timers, observers) lasts until the next call, or until the component goes.
// Streamlit calls a component anew at every change without ending the call before it, and ends a call that came late only
// after its successor has begun. So every call ends what it has set up itself, once, and nothing that its successor uses.
function onlyCall(parentElement) {
  parentElement.call?.abort();
  parentElement.call = new AbortController();
  return parentElement.call;
}
