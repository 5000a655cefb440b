// Renews the files of the open page that are no page themselves.
const pathOf = (address) => {
  try {
    const url = new URL(address, document.baseURI);
    return url.origin === location.origin ? decodeURIComponent(url.pathname) : "";
  } catch {
    return "";
  }
};

performance.setResourceTimingBufferSize(5000);

// asked are the files that the page's styles and scripts have asked for, and
// that no element names.
const asked = () => {
  const out = new Set();
  for (const entry of performance.getEntriesByType("resource")) {
    if (!["img", "link", "image", "input", "video", "audio", "iframe"].includes(entry.initiatorType)) out.add(pathOf(entry.name));
  }
  return out;
};

// renew asks again for those of the changed files that the page shows. False
// means that only a reload shows them. served is told of replaced elements.
export const renew = (changed, build, served) => {
  if (!changed.size) return true;
  const again = (address) => {
    const url = new URL(address, document.baseURI);
    url.searchParams.set("build", build);
    return url.pathname + url.search + url.hash;
  };
  for (const link of document.querySelectorAll("link[rel~=stylesheet][href]")) {
    const path = pathOf(link.getAttribute("href"));
    if (!changed.has(path)) continue;
    const next = link.cloneNode();
    next.removeAttribute("integrity");
    next.href = again(link.getAttribute("href"));
    exchange(link, next);
    served?.replaced(link, next);
    changed.delete(path);
  }
  const shown = new Set();
  for (const element of document.querySelectorAll("[src], [srcset], [poster], link[rel~=icon]")) {
    if (element.localName === "script" || element.localName === "iframe") continue;
    for (const name of ["src", "poster", "href"]) {
      const address = element.getAttribute(name);
      if (!address || !changed.has(pathOf(address))) continue;
      element.setAttribute(name, again(address));
      shown.add(pathOf(address));
    }
    const set = element.getAttribute("srcset");
    if (!set) continue;
    const renewed = set.trim().split(/,\s+/).map((candidate) => {
      const [address, ...size] = candidate.trim().split(/\s+/);
      if (!changed.has(pathOf(address))) return candidate;
      shown.add(pathOf(address));
      return [again(address), ...size].join(" ");
    }).join(", ");
    if (shown.size && renewed !== set) element.setAttribute("srcset", renewed);
  }
  const loaded = asked();
  return ![...changed].some((path) => !shown.has(path) && loaded.has(path));
};

// exchange puts a stylesheet in the place of another, which goes only when the
// new one is there: the page is never without.
export const exchange = (link, next) => {
  const gone = () => link.remove();
  next.addEventListener("load", gone);
  next.addEventListener("error", gone);
  link.after(next);
};
