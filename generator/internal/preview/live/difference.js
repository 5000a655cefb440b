// Brings the open page up to date in place. What was served is held beside what
// is served now, and the difference between the two, and nothing else, is done to
// the open page: what scripts and people did to it stays.
import { exchange } from "./files.js";

const isOurs = (node) => node.nodeName === "SCRIPT" && node.getAttribute("src") === "/_/live.js" || node.nodeName === "CARDBOWL-PROBLEMS" || node.nodeName === "CARDBOWL-MARGIN";

// readPage takes our own script out of a page, and reads it.
export const readPage = (html) => {
  const root = new DOMParser().parseFromString(html, "text/html").documentElement;
  const script = root.querySelector('script[src="/_/live.js"]');
  const { run, build } = script?.dataset ?? {};
  script?.remove();
  return { root, run, build: Number(build) };
};

const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
const children = (node) => [...node.childNodes].filter((c) => isElement(c) ? !isOurs(c) : c.nodeType === Node.TEXT_NODE);

// What the parser makes nothing of, or another thing where scripts run.
const isWhole = (node) => ["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT", "IFRAME", "TEXTAREA", "TITLE"].includes(node.nodeName);

const runs = (script) => /^$|^module$|^importmap$|^speculationrules$|(java|ecma)script/i.test((script.getAttribute("type") ?? "").trim());
const scripts = (root) => [...root.querySelectorAll("script, base, template[shadowrootmode]")].filter((s) => s.nodeName !== "SCRIPT" || !isOurs(s) && runs(s)).map((s) => s.outerHTML).join("\n");

// The theme's scripts look after these from the beginning of a page on; other
// scripts may after anything.
const tended = "form, [data-video]";
const isTheme = (script) => /\/assets\/(bowl|search|video)\.[^/]*js$/.test(script.getAttribute("src") ?? "");
const hasStrangers = (root) => [...root.querySelectorAll("script")].some((s) => !isOurs(s) && runs(s) && !isTheme(s));

// Two nodes may be the same one before and after only when their keys are equal.
const keyOf = (node) => {
  if (!isElement(node)) return "#text";
  const named = ["META", "LINK", "INPUT", "SELECT", "TEXTAREA", "BUTTON"].includes(node.nodeName);
  return [node.nodeName, node.id, ...(named ? ["name", "property", "rel", "type"].map((name) => node.getAttribute(name)) : [])].join("|");
};
const textOf = (node) => (isElement(node) ? node.outerHTML : node.data);

const tooMany = 4e6;

// matches pairs the children of two nodes, in order, so that as much as possible
// stays what it is: the common ends first, then the heaviest common subsequence.
const matches = (as, bs) => {
  const a = as.map((n) => ({ n, key: keyOf(n), text: textOf(n) })), b = bs.map((n) => ({ n, key: keyOf(n), text: textOf(n) }));
  const out = [];
  const equal = (x, y) => x.key === y.key && x.text === y.text;
  let from = 0, to = 0;
  while (from < Math.min(a.length, b.length) && equal(a[from], b[from])) out.push([a[from].n, b[from++].n]);
  while (to < Math.min(a.length, b.length) - from && equal(a.at(-1 - to), b.at(-1 - to))) out.push([a.at(-1 - to).n, b.at(-1 - to++).n]);
  const x = a.slice(from, a.length - to), y = b.slice(from, b.length - to);
  if (x.length * y.length > tooMany) {
    for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i].key === y[i].key) out.push([x[i].n, y[i].n]);
    return out;
  }
  const weight = (p, q) => (p.key !== q.key ? 0 : p.key === "#text" && !p.text.trim() ? 1 : p.text === q.text ? 16 : isElement(p.n) && p.n.id ? 8 : 2);
  const width = y.length + 1;
  const best = new Uint32Array((x.length + 1) * width); // from here to the ends
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      const w = weight(x[i], y[j]);
      best[i * width + j] = Math.max(best[(i + 1) * width + j], best[i * width + j + 1], w && w + best[(i + 1) * width + j + 1]);
    }
  }
  for (let i = 0, j = 0; i < x.length && j < y.length;) {
    const w = weight(x[i], y[j]);
    if (w && best[i * width + j] === w + best[(i + 1) * width + j + 1]) out.push([x[i++].n, y[j++].n]);
    else if (best[i * width + j] === best[(i + 1) * width + j]) i++;
    else j++;
  }
  return out;
};

class Unclear extends Error {} // only a reload brings the page up to date

// Served is the open page as it was served.
export class Served {
  #root;
  #open = new WeakMap(); // a node as served → the one of the open page
  #served = new WeakMap(); // and back

  // The page may have been changed by scripts already: what they added is
  // nobody's, and what they took away has no node.
  constructor(root) {
    this.#root = root;
    const pair = (served, open) => {
      this.#know(served, open);
      if (isElement(served) && !isWhole(served)) for (const [a, b] of matches(children(served), children(open))) pair(a, b);
    };
    pair(root, document.documentElement);
  }

  #know(served, open) {
    this.#open.set(served, open);
    this.#served.set(open, served);
  }

  // replaced says that another element stands for one of the open page.
  replaced(open, next) {
    const served = this.#served.get(open);
    if (served) this.#know(served, next);
  }

  // become shows another version of the page. False means that it cannot, and
  // that the open page is now neither the one nor the other.
  become(root) {
    if (scripts(root) !== scripts(this.#root)) return false;
    try {
      this.strangers = hasStrangers(root);
      this.#update(this.#root, root);
    } catch (error) {
      if (error instanceof Unclear) return false;
      throw error;
    }
    this.#root = root;
    return true;
  }

  #update(old, now) {
    const open = this.#open.get(old);
    if (old.isEqualNode(now)) return this.#same(old, now);
    if (!open?.isConnected) throw new Unclear();
    this.#know(now, open);
    if (!isElement(old)) {
      open.data = now.data;
      return;
    }
    this.#attributes(old, now, open);
    if (!isWhole(old)) this.#children(old, now, open);
    else if (old.nodeName === "TEMPLATE") open.innerHTML = now.innerHTML;
    else if (old.textContent !== now.textContent && old.nodeName !== "NOSCRIPT") open.textContent = now.textContent;
  }

  // same hands the nodes of the open page on, where nothing has changed.
  #same(old, now) {
    const open = this.#open.get(old);
    if (open) this.#know(now, open);
    if (!isElement(old) || isWhole(old)) return;
    const olds = children(old), nows = children(now);
    if (olds.length !== nows.length) throw new Unclear(); // a comment between two texts
    olds.forEach((c, i) => this.#same(c, nows[i]));
  }

  #attributes(old, now, open) {
    for (const { name } of old.attributes) if (!now.hasAttribute(name)) open.removeAttribute(name);
    for (const a of now.attributes) if (old.getAttribute(a.name) !== a.value) open.setAttributeNode(a.cloneNode());
  }

  #children(old, now, open) {
    const olds = children(old), nows = children(now);
    const before = new Map(); // of a node as served now: what it was
    for (const [a, b] of matches(olds, nows)) if (!isOtherSheet(a, b)) before.set(b, a);
    const kept = new Set(before.values());
    const leaving = olds.filter((c) => !kept.has(c)).map((c) => this.#open.get(c)).filter(Boolean);
    const sheets = leaving.filter(isSheet);
    for (const node of leaving) if (!isSheet(node)) node.remove();
    let last = null; // of the open page, after which the next one stands
    for (const next of nows) {
      const was = before.get(next);
      if (was) {
        this.#update(was, next);
        last = this.#open.get(next) ?? last;
        if (last && last.parentNode !== open) throw new Unclear();
        continue;
      }
      const made = this.#made(next);
      const sheet = isSheet(next) && sheets.shift();
      if (sheet) exchange(sheet, made);
      else if (last) last.after(made);
      else open.prepend(made);
      last = made;
    }
    for (const sheet of sheets) sheet.remove();
  }

  // made is a new node of the open page.
  #made(next) {
    if (isElement(next) && (this.strangers || next.matches(tended) || next.querySelector(tended))) throw new Unclear();
    const made = document.importNode(next, true);
    const know = (a, b) => {
      this.#know(a, b);
      if (isElement(a) && !isWhole(a)) children(a).forEach((c, i) => know(c, children(b)[i]));
    };
    know(next, made);
    return made;
  }
}

const isSheet = (node) => node.nodeName === "LINK" && /(^|\s)stylesheet(\s|$)/i.test(node.getAttribute("rel") ?? "");
const isOtherSheet = (a, b) => isSheet(a) && a.outerHTML !== b.outerHTML;
