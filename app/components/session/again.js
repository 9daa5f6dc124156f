/** A page that lost one of its messages is loaded again: what was done in it comes back by its session's key.
 *
 * Streamlit's page keeps the large messages that it was sent for some runs, and tells its server which: those are not
 * sent again, only named. Where it has just let go of one, it shows an error over everything, and stays so. */

const LOST = "Cached ForwardMsg MISS";
let watching = false;

export function watchForLoss() {
  if (watching) return;
  watching = true;
  new MutationObserver(() => {
    const dialog = document.querySelector("[role=dialog]");
    if (dialog?.textContent.includes(LOST)) location.reload();
  }).observe(document.body, { childList: true, subtree: true });
}
