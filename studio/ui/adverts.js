// The Adverts tab: looks again a moment after the form was changed, and keeps what is ticked among finished adverts.
// Gradio runs this once, with what says the number of adverts as `element`.

const page = element.closest("#adverts");
const PAUSE = 250; // milliseconds
let waiting;
const lookSoon = () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => document.querySelector("#adverts-look")?.click(), PAUSE);
};
// Words, sliders and ticks are "input"; what is chosen in a list is a click or a key.
for (const kind of ["input", "change", "click", "keyup"]) {
  page.addEventListener(kind, (event) => {
    if (!event.target.closest(".words") || event.target.closest(".actions, #adverts-kit-form, .stage")) return;
    const matters = kind === "input" || kind === "change" || event.target.closest("[role=listbox], [role=option], .token-remove");
    if (matters) lookSoon();
  });
}

const ticked = new Set();
const tell = () => {
  for (const box of page.querySelectorAll("#adverts-grid .tick input")) box.checked = ticked.has(box.value);
  const words = document.querySelector("#adverts-count");
  if (words) words.textContent = ticked.size ? `${ticked.size} ticked` : "Tick the winners.";
};
window.adverts = { ticked: () => [...ticked] };
page.addEventListener("change", (event) => {
  if (!event.target.matches("#adverts-grid .tick input")) return;
  if (event.target.checked) ticked.add(event.target.value);
  else ticked.delete(event.target.value);
  tell();
});
new MutationObserver((changes) => {
  if (changes.some(({ target }) => target.closest?.("#adverts-grid"))) tell();
}).observe(page, { childList: true, subtree: true });
