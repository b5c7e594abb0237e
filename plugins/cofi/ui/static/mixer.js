// Volume for each speaker. Only when one is changed does the sound go through Web Audio: both speakers, whatever
// their channel, are then heard on both ears.

const KEPT = "cofi-volumes";

export class Mixer {
  // `place`: tells where the sound is, in ms.
  constructor(audio, lanes, box, place) {
    this.audio = audio;
    this.lanes = lanes;
    this.place = place;
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    this.volumes = Object.fromEntries(lanes.map((lane) => [lane.label, kept[lane.label] ?? 1]));
    box.replaceChildren(...lanes.map((lane) => this.control(lane.label)));
    // A context may only begin once somebody has done something.
    audio.addEventListener("play", () => this.begin());
  }

  control(label) {
    const element = document.createElement("label");
    const name = document.createElement("span");
    name.textContent = label.replace("_", " ");
    const range = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 1.5, step: 0.05, value: this.volumes[label] });
    range.addEventListener("input", () => {
      this.volumes[label] = Number(range.value);
      localStorage.setItem(KEPT, JSON.stringify({ ...JSON.parse(localStorage.getItem(KEPT) ?? "{}"), [label]: this.volumes[label] }));
      this.begin();
      this.at(this.place());
    });
    element.className = "volume";
    element.append(name, range);
    return element;
  }

  begin() {
    const asked = Object.values(this.volumes).some((volume) => volume !== 1);
    if (this.context) this.context.resume();
    if (!asked || this.context || this.audio.paused) return;
    this.context = new AudioContext();
    const source = this.context.createMediaElementSource(this.audio);
    const channels = Math.max(1, ...this.lanes.map((lane) => lane.channel + 1));
    const splitter = this.context.createChannelSplitter(Math.max(2, channels));
    source.connect(splitter);
    this.gains = Array.from({ length: Math.max(2, channels) }, (_, channel) => {
      const gain = this.context.createGain();
      splitter.connect(gain, channel);
      gain.connect(this.context.destination);
      return gain;
    });
    this.at(this.place());
  }

  at(ms) {
    this.gains?.forEach((gain, channel) => {
      const own = this.lanes.filter((lane) => lane.channel === channel);
      const speaks = own.find((lane) => lane.spans === null || lane.spans.some(([start, end]) => ms >= start && ms < end));
      gain.gain.setTargetAtTime(speaks ? this.volumes[speaks.label] : 1, this.context.currentTime, 0.02);
    });
  }

  close() {
    this.context?.close();
  }
}
