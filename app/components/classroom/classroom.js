/** The class room of this browser: one, whichever page shows it. */

import { Bar } from "./bar.js";
import { ClassRoom } from "./room.js";

const bars = new WeakMap();

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".class-room");
  const known = globalThis.titansLabRoom;
  const room = (globalThis.titansLabRoom ??= new ClassRoom());
  if (!bars.has(root)) bars.set(root, new Bar(root, room));
  room.changed = () => bars.get(root).render();
  room.socket = data.socket;
  room.guide.tell(data);
  if (!known) room.begin(data);
  room.changed();
}
