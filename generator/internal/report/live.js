// Brings the open report up to date, without loading it again: what is typed,
// chosen and opened stays. Only a report that is looked at asks.
const every = Number(document.querySelector('script[src="/_/report/live.js"]').dataset.every) * 1000;

const renew = async () => {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch(location.href, { cache: "no-store", redirect: "error" });
  if (!answer.ok) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = now.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next || next.innerHTML === part.innerHTML) continue;
    const at = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceChildren(...document.importNode(next, true).childNodes);
    if (at !== null) [...part.querySelectorAll("a")].find((a) => a.getAttribute("href") === at)?.focus({ preventScroll: true });
  }
};

// One question after the other; a tracker that is away is asked again.
const again = () => setTimeout(() => renew().catch(() => {}).then(again), every);
again();
