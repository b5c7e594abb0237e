// The sound of the call that comes next, fetched and put to its place while this one is judged.

import { prefix, read } from "./http.js";

const LEAD_MS = 2000;

export class Ahead {
  constructor(sample) {
    this.path = `/review/ahead${sample ? `?sample=${sample}` : ""}`;
  }

  // Once the sound of the call on the desk plays: it comes first.
  after(audio) {
    audio?.addEventListener("playing", () => this.fetch(), { once: true });
  }

  async fetch() {
    const told = await read(this.path).then((answer) => answer.json(), () => ({}));
    if (!told.call_id) return;
    const audio = new Audio();
    audio.preload = "auto";
    audio.addEventListener("loadedmetadata", () => (audio.currentTime = Math.max(0, told.from_ms - LEAD_MS) / 1000), { once: true });
    // The server records that it was sent, and that nobody has heard it.
    audio.src = `${prefix}/calls/${told.call_id}/sound?ahead=true`;
    this.sound = { call_id: told.call_id, audio };
  }

  // The sound of a call, if it is the one that was fetched; whatever else was fetched is let go.
  take(call_id) {
    const { sound } = this;
    this.sound = null;
    if (!sound) return null;
    if (sound.call_id === call_id && !sound.audio.error) return sound.audio;
    sound.audio.removeAttribute("src");
    return null;
  }
}
