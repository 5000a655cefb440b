// Carries what a person did to a page over a reload: where it was scrolled to,
// what was typed and chosen, what was opened. It is kept for that moment alone.
const name = "cardbowl-live";

const fields = () => [...document.querySelectorAll("input, textarea, select")].filter((f) => !["hidden", "password", "file", "submit", "button", "image", "reset"].includes(f.type));

// Elements have no names of their own: the same one is the nth of its kind.
const keyed = (elements, key) => {
  const seen = {};
  return elements.map((e) => {
    const kind = key(e);
    seen[kind] = (seen[kind] ?? 0) + 1;
    return [`${kind} ${seen[kind]}`, e];
  });
};

const named = () => keyed(fields(), (f) => [f.form?.id ?? "", f.type, f.id || f.name].join(" "));
const folds = () => keyed([...document.querySelectorAll("details")], (d) => d.id || d.querySelector("summary")?.textContent.trim() || "");

const touched = (f) =>
  f.type === "checkbox" || f.type === "radio" ? f.checked !== f.defaultChecked
    : f.options ? [...f.options].some((o) => o.selected !== o.defaultSelected)
      : f.value !== f.defaultValue;

const stateOf = (f) => (f.options ? [...f.options].map((o) => o.selected) : { value: f.value, checked: f.checked });

export const keep = () => {
  const focus = document.activeElement;
  const state = { at: location.href, x: scrollX, y: scrollY, fields: [], folds: [] };
  for (const [key, f] of named()) {
    const it = { key };
    if (f === focus) {
      it.focus = true;
      if (f.selectionStart !== null) it.selection = [f.selectionStart, f.selectionEnd];
    }
    if (touched(f)) it.state = stateOf(f);
    if (it.focus || it.state) state.fields.push(it);
  }
  for (const [key, d] of folds()) state.folds.push([key, d.open]);
  try {
    sessionStorage.setItem(name, JSON.stringify(state));
  } catch {
    // A browser that keeps nothing.
  }
};

export const restore = () => {
  let state = null;
  try {
    state = JSON.parse(sessionStorage.getItem(name));
    sessionStorage.removeItem(name);
  } catch {
    return;
  }
  if (state?.at !== location.href) return;
  const all = new Map(named());
  for (const it of state.fields) {
    const f = all.get(it.key);
    if (!f) continue;
    if (Array.isArray(it.state)) it.state.forEach((selected, i) => f.options?.[i] && (f.options[i].selected = selected));
    else if (it.state) Object.assign(f, f.type === "checkbox" || f.type === "radio" ? { checked: it.state.checked } : { value: it.state.value });
    if (it.focus) {
      f.focus({ preventScroll: true });
      if (it.selection) f.setSelectionRange(...it.selection);
    }
  }
  const opened = new Map(state.folds);
  for (const [key, d] of folds()) if (opened.has(key)) d.open = opened.get(key);
  scrollTo({ left: state.x, top: state.y, behavior: "instant" });
};
