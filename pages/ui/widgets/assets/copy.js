// Copies the page's address with `data.query`, and says so. Whatever a part of the page has changed by itself since is
// already in the address.
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button"), status = parentElement.querySelector("span");
  button.textContent = data.label;
  button.onclick = async () => {
    const query = new URLSearchParams(data.query);
    for (const [name, value] of new URLSearchParams(location.search)) query.set(name, value);
    for (const name of ["class", "voter", "desk"]) query.delete(name); // a seat in a lesson is for one alone
    const link = `${location.origin}${location.pathname}?${query}`;
    let done = true;
    try {
      await navigator.clipboard.writeText(link);
    } catch { // no secure context, or not allowed: the old way
      const field = document.createElement("textarea");
      field.value = link;
      parentElement.append(field);
      field.select();
      done = document.execCommand("copy");
      field.remove();
    }
    status.textContent = done ? data.done : link;
    if (done) setTimeout(() => { status.textContent = ""; }, 4000);
  };
}
