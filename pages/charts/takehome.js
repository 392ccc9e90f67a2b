// Draws the view again: `page` has its charts and parts in their order, `parts` the parts' functions.
const main = document.querySelector("main");
let lanes = null, lane = null, name = null;

function place(item) {
  if (!item.lane) {
    lanes = name = null;
    return main;
  }
  if (!lanes) {
    lanes = document.createElement("div");
    lanes.className = "lanes";
    main.append(lanes);
  }
  if (item.lane !== name) {
    lane = document.createElement("section");
    lanes.append(lane);
    name = item.lane;
  }
  return lane;
}

function draw(item, number) {
  const node = document.createElement(item.spec ? "figure" : "div");
  place(item).append(node);
  if (item.spec) {
    vegaEmbed(node, item.spec, {
      renderer: "svg",
      actions: { export: true, source: false, compiled: false, editor: false },
      i18n: page.menu,
      downloadFileName: `${page.name}-${number + 1}`,
    });
    return;
  }
  node.className = `part ${item.part}-part`;
  if (item.data.name && item.lane) {
    node.append(document.createElement("h2"));
    node.firstChild.textContent = item.data.name;
  }
  node.insertAdjacentHTML("beforeend", page.parts[item.part]);
  parts[item.part]({ parentElement: node, data: item.data });
}

// A text that is laid out before its font is there may keep the boxes that stood in for it.
Promise.allSettled([...document.fonts].map(font => font.load())).then(() => {
  document.body.hidden = false;
  page.items.forEach(draw);
});
