// Copies the page's address with `data.query`, and says so.
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button"), status = parentElement.querySelector("span");
  button.textContent = data.label;
  button.onclick = async () => {
    const link = `${location.origin}${location.pathname}?${data.query}`;
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
