// Shows the next build of the site by itself, and a failed one as a panel over
// the last good page. Only the preview adds this script, to responses.
(() => {
  const { run, build: served, always } = document.currentScript.dataset;
  const foreign = always !== undefined; // the page is none of the site's
  let build = Number(served);

  const here = () => {
    const path = decodeURI(location.pathname).replace(/index\.html$/, "");
    return path;
  };

  // Pictures and styles may be on any page; feeds and the sitemap are on none.
  const concerns = (changed) =>
    foreign || changed.some((path) => path === here() || !/(\/|\.(xml|json|txt))$/.test(path));

  let panel = null;
  const hide = () => {
    panel?.remove();
    panel = null;
  };

  const element = (name, text, parent) => {
    const e = document.createElement(name);
    if (text) e.textContent = text;
    parent.append(e);
    return e;
  };

  const style = `
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
    button { float: right; padding: .4rem .8rem; border: 1px solid #8d7f6b; border-radius: .3rem; background: none; color: inherit; font: inherit; cursor: pointer; }`;

  const show = (problems) => {
    hide();
    panel = document.createElement("cardbowl-problems");
    const shadow = panel.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    shadow.adoptedStyleSheets = [sheet];
    const section = element("section", "", shadow);
    section.setAttribute("role", "alertdialog");
    section.setAttribute("aria-label", "The site could not be built");
    const box = element("div", "", section);
    const close = element("button", "Look at the page", box);
    close.addEventListener("click", hide);
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
    document.body.append(panel);
    close.focus({ preventScroll: true });
  };

  const take = (event) => JSON.parse(event.data);
  const seen = () => document.visibilityState === "visible";
  let events = null;
  let stale = false; // a build passed this page by

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
      stale ||= run !== state.run || build !== state.build;
      if (stale && (foreign || !problems.length)) return location.reload();
      build = state.build;
      if (problems.length && !foreign) show(problems);
    });
    events.addEventListener("built", (event) => {
      const state = take(event);
      build = state.build;
      hide();
      if (stale || concerns(state.changed ?? [])) location.reload();
    });
    events.addEventListener("failed", (event) => {
      const state = take(event);
      build = state.build;
      if (foreign) location.reload();
      else show(state.problems);
    });
  };

  const look = () => (seen() ? wake() : sleep());
  addEventListener("pagehide", sleep);
  addEventListener("pageshow", look);
  document.addEventListener("visibilitychange", look);
  look();
})();
