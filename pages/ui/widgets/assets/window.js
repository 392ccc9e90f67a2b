// Says whether the window is narrow, when that is not what the server thinks.
// `data`: below (pixels), narrow (what the server thinks). State: narrow.
export default function ({ parentElement, data, setStateValue }) {
  const query = matchMedia(`(width < ${data.below}px)`);
  const tell = () => {
    if (query.matches !== data.narrow) setStateValue("narrow", query.matches);
  };
  tell();
  const call = onlyCall(parentElement);
  query.addEventListener("change", tell, { signal: call.signal });
  return () => call.abort();
}
