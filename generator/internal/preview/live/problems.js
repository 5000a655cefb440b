// What keeps the site from being built, over the last good page.
import { element, sheet } from "./elements.js";

const style = sheet(`
  :host { all: initial; }
  section { position: fixed; inset: 0; z-index: 2147483647; overflow: auto; box-sizing: border-box;
    padding: clamp(1rem, 5vw, 4rem); background: rgb(20 16 12 / .86); backdrop-filter: blur(.5rem); color: #f6efe2;
    font: 1rem/1.5 system-ui, sans-serif; }
  div { max-width: 52rem; margin: 0 auto; }
  h1 { font-size: 1.35rem; margin: 0 0 .25rem; }
  p { margin: 0 0 1rem; color: #d9cdb8; }
  article { margin: 0 0 1rem; padding: 1rem 1.25rem; border-left: .3rem solid #e2725b; border-radius: .3rem; background: #2a231c; }
  h2 { margin: 0; font: 600 .9rem/1.5 ui-monospace, monospace; color: #f2b8a8; overflow-wrap: anywhere; }
  b { display: block; margin: .25rem 0; font-weight: 600; overflow-wrap: anywhere; }
  pre { margin: .75rem 0 0; padding: .75rem; overflow-x: auto; border-radius: .25rem; background: #14100c;
    font: .875rem/1.4 ui-monospace, monospace; }
  i { display: block; margin-top: .75rem; color: #e8c987; font-style: normal; overflow-wrap: anywhere; }
  button { float: right; padding: .4rem .8rem; border: 1px solid #8d7f6b; border-radius: .3rem; background: none; color: inherit; font: inherit; cursor: pointer; }`);

let over = null;
let before = null; // what had the focus

export const hide = () => {
  if (!over) return;
  over.remove();
  over = null;
  if (document.activeElement === document.body) before?.focus?.({ preventScroll: true });
  before = null;
};

// A problem is its position, message, hint, and the line with the column of it.
export const show = (problems) => {
  const focus = over ? before : document.activeElement;
  over?.remove();
  before = focus;
  over = document.createElement("cardbowl-problems");
  const shadow = over.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [style];
  const section = element("section", "", shadow);
  section.setAttribute("role", "alertdialog");
  section.setAttribute("aria-label", "The site could not be built");
  const box = element("div", "", section);
  const close = element("button", "Look at the page", box);
  close.addEventListener("click", hide);
  section.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  element("h1", "The site could not be built", box);
  element("p", "What you see behind this is the last good page. It goes on by itself once this is mended.", box);
  for (const problem of problems) {
    const article = element("article", "", box);
    if (problem.position) element("h2", problem.position, article);
    element("b", problem.message, article);
    if (problem.source) {
      const caret = [...problem.source].slice(0, problem.column - 1).map((c) => (c === "\t" ? c : " ")).join("") + "^";
      element("pre", problem.source + "\n" + caret, article);
    }
    if (problem.hint) element("i", problem.hint, article);
  }
  document.documentElement.append(over); // not in the body, which is the site's
  close.focus({ preventScroll: true });
};
