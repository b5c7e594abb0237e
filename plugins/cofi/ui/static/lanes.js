// The canvas of a player: a lane for each speaker, what was cut shaded, evidence and the place marked.

const LANE_PX = 44;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const within = (spans, ms) => spans === null || spans.some(([start, end]) => ms >= start && ms < end);

export class Lanes {
  // `data`: what the server tells the player; `seek` is called with a place in ms.
  constructor(root, data, seek) {
    this.root = root;
    this.data = data;
    this.canvas = root.querySelector("canvas");
    this.peaks = [];
    this.marks = [];
    this.ms = 0;
    this.canvas.addEventListener("pointerdown", (event) => {
      const box = this.canvas.getBoundingClientRect();
      seek(((event.clientX - box.left) / box.width) * data.duration_ms);
    });
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas);
    this.theme = new MutationObserver(() => this.draw());
    this.theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  close() {
    this.sizes.disconnect();
    this.theme.disconnect();
  }

  show(peaks) {
    this.peaks = peaks;
    const lanes = this.data.lanes.length ? this.data.lanes : peaks.map((_, n) => ({ label: `channel ${n + 1}`, channel: n, spans: null }));
    this.lanes = lanes.filter((lane) => lane.channel < peaks.length);
    const names = this.root.querySelector(".names");
    names.replaceChildren(
      ...this.lanes.map((lane) => {
        const name = document.createElement("span");
        name.textContent = lane.label.replace("_", " ");
        name.className = lane.label;
        return name;
      }),
    );
    this.root.hidden = false;
    this.canvas.style.height = `${LANE_PX * this.lanes.length}px`;
    this.draw();
  }

  at(ms) {
    this.ms = ms;
    this.draw();
  }

  draw() {
    if (!this.lanes) return;
    const { canvas, data } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = LANE_PX * this.lanes.length;
    if (!width) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const x = (ms) => (ms / data.duration_ms) * width;
    this.shade(pen, x, height);
    this.lanes.forEach((lane, n) => this.wave(pen, lane, n * LANE_PX, width));
    pen.fillStyle = colour("partly");
    for (const [start, end] of this.marks) pen.fillRect(x(start), height - 3, Math.max(3, x(end) - x(start)), 3);
    pen.fillStyle = colour("ink");
    pen.fillRect(x(this.ms) - 1, 0, 2, height);
  }

  shade(pen, x, height) {
    pen.fillStyle = colour("raised");
    for (const [start, end] of this.data.cuts) pen.fillRect(x(start), 0, Math.max(1, x(end) - x(start)), height);
    pen.fillStyle = colour("bad-soft");
    for (const [start, end] of this.data.silenced) pen.fillRect(x(start), 0, Math.max(2, x(end) - x(start)), height);
    pen.fillStyle = colour("partly-soft");
    for (const [start, end] of this.data.gaps) pen.fillRect(x(start), 0, Math.max(2, x(end) - x(start)), height);
  }

  wave(pen, lane, top, width) {
    const peaks = this.peaks[lane.channel];
    const { duration_ms, cuts } = this.data;
    const own = colour(lane.label === "agent" || lane.label === "customer" ? lane.label : "accent");
    const quiet = colour("outside");
    const middle = top + LANE_PX / 2;
    for (let px = 0; px < width; px += 2) {
      const from = Math.floor((px / width) * peaks.length);
      const to = Math.max(from + 1, Math.floor(((px + 2) / width) * peaks.length));
      const ms = (px / width) * duration_ms;
      let loud = 0;
      for (let n = from; n < to && n < peaks.length; n += 1) loud = Math.max(loud, peaks[n]);
      // Several people on one channel: each has their part of it on their own lane.
      if (!within(lane.spans, ms)) loud = 0;
      const half = Math.max(0.5, (loud / 255) * (LANE_PX / 2 - 3));
      const cut = cuts.some(([start, end]) => ms >= start && ms < end);
      pen.fillStyle = cut ? quiet : own;
      pen.fillRect(px, middle - half, 1.5, 2 * half);
    }
  }
}
