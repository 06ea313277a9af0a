/* Asks which ads stand in the slots that come near, shows them where the publisher's own stand, and tells which were seen:
   half of one for a second. Whatever goes wrong here, the publisher's own stays. Nothing is kept, and nothing says who reads. */
"use strict";

(() => {
  const WIDE = "(min-width: 48em)"; /* as in site.css */
  const shown = [];
  let queue = Promise.resolve();

  const make = (name, facts, ...children) => {
    const made = Object.assign(document.createElement(name), facts);
    made.append(...children);
    return made;
  };

  const told = (box, token) => {
    let timer = 0;
    let inView = false;
    const judge = () => {
      if (inView && document.visibilityState === "visible") {
        timer ||= setTimeout(tell, 1000);
      } else {
        clearTimeout(timer);
        timer = 0;
      }
    };
    const observer = new IntersectionObserver(
      (entries) => {
        inView = entries.at(-1).intersectionRatio >= 0.5;
        judge();
      },
      { threshold: 0.5 },
    );
    const tell = () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", judge);
      navigator.sendBeacon("/ads/viewed", new URLSearchParams({ token }));
    };
    document.addEventListener("visibilitychange", judge);
    observer.observe(box);
  };

  const image = ({ file, width, height }, alt) => make("img", { width, height, alt, src: `/media/${file}` });

  const show = async (slot, ad) => {
    const box = slot.querySelector(".ad-box");
    const link = make("a", { href: ad.click, rel: "sponsored noopener" });
    const { "728x90": wide, ...others } = ad.pictures;
    const [small] = Object.values(others);
    const picture = small || wide ? make("picture", {}, image(small || wide, ad.headline ? "" : ad.alt)) : null;
    if (picture && small && wide && !ad.headline) {
      picture.prepend(make("source", { media: WIDE, srcset: `/media/${wide.file}`, width: wide.width, height: wide.height }));
    }
    /* Only what has arrived is shown; a picture that does not come throws here. */
    await picture?.lastChild.decode();
    if (box.contains(document.activeElement)) return;
    link.append(...(picture ? [picture] : []));
    if (ad.headline) {
      link.className = "ad-text";
      link.append(make("span", {}, make("b", { textContent: ad.headline }), " ", ad.text || ""));
    }
    box.replaceChildren(link);
    told(box, ad.token);
  };

  const ask = async (slots) => {
    const wanted = new URLSearchParams({
      slots: slots.map((slot) => slot.dataset.ad),
      section: slots[0].dataset.section,
      shown,
      room: matchMedia(WIDE).matches ? 728 : 320,
    });
    const ads = await (await fetch(`/ads/decide?${wanted}`, { signal: AbortSignal.timeout(8000) })).json();
    for (const slot of slots) {
      const ad = ads[slot.dataset.ad];
      if (!ad) continue;
      shown.push(ad.id);
      show(slot, ad).catch(() => {});
    }
  };

  /* A screen ahead of the reader. Those that come near together are asked for together, one request after the other. */
  const near = new IntersectionObserver(
    (entries) => {
      const slots = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
      for (const slot of slots) near.unobserve(slot);
      if (slots.length) queue = queue.then(() => ask(slots)).catch(() => {});
    },
    { rootMargin: "100% 0px" },
  );

  /* Not while the page is fetched ahead or stands in a tab that nobody has looked at. */
  const waiting = new AbortController();
  const start = () => {
    if (document.prerendering || document.visibilityState !== "visible") return;
    waiting.abort();
    for (const slot of document.querySelectorAll("[data-ad]")) near.observe(slot);
  };
  document.addEventListener("visibilitychange", start, waiting);
  document.addEventListener("prerenderingchange", start, waiting);
  start();
})();
