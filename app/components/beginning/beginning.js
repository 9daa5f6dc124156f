/** Shows the top of a page that was not shown before; the first is there already, or its class leads to a step of it. */

let shown = null;

export default function ({ data: { page } }) {
  if (shown !== null && shown !== page) document.querySelector(".stMain").scrollTop = 0;
  shown = page;
}
