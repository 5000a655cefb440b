// What stands beside the page while it is written: its length, its links, what was
// found wrong with it, and the texts that wait for their day.
import { element, sheet } from "./elements.js";

const style = sheet(`
  :host { all: initial; color-scheme: light dark; --paper: #fffdf8; --ink: #2b241c; --soft: #665a4a; --line: #d9cfbd; --mark: #9a3b1e; --link: #1f5673; }
  @media (prefers-color-scheme: dark) {
    :host { --paper: #241e17; --ink: #f3eadb; --soft: #b9ab95; --line: #4b4032; --mark: #f0a184; --link: #9cc9e3; }
  }
  @media print { :host { display: none; } }
  * { box-sizing: border-box; }
  aside { position: fixed; left: 1rem; bottom: 1rem; z-index: 2147483646; max-width: calc(100vw - 2rem);
    color: var(--ink); font: .875rem/1.45 system-ui, sans-serif; text-align: left; }
  button { display: block; padding: .35rem .8rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--paper); color: inherit;
    font: inherit; cursor: pointer; box-shadow: 0 .1rem .5rem rgb(0 0 0 / .18); }
  button[data-found] { border-color: var(--mark); }
  button:focus-visible, a:focus-visible, section:focus-visible { outline: .15rem solid var(--link); outline-offset: .1rem; }
  b { font-weight: 600; }
  section { width: 25rem; max-width: 100%; max-height: min(34rem, 70vh); overflow: auto; margin: 0 0 .5rem; padding: .25rem 1.1rem 1rem;
    border: 1px solid var(--line); border-radius: .6rem; background: var(--paper); box-shadow: 0 .3rem 1.5rem rgb(0 0 0 / .25); }
  section[hidden] { display: none; }
  h2 { margin: 1rem 0 .2rem; font-size: .8rem; font-weight: 600; letter-spacing: .02em; color: var(--soft); }
  p { margin: 0 0 .25rem; overflow-wrap: anywhere; }
  ul { margin: 0; padding: 0 0 0 1.1rem; }
  li { margin: 0 0 .2rem; overflow-wrap: anywhere; }
  ul.findings { padding: 0; list-style: none; }
  ul.findings li { margin: .35rem 0 .6rem; padding: 0 0 0 .7rem; border-left: .2rem solid var(--mark); }
  code, pre { font: .8rem/1.4 ui-monospace, monospace; }
  pre { margin: .25rem 0; overflow-x: auto; color: var(--soft); }
  small { font-size: .8rem; color: var(--soft); }
  a { color: var(--link); }
  dl { display: grid; grid-template-columns: 1fr auto; gap: .1rem 1rem; margin: 0; }
  dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }`);

const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many ?? one + "s"}`;

// Whether it is open is the writer's choice, on every page and after the next start.
const name = "cardbowl-margin";
const wasOpen = () => {
  try {
    return localStorage.getItem(name) === "open";
  } catch {
    return false;
  }
};
const remember = (open) => {
  try {
    localStorage.setItem(name, open ? "open" : "closed");
  } catch {
    // A browser that keeps nothing.
  }
};

let box = null, button = null, panel = null;

const build = () => {
  box = document.createElement("cardbowl-margin");
  const shadow = box.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [style];
  const aside = element("aside", "", shadow);
  aside.setAttribute("aria-label", "Beside this page, for its writer");
  panel = element("section", "", aside);
  panel.id = "panel";
  panel.tabIndex = 0; // it scrolls
  panel.setAttribute("role", "region");
  panel.setAttribute("aria-label", "Notes on this page");
  button = element("button", "", aside);
  button.type = "button";
  button.setAttribute("aria-controls", "panel");
  const fold = (open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  fold(wasOpen());
  button.addEventListener("click", () => {
    fold(panel.hidden);
    remember(!panel.hidden);
  });
  aside.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    fold(false);
    remember(false);
    button.focus();
  });
  document.documentElement.append(box); // not in the body, which is the site's
};

// prose is a sentence in which code stands between backquotes.
const prose = (name, text, parent) => {
  const made = element(name, "", parent);
  text.split("`").forEach((part, i, all) => (i % 2 && i < all.length - 1 ? element("code", part, made) : made.append(i % 2 ? "`" + part : part)));
  return made;
};

const link = (to, parent) => {
  if (!to.url) return element("span", to.title, parent);
  const a = element("a", to.title, parent);
  a.href = to.url;
  return a;
};

const list = (heading, items, draw, parent, kind) => {
  if (!items.length) return;
  element("h2", heading, parent);
  const ul = element("ul", "", parent);
  if (kind) ul.className = kind;
  for (const item of items) draw(item, element("li", "", ul));
};

const day = (moment) => {
  // In the site's own time zone, as it is written, not in that of the browser.
  const [date, time] = moment.split("T");
  return `${date} ${time.slice(0, 5)}`;
};

const draw = (notes) => {
  const { scrollTop } = panel;
  panel.replaceChildren();
  if (notes.file) {
    element("h2", "This page", panel);
    const said = element("p", "", panel);
    element("b", plural(notes.words, "word"), said);
    said.append(`, ${plural(notes.minutes, "minute")} to read${notes.state ? `; ${notes.state === "draft" ? "a draft" : notes.state}` : ""}`);
    element("code", notes.file, element("p", "", panel));
  }
  for (const group of notes.numbers) {
    element("h2", group.heading, panel);
    if (group.trouble) element("p", group.trouble, panel);
    const dl = element("dl", "", panel);
    for (const n of group.figures) {
      element("dt", n.label, dl);
      element("dd", n.value, dl);
    }
  }
  list("Findings on this page", notes.findings, (f, li) => {
    prose("b", f.message, li);
    element("p", `line ${f.line}, column ${f.column}`, li);
    if (f.source) element("pre", f.source, li);
    if (f.hint) prose("small", f.hint, li);
  }, panel, "findings");
  list("Findings elsewhere", notes.others, (o, li) => {
    link({ title: o.file || "the site", url: o.url }, li);
    li.append(`: ${o.count}`);
  }, panel);
  if (notes.file) {
    list("Its text leads to", notes.to, (to, li) => link(to, li), panel);
    if (notes.outside) element("p", `${notes.to.length ? "and to" : "Its text leads to"} ${plural(notes.outside, "page")} on other sites`, panel);
    list("Texts that lead here", notes.from, (from, li) => link(from, li), panel);
    if (!notes.from.length) element("p", "No text of the site leads here.", panel);
  }
  for (const [state, heading] of [["draft", "Drafts"], ["scheduled", "Scheduled"], ["expired", "Expired"]]) {
    list(heading, notes.waiting.filter((w) => w.state === state), (w, li) => {
      link(w, li);
      const more = [w.on && day(w.on), w.flags && `start serve with ${w.flags} to see it`].filter(Boolean).join("; ");
      if (more) element("small", ` ${more}`, li);
    }, panel);
  }
  panel.scrollTop = scrollTop;

  const found = notes.findings.length, waiting = notes.waiting.length;
  const said = [notes.file && plural(notes.words, "word"), found && plural(found, "finding"), waiting && `${waiting} waiting`].filter(Boolean);
  button.textContent = said.join(" · ") || "Notes";
  button.toggleAttribute("data-found", found > 0);
};

let asked = 0;

// renew asks for the notes of the page on screen, and shows them.
export const renew = async () => {
  const turn = ++asked;
  let notes;
  try {
    const answer = await fetch(`/_/live/beside?page=${encodeURIComponent(decodeURI(location.pathname))}`, { cache: "no-store" });
    if (!answer.ok) return;
    notes = await answer.json();
  } catch {
    return; // the preview has stopped, or this is no page of it
  }
  if (turn !== asked) return;
  if (!box) build();
  if (!box.isConnected) document.documentElement.append(box);
  draw(notes);
};
