// What a person has decided is kept in the browser until the server has it: a lost connection, a closed tab or a
// restarted server loses nothing. Each entry has a key, so that sending it twice changes nothing.

import { Refused, write } from "./http.js";

const RETRY_MS = 3000;

export class Outbox {
  // `changed(entries, signedOut)`: what waits, and whether only for its person to sign in again. `answered(entry, told)` and `refused(entry, error)`: what became of one.
  constructor(person, { changed, answered, refused }) {
    this.name = `cofi-outbox-${person}`;
    Object.assign(this, { changed, answered, refused });
    window.addEventListener("online", () => this.send());
    setInterval(() => this.send(), RETRY_MS);
    this.send();
  }

  get entries() {
    return JSON.parse(localStorage.getItem(this.name) ?? "[]");
  }

  set entries(entries) {
    localStorage.setItem(this.name, JSON.stringify(entries));
  }

  // In order: answers before the end of their review.
  add(path, body, about) {
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    this.entries = [...this.entries, { key, path, body, about }];
    return this.send();
  }

  // Several tabs share what waits: one of them sends.
  send() {
    if (navigator.locks) return navigator.locks.request(this.name, () => this.sendAll());
    this.sending = (this.sending ?? Promise.resolve()).then(() => this.sendAll());
    return this.sending;
  }

  async sendAll() {
    let signedOut = false;
    while (this.entries.length) {
      const [entry] = this.entries;
      try {
        const told = await (await this.post(entry)).json();
        this.drop(entry);
        this.answered(entry, told);
      } catch (error) {
        if (!(error instanceof Refused) || error.status >= 500 || error.status === 401) {
          signedOut = error.status === 401;
          break; // later
        }
        this.drop(entry);
        this.refused(entry, error);
      }
    }
    this.changed(this.entries, signedOut);
  }

  post(entry) {
    const headers = { "X-Cofi": "1", "Content-Type": "application/json", "Idempotency-Key": entry.key };
    return write(entry.path, entry.body, { headers });
  }

  drop(entry) {
    this.entries = this.entries.filter((one) => one.key !== entry.key);
  }
}
