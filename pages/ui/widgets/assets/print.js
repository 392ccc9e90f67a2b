// Opens the browser's own print dialog; what is printed, a style sheet decides.
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = () => window.print();
}
