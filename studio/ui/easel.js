// A picture to paint a mask on: what `easel.py` puts into `element`. Gradio runs this once for each easel, after a line
// that says its NAME.
//
// The mask is the alpha of a canvas over the picture, 255 where it is marked. It lives here alone, so that a stroke
// costs nothing but its pixels: `mask()` tells it to the server, `put()` takes what the server made of it.

const MOST_UNDONE = 12; // masks of up to 6.5 MB each
let tool = ""; // the first one, until another is chosen
let size = 4; // of the brush: per cent of the shorter side
let picture, canvas, pen, said; // of the picture that is there now
let before = []; // masks to go back to
let hints = []; // where the product is and where it isn't, as shares of width and height
let answered = []; // those of them that the mask has heard of
let stroke = null;

const find = (selector) => element.querySelector(selector);
const radius = () => Math.max(1, (Math.min(canvas.width, canvas.height) * size) / 200);

const settle = () => {
  // A new picture is there, or none.
  picture = find(".easel-picture");
  canvas = find("canvas");
  said = find(".easel-said");
  before = [];
  hints = answered = [];
  stroke = null;
  if (!canvas) return;
  pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.clearRect(0, 0, canvas.width, canvas.height); // Gradio may have kept the element, and so the last mask
  pen.fillStyle = pen.strokeStyle = canvas.dataset.colour;
  pen.lineCap = pen.lineJoin = "round";
  const slider = find(".easel-size input");
  if (slider) slider.value = size;
  choose(find(`[data-tool="${tool}"]`) ? tool : find("[data-tool]").dataset.tool);
  tell();
  if (find(".select")) setTimeout(() => document.querySelector(`#${NAME}-select-product`)?.click());
};

const choose = (name) => {
  tool = name;
  for (const button of element.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }
  picture.dataset.tool = name;
};

const pixels = () => pen.getImageData(0, 0, canvas.width, canvas.height);
const remember = () => {
  before.push({ pixels: pixels(), hints: answered });
  if (before.length > MOST_UNDONE) before.shift();
};
const undo = () => {
  const last = before.pop();
  if (!last) return;
  pen.putImageData(last.pixels, 0, 0);
  hints = answered = last.hints;
  tell();
};
const clear = () => {
  remember();
  pen.clearRect(0, 0, canvas.width, canvas.height);
  hints = answered = [];
  tell();
};

const tell = () => {
  const { data } = pixels();
  let sum = 0;
  for (let i = 3; i < data.length; i += 4) sum += data[i];
  const share = sum / (255 * canvas.width * canvas.height);
  const percent = share > 0 && share < 0.01 ? "Less than 1%" : `${Math.round(100 * share)}%`;
  said.textContent = sum ? canvas.dataset.said.replace("{share}", percent) : canvas.dataset.nothing;
  find('[data-do="undo"]').disabled = !before.length;
  find(".easel-points").replaceChildren(
    ...hints.map(({ x, y, include }) => {
      const point = document.createElement("li");
      point.className = include ? "include" : "exclude";
      point.style.left = `${100 * x}%`;
      point.style.top = `${100 * y}%`;
      return point;
    })
  );
};

// A stroke, a rectangle or a click, from the finger's or mouse's coming down until it goes up.
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [
    ((event.clientX - box.left) * canvas.width) / box.width,
    ((event.clientY - box.top) * canvas.height) / box.height,
  ];
};
const line = (from, to) => {
  pen.globalCompositeOperation = tool === "eraser" ? "destination-out" : "source-over";
  pen.lineWidth = 2 * radius();
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(to[0] + (from[0] === to[0] && from[1] === to[1] ? 0.01 : 0), to[1]); // a point is a line too
  pen.stroke();
  pen.globalCompositeOperation = "source-over";
};

element.addEventListener("pointerdown", (event) => {
  if (event.target !== canvas || !event.isPrimary || event.button !== 0) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  const at = place(event);
  stroke = { from: at, last: at };
  if (tool === "include" || tool === "exclude") return;
  remember();
  if (tool !== "rectangle") line(at, at);
});
element.addEventListener("pointermove", (event) => {
  if (event.target !== canvas) return;
  hover(event);
  if (!stroke || !event.isPrimary) return;
  if (tool === "rectangle") {
    const [x, y] = place(event);
    pen.putImageData(before.at(-1).pixels, 0, 0);
    pen.fillRect(stroke.from[0], stroke.from[1], x - stroke.from[0], y - stroke.from[1]);
  } else if (tool === "brush" || tool === "eraser") {
    for (const step of event.getCoalescedEvents?.() ?? [event]) {
      const at = place(step);
      line(stroke.last, at);
      stroke.last = at;
    }
  }
});
element.addEventListener("pointerup", (event) => {
  if (!stroke || !event.isPrimary) return;
  const [x, y] = place(event);
  stroke = null;
  if (tool === "include" || tool === "exclude") {
    hints = [...hints, { x: x / canvas.width, y: y / canvas.height, include: tool === "include" }];
    tell();
    document.querySelector(`#${NAME}-select-product`)?.click();
  } else {
    tell();
  }
});
element.addEventListener("pointercancel", () => {
  // Two fingers: the browser zooms, and nothing was meant to be painted.
  if (stroke && tool !== "include" && tool !== "exclude") undo();
  stroke = null;
});

// How large the brush is shows under the mouse.
const hover = (event) => {
  const ring = find(".easel-ring");
  const box = canvas.getBoundingClientRect();
  const across = (2 * radius() * box.width) / canvas.width;
  ring.style.width = ring.style.height = `${across}px`;
  ring.style.left = `${event.clientX - box.left}px`;
  ring.style.top = `${event.clientY - box.top}px`;
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tool], [data-do]");
  if (!button) return;
  if (button.dataset.tool) choose(button.dataset.tool);
  else if (button.dataset.do === "undo") undo();
  else clear();
});
element.addEventListener("input", (event) => {
  if (event.target.matches(".easel-size input")) size = Number(event.target.value);
});
element.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.target.matches("textarea")) {
    event.preventDefault();
    if (canvas) undo();
  }
});

window.easels ??= {};
window.easels[NAME] = {
  /** The mask as a PNG in a data URL, white where it is marked; "" where nothing is. */
  mask: () => {
    if (!canvas) return "";
    const marked = pixels();
    let any = false;
    for (let i = 0; i < marked.data.length; i += 4) {
      const alpha = marked.data[i + 3];
      any ||= alpha > 0;
      marked.data[i] = marked.data[i + 1] = marked.data[i + 2] = alpha;
      marked.data[i + 3] = 255;
    }
    if (!any) return "";
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    copy.getContext("2d").putImageData(marked, 0, 0);
    return copy.toDataURL("image/png");
  },
  hints: () => JSON.stringify(hints),
  /** Takes a mask from the server, as `mask()` gives it, with "#" and the key of its picture at the end. */
  put: async (url) => {
    if (!canvas || !url) return;
    const [source, key] = url.split("#");
    const image = new Image();
    image.src = source;
    await image.decode();
    if (key !== picture?.dataset.key) return; // another picture came meanwhile
    remember();
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const colour = document.createElement("canvas").getContext("2d");
    colour.fillStyle = canvas.dataset.colour;
    colour.fillRect(0, 0, 1, 1);
    const [red, green, blue] = colour.getImageData(0, 0, 1, 1).data;
    const painting = copy.getContext("2d");
    painting.drawImage(image, 0, 0);
    const mask = painting.getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < mask.data.length; i += 4) {
      mask.data[i + 3] = mask.data[i];
      [mask.data[i], mask.data[i + 1], mask.data[i + 2]] = [red, green, blue];
    }
    pen.putImageData(mask, 0, 0);
    answered = hints;
    tell();
  },
};

settle();
watch("value", settle);
