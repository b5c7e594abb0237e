// A call of a calibration session on the desk: answers are kept at once, and nothing is revealed by them.

import { prefix } from "./http.js";
import { onKeys, playerKeys, takeFocus } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Review } from "./review.js";

const root = document.querySelector(".desk");
const kept = document.querySelector(".kept");
const keys = document.getElementById("keys");
let calibrating = null;

const notice = (text) => {
  kept.textContent = text;
  kept.hidden = !text;
};

class Calibrating extends Review {
  // From the first question that is open; what was answered before is there.
  begin() {
    for (const question of this.questions) {
      const chosen = question.querySelector("[aria-pressed=true]");
      if (chosen) this.remember(question, chosen);
      // Words that come after the answer go with it.
      question.querySelector("textarea").addEventListener("change", () => this.send(question));
    }
    const open = this.questions.findIndex((question) => !question.querySelector("[aria-pressed=true]"));
    this.show(Math.max(0, open));
  }

  clicked(event) {
    const choice = event.target.closest(".choice");
    if (choice) this.choice(choice);
    if (event.target.closest(".before")) this.show(Math.max(0, this.at - 1));
  }

  cannotTell() {
    const choice = this.question?.querySelector("[data-answer=CANNOT_DETERMINE]");
    if (choice) this.choice(choice);
  }

  choice(chosen) {
    const { question } = this;
    for (const one of question.querySelectorAll(".choice")) one.setAttribute("aria-pressed", one === chosen);
    this.remember(question, chosen);
    this.send(question);
    this.show(this.at + 1);
  }

  send(question) {
    const chosen = question.querySelector("[aria-pressed=true]");
    if (!chosen) return;
    const criterion = question.dataset.criterion;
    const body = { criterion_id: criterion, answer: chosen.dataset.answer, comment: question.querySelector("textarea").value };
    this.outbox.add(this.root.dataset.answers, body, { item: this.item, criterion });
  }

  remember(question, chosen) {
    this.given.set(question.dataset.criterion, { text: question.querySelector("h2").textContent, words: chosen.querySelector("span").textContent });
  }

  answered() {}

  refused(entry) {
    const question = this.questions.find((one) => one.dataset.criterion === entry.about.criterion);
    for (const one of question?.querySelectorAll(".choice") ?? []) one.setAttribute("aria-pressed", false);
    super.refused(entry);
  }

  enter() {
    if (!this.question) this.finish();
    else if (this.question.querySelector("[aria-pressed=true]")) this.show(this.at + 1);
  }

  async finish() {
    await this.outbox.send();
    if (this.outbox.entries.length) notice("No connection: your answers are kept in this browser. Press Enter to try again.");
    else location.assign(prefix + this.root.dataset.next);
  }

  giveBack() {
    location.assign(prefix + this.root.dataset.session);
  }
}

const outbox = new Outbox(document.querySelector(".who").textContent, {
  changed: (entries) => {
    if (entries.length) notice("No connection: answers are kept in this browser, and sent as soon as it is back.");
    else if (kept.textContent.startsWith("No connection")) notice("");
  },
  answered: () => {},
  refused: (entry, error) => {
    calibrating?.refused(entry);
    notice(error.message);
  },
});

const showKeys = () => (keys.open ? keys.close() : keys.showModal());
calibrating = new Calibrating(root, { outbox, next: () => {}, back: () => {}, showKeys });
onKeys({
  ...playerKeys(() => calibrating.player),
  u: () => calibrating.cannotTell(),
  Enter: () => calibrating.enter(),
  Escape: () => calibrating.giveBack(),
  "?": showKeys,
  ...Object.fromEntries([..."123456789"].map((digit) => [digit, () => calibrating.choose(Number(digit))])),
});
takeFocus();
