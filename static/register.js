/* Sends the registration without leaving the page, and tells what came of it. Whatever goes wrong here, the form is sent as ever. */
"use strict";

(() => {
  const live = document.createElement("p");
  live.className = "visually-hidden";
  live.setAttribute("role", "status");
  document.body.append(live);

  const focus = (element) => {
    element.tabIndex = -1;
    element.focus();
  };

  /* The answer is a page of ours: its thanks, or its form with what is said about it. Null: neither. */
  const read = (page, answer) => {
    if (answer.redirected && new URL(answer.url).pathname === "/register/thanks") {
      return { thanks: [...page.querySelectorAll("main > *")] };
    }
    const form = page.querySelector("#register form");
    const said = [...page.querySelectorAll("main > .error-summary, main > .notice")];
    /* Too long to be read: the form that came back is empty, ours is not. */
    const keep = answer.status === 413;
    return form && said.length ? { form, said, keep, head: page.querySelector("#register .win-head") } : null;
  };

  const show = (section, result) => {
    if (result.thanks) {
      section.replaceChildren(...result.thanks);
      const title = section.querySelector("h1");
      const heading = document.createElement("h2");
      heading.id = "register-title";
      heading.textContent = title.textContent;
      title.replaceWith(heading);
      live.textContent = heading.textContent;
      focus(heading);
      return;
    }
    for (const old of section.querySelectorAll(".error-summary, .notice")) old.remove();
    const form = section.querySelector("form");
    /* Another campaign may be offered now, under its own name. The level of our heading stays. */
    const title = section.querySelector("#register-title");
    const head = section.querySelector(".win-head");
    if (result.head && title && head) {
      title.textContent = result.head.querySelector("#register-title").textContent;
      head.replaceChildren(title, ...result.head.querySelectorAll("p"));
    }
    form.replaceWith(...result.said, result.keep ? form : result.form);
    for (const one of result.said) one.removeAttribute("role"); /* told once, by `live` */
    live.textContent = result.said.map((one) => one.textContent.trim().replace(/\s+/g, " ")).join(" ");
    focus(result.said[0]);
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const section = form.closest("#register");
    if (!section || form.getAttribute("action") !== "/register") return;
    event.preventDefault();
    if (form.getAttribute("aria-busy")) return;
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch("/register", {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        signal: AbortSignal.timeout(15000),
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const result = read(page, answer);
      if (!result) throw new Error("not an answer of ours");
      show(section, result);
    } catch {
      form.submit();
    }
  });
})();
