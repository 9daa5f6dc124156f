/** A checkpoint that the page shows, told to the class room, which may come later than it. */

export default function ({ parentElement, data }) {
  const shown = (globalThis.titansLabCheckpoints ??= new Map());
  shown.set(data.checkpoint, data);
  dispatchEvent(new Event("titans-lab-checkpoint"));
  return () => parentElement.isConnected || shown.delete(data.checkpoint); // Streamlit calls this for outdated calls too
}
