// Counts how far a reader comes, and sends a card without leaving the page.
// Nothing is kept in the browser; without this file forms work as well.
(() => {
  const root = document.currentScript.dataset.tracker + "/_/";
  const post = (url, more) => fetch(url, { method: "POST", credentials: "omit", ...more });

  const tell = (t, more) => {
    // The tracker counts its own pages itself.
    if (location.pathname.startsWith("/_/")) return;
    const body = JSON.stringify({ t, p: location.pathname, ...more });
    post(root + "e", { body, keepalive: true }).catch(() => {});
  };

  // Not randomUUID, which is missing where the page came over plain http.
  const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

  const put = (form, name, value) => {
    const hidden = form.querySelector(`[name=${name}]`) || document.createElement("input");
    form.append(Object.assign(hidden, { type: "hidden", name, value }));
  };

  const thank = (form, status) => {
    const done = form.querySelector(`[data-done="${status}"]`) || form.querySelector("[data-done]");
    for (const part of form.children) part.hidden = part != done && part.className != "bowl-title";
    done.focus();
  };

  const forget = (form) => {
    for (const part of form.querySelectorAll(".bowl-error, .bowl-wrong, [aria-invalid]")) {
      if (part.className == "bowl-error") part.remove();
      part.classList.remove("bowl-wrong");
      part.removeAttribute("aria-invalid");
      part.removeAttribute("aria-describedby");
    }
  };

  const complain = (form, errors) => {
    for (const [name, messages] of Object.entries(errors)) {
      let field = form.querySelector(`[name="${CSS.escape(name)}"]:not([type=hidden])`);
      const part = field ? field.closest("p") : form.querySelector(".bowl-send");
      const note = document.createElement("span");
      note.className = "bowl-error";
      note.id = `${form.id}-${name}-error`;
      note.textContent = messages.join(" ");
      part.append(note);
      if (field) {
        field = field.closest("[role=radiogroup]") || field;
        part.classList.add("bowl-wrong");
        field.setAttribute("aria-invalid", true);
        field.setAttribute("aria-describedby", note.id);
      } else note.setAttribute("role", "alert");
    }
    const first = form.querySelector("[aria-invalid]");
    if (first) (first.querySelector("input") || first).focus();
  };

  const tend = (form) => {
    const told = {};
    const step = (t) => {
      if (!told[t]) tell(t, { f: form.dataset.form, l: form.dataset.placement });
      told[t] = true;
    };

    form.addEventListener("input", (e) => {
      // Who writes has seen it.
      if (e.target.name[0] != "_") step("form_view"), step("form_start");
    });

    form.addEventListener(
      "focusin",
      async () => {
        try {
          const answer = await fetch(`${root}t?f=${form.dataset.form}`, { credentials: "omit" });
          if (answer.status == 200) put(form, "_token", await answer.text());
        } catch {
          // It is only needed where very many write at once.
        }
      },
      { once: true },
    );

    let text, key;
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      forget(form);
      const body = new URLSearchParams(new FormData(form));
      body.delete("_key");
      const token = body.get("_token");
      body.delete("_token");
      if (text != (text = "" + body)) key = newKey();
      body.set("_key", key);
      if (token) body.set("_token", token);
      const button = form.querySelector("[type=submit]");
      button.disabled = true;
      try {
        const answer = await post(form.getAttribute("action"), {
          body,
          headers: { Accept: "application/json" },
          signal: AbortSignal.timeout(20000),
        });
        const { status, errors } = await answer.json();
        if (answer.status == 202) thank(form, status);
        else if (answer.status == 422) complain(form, errors);
        else throw answer;
      } catch {
        // The browser's own way loses no text; with the key it counts once.
        put(form, "_key", key);
        // form.submit may be a field.
        HTMLFormElement.prototype.submit.call(form);
      } finally {
        button.disabled = false;
      }
    });

    let timer;
    const watch = (enough) => {
      if (enough) timer ||= setTimeout(step, 1000, "form_view");
      else timer = clearTimeout(timer);
    };
    // Fine steps: half of a form taller than the screen may never be in view.
    const watcher = new IntersectionObserver(
      (entries) => {
        const { intersectionRect: seen, boundingClientRect: all, isIntersecting } = entries.pop();
        watch(isIntersecting && seen.height * 2 >= Math.min(all.height, innerHeight));
      },
      { threshold: [...Array(21).keys()].map((n) => n / 20) },
    );
    return (awake) => {
      watcher.disconnect();
      watch(false);
      if (awake) watcher.observe(form);
    };
  };

  const forms = [...document.querySelectorAll("form[data-form]")].map(tend);
  let viewed;
  const look = () => {
    const awake = document.visibilityState == "visible" && !document.prerendering;
    if (awake && !viewed) {
      viewed = true;
      tell("page_view", { r: document.referrer, q: location.search });
    }
    for (const show of forms) show(awake);
  };
  document.addEventListener("visibilitychange", look);
  document.addEventListener("prerenderingchange", look);
  look();
})();
