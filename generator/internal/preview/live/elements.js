// Small things for what is laid over the page, in a shadow of its own.
export const element = (name, text, parent) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  parent.append(made);
  return made;
};

export const sheet = (rules) => {
  const made = new CSSStyleSheet();
  made.replaceSync(rules); // allowed where a policy forbids a style element
  return made;
};
