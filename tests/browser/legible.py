"""Whether the texts inside charts can be read: none is cut off, none lies on another."""

from __future__ import annotations

import time

from playwright.sync_api import Page

FAULTS = """() => {
    const faults = [];
    const inside = (box, outer, slack) =>
        box.left >= outer.left - slack && box.right <= outer.right + slack &&
        box.top >= outer.top - slack && box.bottom <= outer.bottom + slack;
    const clip = node => {
        const group = node.closest('[clip-path]');
        const id = group?.getAttribute('clip-path').match(/#([^)'"]+)/)?.[1];
        const shape = id && document.getElementById(id)?.firstElementChild;
        if (!shape) return null;
        const {x, y, width, height} = shape.getBBox(), place = group.getScreenCTM();
        const a = new DOMPoint(x, y).matrixTransform(place);
        const b = new DOMPoint(x + width, y + height).matrixTransform(place);
        return {left: a.x, top: a.y, right: b.x, bottom: b.y};
    };
    // of a line's height the letters take about the middle two thirds
    const letters = node => {
        const box = node.getBoundingClientRect(), upright = Math.abs(node.getScreenCTM().b) > 0.5;
        const thin = (upright ? box.width : box.height) / (6 * (node.children.length || 1));
        const [across, down] = upright ? [thin, 0] : [0, thin];
        return {text: node.textContent, left: box.left + across, right: box.right - across,
                top: box.top + down, bottom: box.bottom - down};
    };
    const charts = document.querySelectorAll('[data-testid=stVegaLiteChart]');
    charts.forEach((chart, number) => {
        const svg = chart.querySelector('svg');
        if (!svg || !chart.checkVisibility()) return;
        const name = `chart ${number + 1} (${(chart.ariaLabel ?? '').slice(0, 50)})`;
        const outer = svg.getBoundingClientRect(), frame = chart.getBoundingClientRect();
        const texts = [...svg.querySelectorAll('text')].filter(node => node.textContent.trim() &&
            node.checkVisibility({opacityProperty: true}));
        const boxes = texts.map(letters);
        texts.forEach((node, k) => {
            for (const [what, edge] of [['picture', outer], ['frame', frame], ['clip', clip(node)]])
                if (edge && !inside(boxes[k], edge, 1)) {
                    const by = [edge.left - boxes[k].left, boxes[k].right - edge.right,
                                edge.top - boxes[k].top, boxes[k].bottom - edge.bottom];
                    faults.push(`${name}: "${node.textContent}" is cut off at its ${what}, ` +
                        `by ${by.map(n => Math.max(0, n).toFixed(1))} px`);
                    return;
                }
        });
        boxes.forEach((a, k) => boxes.slice(k + 1).forEach(b => {
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            const halo = a.text === b.text && Math.abs(a.left - b.left) < 1 &&
                Math.abs(a.top - b.top) < 1;
            if (wide > 1 && high > 1 && !halo)
                faults.push(`${name}: "${a.text}" and "${b.text}" overlap, ` +
                    `${wide.toFixed(1)} x ${high.toFixed(1)} px`);
        }));
    });
    return faults;
}"""


def illegible(page: Page, patience: float = 5.0) -> list[str]:
    """What cannot be read in the page's charts, as sentences.

    Charts follow a new width a little later, so what is found is looked at again for some seconds.
    """
    end = time.monotonic() + patience
    found: list[str] = page.evaluate(FAULTS)
    while found and time.monotonic() < end:
        page.wait_for_timeout(200)
        found = page.evaluate(FAULTS)
    return found
