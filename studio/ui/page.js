() => {
  // Small pictures are redrawn a moment after the last key, paste or slider movement, not for each of them.
  const PAUSE = 150; // milliseconds
  let waiting;
  const previewSoon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => document.querySelector("#preview-now")?.click(), PAUSE);
  };
  const previewNever = () => clearTimeout(waiting);
  document.addEventListener("input", (event) => {
    if (event.target.closest("#prompt, #seed, #studio .control")) previewSoon();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#dice, #let-go")) previewSoon();
    if (!event.target.closest("#generate, #surprise, .example")) return;
    previewNever(); // the grid is on its way
    if (matchMedia("(max-width: 900px)").matches) {
      document.querySelector("#stage").scrollIntoView({ behavior: "smooth" }); // it lies below the words on a phone
    }
  });

  // Enter in the prompt generates, and so does Ctrl or Cmd with Enter from anywhere. While an input method is
  // composing (Chinese, Japanese), Enter belongs to it.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    const inPrompt = event.target.matches("#prompt textarea, #prompt input, #restyle-prompt textarea");
    if (event.ctrlKey || event.metaKey || (inPrompt && !event.shiftKey)) {
      event.preventDefault();
      event.stopPropagation();
      const main = [...document.querySelectorAll("#generate, .actions .primary")];
      main.find((button) => button.offsetParent)?.click(); // that of the tab that is open
    }
  }, true);

  // A picture may be dropped anywhere on the page.
  const carriesFile = (event) => event.dataTransfer.types.includes("Files"); // and not a word to put into the prompt
  document.addEventListener("dragover", (event) => {
    if (carriesFile(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFile(event) || event.target.closest("#restore, .photo-drop")) return;
    event.preventDefault();
    const boxes = [...document.querySelectorAll("#restore input[type=file], .photo-drop input[type=file]")];
    const input = boxes.find((box) => box.closest(".block").offsetParent); // that of the tab that is open
    if (!input) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // The library: what is ticked there stays ticked while pages and searches come and go.
  const ticked = new Set();
  const count = () => {
    const actions = document.querySelector("#library-actions");
    const words = document.querySelector("#library-count");
    if (!actions || !words) return;
    actions.classList.toggle("some", ticked.size > 0);
    words.textContent = ticked.size ? `${ticked.size} ticked` : "";
  };
  const tick = () => {
    for (const box of document.querySelectorAll("#library-grid .tick input")) box.checked = ticked.has(box.value);
    count();
  };
  window.library = {
    opened: "",
    ticked: () => [...ticked],
    untick: () => {
      ticked.clear();
      tick();
    },
  };
  document.addEventListener("change", (event) => {
    if (!event.target.matches("#library-grid .tick input")) return;
    if (event.target.checked) ticked.add(event.target.value);
    else ticked.delete(event.target.value);
    count();
  });
  document.addEventListener("click", (event) => {
    const open = event.target.closest("#library-grid .open");
    if (!open) return;
    window.library.opened = open.dataset.sha256;
    document.querySelector("#library-open").click();
    document.querySelector("#library-said").scrollIntoView({ behavior: "smooth", block: "start" });
  });
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => target.closest?.("#library-grid"))) tick();
  }).observe(document.body, { childList: true, subtree: true });

  // Somebody may have typed while the page was still loading.
  if (document.querySelector("#prompt textarea")?.value) previewSoon();
}
