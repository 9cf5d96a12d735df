"""The figure of a run in a browser: bytes sent, time until it is drawn, and frames per second while the pointer moves.

python -m benchmarks.network_figure

Prints a table and, as its last line, the same as JSON. Needs Playwright and Chromium (requirements-dev.txt).
"""

import json
import shutil
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.startup import served

PAGES = ("masked_bytes", "sentiment", "image_classification")
MOST_BYTES, FRAMES = 500_000, 55
"""Targets: bytes of the figure, and frames per second; a browser draws 60."""
SECONDS = 3
FRAMES_WHILE_POINTING = """async ([seconds]) => {
  const cells = [...document.querySelectorAll(".network .cell")];
  const began = performance.now();
  let frames = 0;
  while (performance.now() - began < 1000 * seconds) {
    cells[frames % cells.length].dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return frames / (performance.now() - began) * 1000;
}"""
"""Points at another cell in each frame."""


def measured(page: Page, address: str) -> dict[str, float]:
    page.goto(address)
    page.wait_for_selector(".answered", timeout=120_000)
    answered = page.evaluate("performance.now()")
    figure = page.locator(".network")
    if not figure.is_visible():
        page.locator("[id$=network-details] button").first.click()
    page.wait_for_selector(".network-bands path", state="attached")
    return {
        "bytes": len(figure.evaluate("figure => figure.outerHTML").encode()),
        "answered": answered / 1000,
        "drawn": page.evaluate("performance.now()") / 1000,
        "frames": page.evaluate(FRAMES_WHILE_POINTING, [SECONDS]),
    }


def report(found: dict[str, dict[str, Any]]) -> None:
    print("| page | figure, KB | answer, s after opening | figure, s after opening | frames per second |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, each in found.items():
        seconds = f"{each['answered']:.2f} | {each['drawn']:.2f}"
        print(f"| {name} | {each['bytes'] / 1000:.0f} | {seconds} | {each['frames']:.0f} |")
    met = all(each["bytes"] < MOST_BYTES and each["frames"] >= FRAMES for each in found.values())
    print(f"\ntargets, {MOST_BYTES // 1000} KB and {FRAMES} frames per second: {'met' if met else 'missed'}")


def main() -> None:
    with sync_playwright() as playwright, served() as (address, _):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(2):  # the first time, the models are loading
            found = {name: measured(browser.new_page(), f"{address}{name}") for name in PAGES}
        browser.close()
    report(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
