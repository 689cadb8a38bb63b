(() => {
  const shown = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
  const words = (text) => (text || "").trim().replace(/\s+/g, " ").replace(/ (?=[,.?])/g, "");
  const nameOf = (e) =>
    words(e.getAttribute("aria-label") || e.innerText || e.labels?.[0]?.innerText || (e.type === "submit" && e.value));
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  return {
    nameOf,
    control: (name) =>
      all("a[href], button, summary, input[type=submit], [role=button], label").find((e) => nameOf(e) === name),
    field: (name) => all("input, select, textarea").find((e) => nameOf(e) === name),
    center: (e) => {
      if (!e) return null;
      e.scrollIntoView({ block: "center", behavior: "instant" });
      const box = e.getClientRects()[0];
      return [box.x + box.width / 2, box.y + box.height / 2];
    },
  };
})()
