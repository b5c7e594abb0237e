// The twenty-second path: the next call's evidence plays by itself, one key decides.

import { Ahead } from "./ahead.js";
import { Refused, say, write } from "./http.js";
import { onKeys, playerKeys, takeFocus } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Review } from "./review.js";

const queue = document.getElementById("queue");
const place = document.getElementById("desk");
const kept = document.querySelector(".kept");
const keys = document.getElementById("keys");
const start = document.getElementById("start");
const sample = start.dataset.sample ?? null;
const ahead = new Ahead(sample);
let review = null;
let opening = null;
let outdated = ""; // why the call on the desk is shown anew
let waits = null; // what is said of answers that wait

const notice = (text) => {
  kept.textContent = text;
  kept.hidden = !text;
};

const outbox = new Outbox(document.querySelector(".who").textContent, {
  changed: (entries, signedOut) => {
    const answers = entries.filter((entry) => entry.about.criterion).length;
    const told = `${answers} answer${answers === 1 ? " is" : "s are"} kept in this browser, and sent as soon as`;
    const why = signedOut ? `You are signed out: ${told} you have signed in again, in another tab.` : `No connection: ${told} it is back.`;
    if (entries.length) notice(why);
    else if (kept.textContent === waits) notice("");
    if (entries.length) waits = why;
  },
  answered: (entry, told) => review?.answered(entry, told),
  refused: (entry, error) => {
    notice(error.message);
    if (error.status === 409) outdated = error.message;
    if (error.status === 409 && entry.about.item === review?.item) open({ item_id: review.item });
    else review?.refused(entry);
  },
});

const close = () => {
  review?.close();
  review = null;
  place.replaceChildren();
};

// Once for several who ask at a time: what waits to be sent may all be refused by the same change.
const open = (wanted) => {
  opening ??= bring(wanted).finally(() => {
    opening = null;
  });
  return opening;
};

const bring = async (wanted) => {
  await outbox.send();
  try {
    const told = await (await write("/review/next", wanted)).json();
    close();
    if (!told.item_id) {
      back("Nothing is left to review.");
      return;
    }
    notice(outdated);
    outdated = "";
    queue.hidden = true;
    place.hidden = false;
    place.innerHTML = told.html; // from our own template, escaped there
    history.replaceState(null, "", `?item=${told.item_id}`);
    const sound = ahead.take(told.call_id);
    review = new Review(place.firstElementChild, { outbox, next: () => open({ sample }), back, showKeys, sound });
    ahead.after(review.player.audio);
    scrollTo(0, 0);
  } catch (error) {
    if (error instanceof Refused && outdated) back(error.message);
    else if (error instanceof Refused) notice(error.message);
    else notice("No connection: the next call comes when it is back. Press Enter to try again.");
  }
};

const back = (text = "") => {
  close();
  history.replaceState(null, "", location.pathname);
  if (text) {
    sessionStorage.setItem("cofi-notice", text);
  }
  location.reload();
};

const showKeys = () => (keys.open ? keys.close() : keys.showModal());

start.addEventListener("click", () => open({ sample }));
queue.addEventListener("click", (event) => {
  const button = event.target.closest("[data-item]");
  if (button) open({ item_id: button.dataset.item });
});

const forReview = (name) => (event) => review?.[name](event);
onKeys({
  ...Object.fromEntries(
    Object.entries(playerKeys(() => review.player)).map(([key, act]) => [key, () => review && act()]),
  ),
  y: forReview("confirm"),
  n: forReview("overrule"),
  u: forReview("cannotTell"),
  t: forReview("transcriptError"),
  Enter: () => (review ? review.enter() : open({ sample })),
  Escape: forReview("giveBack"),
  "?": showKeys,
  ...Object.fromEntries([..."123456789"].map((digit) => [digit, () => review?.choose(Number(digit))])),
});

const told = sessionStorage.getItem("cofi-notice");
if (told) {
  sessionStorage.removeItem("cofi-notice");
  notice(told);
  say(told);
}
const wanted = new URLSearchParams(location.search).get("item");
if (wanted) open({ item_id: wanted });
takeFocus();
