// The player of one call: sound, lanes, speed and volume that survive, cut stretches skipped, words lit, plays recorded.

import { prefix, read, write } from "./http.js";
import { Lanes } from "./lanes.js";
import { Mixer } from "./mixer.js";

const LEAD_MS = 2000;
const SPEED = "cofi-speed";
const clock = (ms) => {
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return (h ? `${h}:${String(m).padStart(2, "0")}` : `${m}`) + `:${String(s).padStart(2, "0")}`;
};
const fromTo = (button) => [Number(button.dataset.playMs), Number(button.dataset.endMs ?? button.dataset.playMs)];

export class Player {
  // `root` holds the player, the transcript and whatever has places to play; `sound` is its audio, where it was
  // fetched before.
  constructor(root, sound = null) {
    this.root = root;
    this.bar = root.querySelector(".player");
    this.data = JSON.parse(this.bar.querySelector(".player-data").textContent);
    this.audio = this.bar.querySelector("audio");
    if (this.audio && sound) {
      this.audio.replaceWith(sound);
      this.audio = sound;
    }
    this.words = [...root.querySelectorAll(".turn [data-ms]")].map((element) => [Number(element.dataset.ms), element]);
    this.turns = [...root.querySelectorAll(".turn")].map((element) => [Number(element.dataset.start), element]);
    this.events = new AbortController();
    this.evidence = -1;
    if (this.audio) this.begin();
    this.listen(root, "click", (event) => {
      const button = event.target.closest("[data-play-ms]");
      if (button) this.playPlace(button);
    });
  }

  get prefixed() {
    return `/calls/${this.data.call_id}`;
  }

  listen(target, kind, handler) {
    target.addEventListener(kind, handler, { signal: this.events.signal });
  }

  begin() {
    const { audio, bar } = this;
    this.lanes = new Lanes(bar.querySelector(".lanes"), this.data, (ms) => this.seek(ms));
    this.lanes.marks = this.evidenceButtons().map(fromTo);
    this.mixer = new Mixer(audio, this.data.lanes, bar.querySelector(".volumes"), () => this.ms);
    if (!audio.src) audio.src = `${prefix}${this.prefixed}/sound`;
    audio.defaultPlaybackRate = audio.playbackRate = Number(localStorage.getItem(SPEED)) || 1;
    const speed = bar.querySelector(".speed");
    speed.value = String(audio.playbackRate);
    this.listen(speed, "change", () => {
      audio.playbackRate = Number(speed.value);
      localStorage.setItem(SPEED, speed.value);
    });
    this.listen(bar.querySelector(".play"), "click", () => this.toggle());
    this.listen(bar.querySelector(".back"), "click", () => this.move(-5000));
    this.listen(bar.querySelector(".on"), "click", () => this.move(5000));
    this.listen(bar.querySelector(".seek input"), "input", (event) => this.seek(Number(event.target.value)));
    for (const kind of ["play", "pause", "ended", "seeking"]) this.listen(audio, kind, () => this.changed(kind));
    this.listen(audio, "timeupdate", () => this.tick());
    this.listen(audio, "error", () => this.explain());
    this.listen(window, "pagehide", () => this.report());
    const kept = Number(sessionStorage.getItem(this.place));
    if (kept) this.seek(kept);
    this.loadPeaks();
  }

  get place() {
    return `cofi-place-${this.data.call_id}`;
  }

  get ms() {
    return this.audio ? this.audio.currentTime * 1000 : 0;
  }

  async loadPeaks() {
    try {
      const told = await (await read(`${this.prefixed}/peaks`)).json();
      this.lanes.show(told.lanes);
    } catch (error) {
      this.trouble(error.message);
    }
  }

  async explain() {
    try {
      await read(`${this.prefixed}/peaks`);
      this.trouble("The sound does not arrive: check the connection, then press play.");
    } catch (error) {
      this.trouble(error.message);
    }
  }

  trouble(text) {
    const place = this.bar.querySelector(".trouble");
    place.textContent = text;
    place.hidden = !text;
  }

  // --- what people do ---

  toggle() {
    if (!this.audio) return;
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  async play() {
    if (!this.audio) return;
    this.trouble("");
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") this.trouble("Press space to hear it: the browser waits for a key.");
      else if (error.name !== "AbortError") await this.explain();
    }
  }

  seek(ms) {
    if (!this.audio) return;
    this.audio.currentTime = Math.max(0, Math.min(ms, this.data.duration_ms)) / 1000;
    this.tick();
  }

  move(ms) {
    this.seek(this.ms + ms);
  }

  playPlace(button) {
    const buttons = this.evidenceButtons();
    const isEvidence = buttons.includes(button);
    if (isEvidence) this.evidence = buttons.indexOf(button);
    for (const one of buttons) one.classList.toggle("chosen", one === button);
    this.seek(Number(button.dataset.playMs) - (isEvidence ? LEAD_MS : 0));
    return this.play();
  }

  evidenceButtons() {
    const focus = this.root.querySelector(".focus");
    return [...(focus ?? this.root).querySelectorAll(".evidence")];
  }

  // The previous or next evidence, from 2 s before it; around at the ends.
  step(by) {
    const buttons = this.evidenceButtons();
    if (!buttons.length) return;
    const next = this.evidence < 0 && by < 0 ? buttons.length - 1 : (this.evidence + by + buttons.length) % buttons.length;
    const button = buttons[next];
    button.closest("details")?.setAttribute("open", "");
    button.scrollIntoView({ block: "nearest" });
    this.playPlace(button);
  }

  // --- what happens ---

  changed(kind) {
    const playing = !this.audio.paused && !this.audio.ended;
    this.bar.querySelector(".play").firstChild.textContent = playing ? "Pause " : "Play ";
    if (kind !== "play") this.report();
    if (kind === "play") this.run();
    else sessionStorage.setItem(this.place, String(Math.round(this.ms)));
  }

  run() {
    this.began ??= this.ms;
    const step = () => {
      if (this.audio.paused) return;
      this.tick();
      this.frame = requestAnimationFrame(step);
    };
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(step);
  }

  tick() {
    const ms = this.ms;
    const skips = this.bar.querySelector(".skip-cuts").checked && !this.audio.paused;
    const cut = skips && this.data.cuts.find(([start, end]) => ms >= start && ms < end - 100);
    if (cut) {
      this.seek(cut[1]);
      return;
    }
    if (!this.audio.paused) this.began ??= ms;
    this.last = ms;
    this.lanes.at(ms);
    this.mixer.at(ms);
    this.bar.querySelector(".now").textContent = clock(ms);
    this.bar.querySelector(".seek input").value = String(ms);
    this.light(ms);
  }

  light(ms) {
    const word = before(this.words, ms);
    const turn = before(this.turns, ms);
    const lit = turn && ms < Number(turn.dataset.end) + 400 ? turn : null;
    if (this.litWord !== word) {
      this.litWord?.classList.remove("lit");
      word?.classList.add("lit");
      this.litWord = word;
    }
    if (this.litTurn === lit) return;
    this.litTurn?.classList.remove("now");
    lit?.classList.add("now");
    this.litTurn = lit;
    if (lit && !this.audio.paused && this.root.querySelector(".follow")?.checked) follow(lit);
  }

  // Tells the server what was heard since the last start or jump.
  report() {
    const [from, to] = [this.began, this.last];
    this.began = undefined;
    if (from === undefined || to === undefined || to - from < 200) return;
    const stretch = { from_ms: Math.round(from), seconds: (to - from) / 1000 };
    write(`${this.prefixed}/heard`, stretch, { keepalive: true }).catch(() => {});
  }

  close() {
    if (this.audio) {
      this.report();
      this.audio.pause();
      this.lanes.close();
      this.mixer.close();
      this.audio.removeAttribute("src");
    }
    cancelAnimationFrame(this.frame);
    this.events.abort();
  }
}

const before = (places, ms) => {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle][0] <= ms) low = middle + 1;
    else high = middle;
  }
  return low ? places[low - 1][1] : null;
};

const follow = (turn) => {
  const list = turn.parentElement;
  const [above, below] = [turn.offsetTop - list.offsetTop, list.clientHeight / 3];
  list.scrollTo({ top: above - below, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
};
