/** The size of a file too large to be sent: Streamlit marks it in the uploader, and asks the server nothing. */

let now = null; // the newest run's: which uploader, the most bytes that it takes, and how the component says something

function given({ target, dataTransfer }) {
  const [file] = dataTransfer?.files ?? target.files ?? [];
  if (file?.size > now.most && target.closest?.(`.st-key-${now.uploader}`)) now.tell("size", file.size);
}

export default function ({ data, setTriggerValue }) {
  const first = now === null;
  now = { ...data, tell: setTriggerValue };
  if (!first) return;
  for (const kind of ["change", "drop"]) document.addEventListener(kind, given, { capture: true });
}
