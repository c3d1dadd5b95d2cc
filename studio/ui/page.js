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

  // Gradio's slider between before and after knows mouse and fingers alone: it gets a name and the arrow keys.
  const STEP = 0.05; // of the picture's width, a key
  const shareOf = (handle) => {
    const [line, picture] = [handle, handle.closest(".slider-wrap")].map((part) => part.getBoundingClientRect());
    return { share: (line.left + line.width / 2 - picture.left) / picture.width, picture };
  };
  const say = (handle) => handle.setAttribute("aria-valuenow", Math.round(100 * shareOf(handle).share));
  const nameSliders = () => {
    for (const handle of document.querySelectorAll(".workbench .slider-wrap .outer:not([role=slider])")) {
      const named = { role: "slider", tabindex: 0, "aria-label": "Where before ends and after begins", "aria-valuemin": 0, "aria-valuemax": 100 };
      for (const [name, value] of Object.entries(named)) handle.setAttribute(name, value);
      say(handle);
      const [before, after] = handle.closest(".slider-wrap").querySelectorAll("img");
      if (after) [before.alt, after.alt] = ["Before", "After"];
    }
  };
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches(".slider-wrap .outer")) say(target);
  });
  document.addEventListener("keydown", (event) => {
    const handle = event.target;
    if (!handle.matches(".slider-wrap .outer") || event.ctrlKey || event.metaKey || event.altKey) return;
    const { share, picture } = shareOf(handle);
    const moved = { ArrowLeft: share - STEP, ArrowRight: share + STEP, Home: 0, End: 1 }[event.key];
    if (moved === undefined) return;
    event.preventDefault();
    const at = (x) => ({ view: window, bubbles: true, clientX: picture.left + x * picture.width, clientY: picture.top + 1 });
    handle.dispatchEvent(new MouseEvent("mousedown", at(share)));
    window.dispatchEvent(new MouseEvent("mousemove", at(Math.min(1, Math.max(0, moved)))));
    window.dispatchEvent(new MouseEvent("mouseup", at(moved)));
    setTimeout(() => say(handle), 50); // when it is where it goes
  });
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => target.closest?.(".results, #enhance-preview"))) nameSliders();
  }).observe(document.body, { childList: true, subtree: true });

  // Somebody may have typed while the page was still loading.
  if (document.querySelector("#prompt textarea")?.value) previewSoon();
}
