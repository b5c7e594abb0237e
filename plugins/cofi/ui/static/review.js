// One call on the desk: its questions one after the other, each with its evidence.

import { say, write } from "./http.js";
import { Player } from "./player.js";

const DRAFT = "cofi-draft";

export class Review {
  constructor(root, { outbox, next, back, showKeys, sound }) {
    Object.assign(this, { root, outbox, next, back });
    this.item = root.dataset.item;
    this.blind = "blind" in root.dataset;
    this.player = new Player(root, sound);
    this.questions = [...root.querySelectorAll(".question")];
    this.ended = root.querySelector(".ended");
    this.skipping = root.querySelector(".skipping");
    this.free = "free" in root.dataset; // nobody asks: the person answers what they like
    this.at = -1;
    this.given = new Map();
    this.left = new Set();
    for (const one of this.questions) if (one.dataset.given !== undefined) this.note(one, one.dataset.given);
    root.querySelector(".keys-button").addEventListener("click", showKeys);
    root.querySelector(".give-back").addEventListener("click", () => this.giveBack());
    root.querySelector(".finish").addEventListener("click", () => this.finish());
    root.querySelector(".skip-call")?.addEventListener("click", () => this.showForm(this.skipping));
    root.addEventListener("click", (event) => this.clicked(event));
    this.ended.addEventListener("click", (event) => {
      const again = event.target.closest("[data-again]");
      if (again) this.show(Number(again.dataset.again));
    });
    for (const form of root.querySelectorAll("form")) this.prepare(form);
    this.begin();
  }

  begin() {
    this.show(this.following());
  }

  note(question, words) {
    this.given.set(question.dataset.criterion, { text: question.querySelector("h2").textContent, words });
  }

  // The next question that is open, else an earlier one, else the end.
  following() {
    const open = (one) => !this.given.has(one.dataset.criterion) && !this.left.has(one.dataset.criterion);
    const later = this.questions.findIndex((one, n) => n > this.at && open(one));
    const any = later < 0 ? this.questions.findIndex(open) : later;
    return any < 0 ? this.questions.length : any;
  }

  leave() {
    this.left.add(this.question.dataset.criterion);
    this.show(this.following());
  }

  close() {
    this.player.close();
  }

  get question() {
    return this.questions[this.at];
  }

  // Shows a question, and plays its evidence from 2 s before.
  show(at) {
    const first = this.at === -1;
    this.at = at;
    this.since = performance.now();
    this.questions.forEach((question, n) => {
      question.hidden = n !== at;
      question.classList.toggle("focus", n === at);
    });
    this.ended.hidden = at < this.questions.length;
    if (!this.question) {
      this.summarise();
      return;
    }
    say(this.question.querySelector("h2").textContent);
    this.player.evidence = -1;
    if (this.player.lanes) this.player.lanes.marks = this.player.evidenceButtons().map((one) => [Number(one.dataset.playMs), Number(one.dataset.endMs)]);
    if (this.player.evidenceButtons().length) this.player.step(1);
    else if (first) this.fromTheStart();
  }

  // Where nothing is quoted, the conversation itself is the evidence.
  fromTheStart() {
    const [first] = this.player.turns;
    if (first) this.player.seek(Math.max(0, first[0] - 2000));
    this.player.play();
  }

  clicked(event) {
    const verdict = event.target.closest("[data-verdict]")?.dataset.verdict;
    if (verdict) ({ confirm: () => this.confirm(), overrule: () => this.overrule(), cannot_tell: () => this.cannotTell(), transcript_error: () => this.transcriptError() })[verdict]();
    if (event.target.closest(".pass-over")) this.leave();
    const choice = event.target.closest(".choice");
    if (choice) this.answer({ answer: choice.dataset.answer }, choice.textContent.trim());
  }

  // --- verdicts ---

  confirm() {
    if (this.question && !this.blind) this.answer({ verdict: "confirm" }, "right");
  }

  cannotTell() {
    if (this.question) this.answer({ verdict: "cannot_tell" }, "nobody can tell");
  }

  choose(number) {
    this.question?.querySelectorAll(".choice")[number - 1]?.click();
  }

  overrule() {
    if (this.question && !this.blind) this.showForm(this.question.querySelector("form.overrule"));
  }

  transcriptError() {
    const form = this.question?.querySelector("form.transcript_error");
    if (!form) return;
    const turn = this.player.litTurn ?? this.root.querySelector(".turn");
    if (turn && !form.elements.right_words.value) {
      form.elements.turn_id.value = turn.id;
      form.elements.right_words.value = turn.querySelector(".said").textContent.trim().replace(/\s+/g, " ");
    }
    this.showForm(form);
  }

  answer(told, words) {
    const { question } = this;
    if (!question || this.answering) return;
    const criterion_id = question.dataset.criterion;
    const seen = { blind: this.blind, audit_id: this.root.dataset.audit }; // an audit of later may say otherwise
    const body = { criterion_id, ...told, ...seen, seconds: (performance.now() - this.since) / 1000 };
    this.note(question, words);
    this.outbox.add(`/review/items/${this.item}/answers`, body, { item: this.item, criterion: criterion_id });
    if (!this.blind) {
      this.show(this.following());
      return;
    }
    this.answering = true;
    question.querySelector(".choices").hidden = true;
    question.querySelector(".verdicts").hidden = true;
    question.querySelector(".given").textContent = `You say: ${words.replace(/^\d\s*/, "")}. Enter goes on.`;
  }

  // The server has it: of a blind answer, the machine's may be seen now.
  answered(entry, told) {
    if (entry.about.item !== this.item || !entry.about.criterion) return;
    localStorage.removeItem(this.draftName(entry.about.criterion));
    const question = this.questions.find((one) => one.dataset.criterion === entry.about.criterion);
    if (told.html && question) question.querySelector(".revealed").innerHTML = told.html; // our own template, escaped
  }

  refused(entry) {
    if (entry.about.item !== this.item) return;
    const at = this.questions.findIndex((one) => one.dataset.criterion === entry.about.criterion);
    this.given.delete(entry.about.criterion);
    this.answering = false;
    if (at >= 0) this.show(at);
  }

  // --- the end of a question, and of the call ---

  enter() {
    if (this.answering) {
      this.answering = false;
      this.show(this.following());
    } else if (!this.question) this.finish();
    else if (this.free) this.leave();
  }

  summarise() {
    const list = this.ended.querySelector(".summary");
    list.replaceChildren(
      ...[...this.given].map(([criterion, { text, words }]) => {
        const line = document.createElement("li");
        line.textContent = `${text} – ${words.replace(/^\d\s*/, "")} `;
        // Blind, a second answer would know the machine's.
        if (!this.blind) line.append(this.again(criterion, text));
        return line;
      }),
    );
    const none = !this.given.size;
    if (this.free) {
      this.ended.querySelector(".none").hidden = !none;
      this.ended.querySelector(".finish").hidden = none;
    }
    say(none ? "None is answered." : "All answered. Enter brings the next call.");
  }

  again(criterion, text) {
    const button = document.createElement("button");
    button.dataset.again = this.questions.findIndex((one) => one.dataset.criterion === criterion);
    button.ariaLabel = `Answer again: ${text}`;
    button.textContent = "again";
    return button;
  }

  async finish() {
    if (this.finishing || !this.given.size) return;
    this.finishing = true;
    await this.outbox.add(`/review/items/${this.item}/finish`, {}, { item: this.item });
    await this.next();
    this.finishing = false;
  }

  giveBack() {
    const form = this.root.querySelector("form:not([hidden])");
    if (form) {
      form.hidden = true;
      return;
    }
    write(`/review/items/${this.item}/release`, {})
      .catch(() => {})
      .then(() => this.back());
  }

  // --- forms ---

  draftName(criterion) {
    return `${DRAFT}-${this.item}-${criterion}`;
  }

  showForm(form) {
    form.hidden = false;
    form.querySelector("input, select, textarea").focus();
  }

  // What is typed is kept at once, and there again after a reload.
  prepare(form) {
    const criterion = form.closest(".question")?.dataset.criterion ?? "skip";
    const kept = JSON.parse(localStorage.getItem(this.draftName(criterion)) ?? "{}");
    for (const field of form.querySelectorAll("textarea")) if (kept[field.name]) field.value = kept[field.name];
    form.addEventListener("input", () => localStorage.setItem(this.draftName(criterion), JSON.stringify(Object.fromEntries(new FormData(form)))));
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation(); // it gives no call back
        this.hide(form);
      }
      if (event.key === "Enter" && (event.ctrlKey || event.target.matches("input"))) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    form.querySelector(".cancel").addEventListener("click", () => this.hide(form));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submitted(form, Object.fromEntries(new FormData(form)));
    });
  }

  hide(form) {
    form.hidden = true;
    takeBack();
  }

  submitted(form, fields) {
    takeBack();
    if (form === this.skipping) {
      write(`/review/items/${this.item}/skip`, fields).then(() => this.next(), (error) => say(error.message));
      return;
    }
    const verdict = form.classList.contains("overrule") ? "overrule" : "transcript_error";
    form.hidden = true;
    const chosen = form.querySelector("input[name=answer]:checked")?.parentElement.textContent.trim();
    this.answer({ verdict, ...fields, answer: fields.answer || null }, verdict === "overrule" ? `wrong: ${chosen}` : "the transcript is wrong");
  }
}

const takeBack = () => document.activeElement?.blur();
