// The whole of the page script: enhancement only, every page works without it.
document.documentElement.classList.add("js");

const say = (words) => {
  const live = document.getElementById("live");
  if (live) live.textContent = words;
};

const copy = async (button) => {
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-label]");
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    label.textContent = "Copied";
    say("Copied to the clipboard");
    setTimeout(() => { label.textContent = "Copy"; }, 2000);
  } catch {
    getSelection().selectAllChildren(source);
    say("Selected. Press Ctrl or Command and C to copy");
  }
};

const reveal = (button) => {
  const input = document.getElementById(button.dataset.reveal);
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  button.querySelector("[data-label]").textContent = show ? "Hide" : "Show";
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-reveal]");
  if (!button) return;
  if (button.dataset.copy) copy(button); else reveal(button);
});

// A password is hidden again before it is sent, so that the browser does not keep it as the text of a field.
document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("[data-reveal]")) {
    if (document.getElementById(button.dataset.reveal).type === "text") reveal(button);
  }
});

document.querySelector("[data-focus]")?.focus();
