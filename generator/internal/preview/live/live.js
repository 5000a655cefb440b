// Shows the next build of the site in the open page, and a failed one as a panel
// over the last good page. Only the preview adds this script, to responses.
import { Served, readPage } from "./live/difference.js";
import { keep, restore } from "./live/keep.js";
import { renew } from "./live/files.js";
import { renew as annotate } from "./live/margin.js";
import { hide, show } from "./live/problems.js";

const { run, build: first, turn, always } = document.querySelector('script[src="/_/live.js"]').dataset;
const foreign = always !== undefined; // the page is none of the site's
let build = Number(first); // that the page shows
let events = null;
let served = null; // the page as it came, once that is known

// What was typed stays, over a reload too.
const reload = () => {
  sleep();
  keep();
  location.reload();
};

const here = () => {
  try {
    return decodeURIComponent(location.pathname);
  } catch {
    return location.pathname; // no page of the site
  }
};

class Away extends Error {} // the preview has stopped, or is being started again

const fetched = async () => {
  let answer, text;
  try {
    answer = await fetch(location.pathname + location.search, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(10000) });
    text = await answer.text();
  } catch {
    throw new Away();
  }
  return answer.ok ? readPage(text) : null;
};

// leave goes to the page that the writer is at work on. False means that nobody
// asked for that, or that it is this one.
const leave = (state) => {
  if (!state.goTo || new URL(state.goTo, location.href).pathname === location.pathname) return false;
  sleep();
  location.assign(state.goTo);
  return true;
};

// learn finds out how the page looked before any script changed it.
const learn = async () => {
  const now = await fetched();
  if (!now || now.run !== run || now.build !== build) return reload();
  served = new Served(now.root);
};

const update = async (state) => {
  if (foreign) return reload();
  if (build >= state.build) return;
  const changed = new Set(state.changed ?? []), gone = new Set(state.gone ?? []);
  const at = here();
  if (changed.has(at) || gone.has(at)) {
    const now = await fetched();
    if (!now || now.run !== run || !served || !served.become(now.root)) return reload();
  }
  changed.delete(at);
  if (!renew(changed, state.build, served)) return reload();
  build = state.build;
};

// One thing after the other; what cannot be done in the page is done by a reload.
// An answer that did not come is asked for again: who connects learns the state.
let work = Promise.resolve();
const then = (task) => {
  work = work.then(task).catch((error) => {
    if (!(error instanceof Away)) return reload();
    sleep();
    setTimeout(look, 500);
  });
};

const take = (event) => JSON.parse(event.data);

const sleep = () => {
  events?.close();
  events = null;
};

// Only a page that is looked at listens: browsers open six connections to one
// server, and keep pages that were left, and theirs, for the way back.
const wake = () => {
  if (events) return;
  events = new EventSource("/_/live");
  events.addEventListener("state", (event) => {
    const state = take(event);
    const problems = state.problems ?? [];
    // A build has passed this page by.
    if (run === state.run && build !== state.build && leave(state)) return;
    if (run !== state.run || build !== state.build || foreign && Number(turn) !== state.turn) return reload();
    if (!served && !foreign) then(learn);
    if (problems.length && !foreign) show(problems);
    annotate();
  });
  events.addEventListener("noted", () => annotate());
  events.addEventListener("built", (event) => {
    const state = take(event);
    hide();
    if (leave(state)) return;
    then(() => update(state));
    then(() => void annotate()); // nothing waits for it
  });
  events.addEventListener("failed", (event) => {
    if (foreign) reload();
    else show(take(event).problems);
  });
};

const look = () => (document.visibilityState === "visible" ? wake() : sleep());
addEventListener("pagehide", sleep);
addEventListener("pageshow", look);
document.addEventListener("visibilitychange", look);
restore();
look();
