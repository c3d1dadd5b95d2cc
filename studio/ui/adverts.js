// The Adverts tab: looks again a moment after the form was changed, and keeps what is ticked among finished adverts.
// Gradio runs this once, with the grid as `element`.

const PAUSE = 250; // milliseconds
let waiting;
const lookSoon = () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => document.querySelector("#adverts-look")?.click(), PAUSE);
};
// Words, sliders and ticks are "input"; what is chosen in a list is a click or a key.
for (const kind of ["input", "change", "click", "keyup"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("#adverts > .words");
    if (!form || event.target.closest(".actions, #adverts-kit-form")) return;
    const matters = kind === "input" || kind === "change" || event.target.closest("[role=listbox], [role=option], .token-remove");
    if (matters) lookSoon();
  });
}

const ticked = new Set();
const tell = () => {
  for (const box of element.querySelectorAll(".tick input")) box.checked = ticked.has(box.value);
  const words = document.querySelector("#adverts-count");
  if (words) words.textContent = ticked.size ? `${ticked.size} ticked` : "Tick the winners.";
};
window.adverts = { ticked: () => [...ticked] };
element.addEventListener("change", (event) => {
  if (!event.target.matches(".tick input")) return;
  if (event.target.checked) ticked.add(event.target.value);
  else ticked.delete(event.target.value);
  tell();
});
new MutationObserver(tell).observe(element, { childList: true, subtree: true });
