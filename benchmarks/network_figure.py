"""The figure of a run in a browser: bytes sent, time until it is drawn, and frames per second while the pointer moves.
Then the time of each intervention, next to that of as many runs with transformers.

python -m benchmarks.network_figure [--part browser|interventions]

Prints tables and, as its last line, the same as JSON. Needs Playwright and Chromium (requirements-dev.txt).
"""

import argparse
import json
import shutil
from typing import Any

import torch
from playwright.sync_api import Page, sync_playwright

from benchmarks.startup import served
from benchmarks.timing import medians
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.byte_text import ByteText
from models.data.examples import text_examples
from models.perceiver.engine import encode, self_attention_layers
from models.perceiver.interventions import Predictions
from models.perceiver.stages import stages
from models.tasks import TASKS
from models.tasks.byte_tokens import token_ids

TEXTS = ("masked_bytes", "sentiment")
PAGES = tuple(task.name for task in TASKS if task.name != "fine_tuning")
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


@torch.inference_mode()
def interventions(name: str) -> dict[str, dict[str, float]]:
    """By what is left out of a run on the first example of a task: seconds, the runs that they stand for, and their
    time relative to as many runs with transformers."""
    task = next(task for task in TASKS if task.name == name)
    content = text_examples(name)[0].text.encode()
    ids = token_ids(ByteText(content, (False,) * len(content)))
    with LocalBackend(Settings(device="cpu")).load(task.checkpoint("embedded")) as loaded:
        model, outputs = loaded.model, torch.tensor([0])
        encoded = encode(model, ids)
        shown = torch.from_numpy(stages(model, encoded, outputs).latents)
        layers = len(self_attention_layers(model))

        def run() -> Predictions:
            return Predictions(model, encoded, outputs, torch.tensor([0]))

        calls = {
            "inputs": lambda: run().without_inputs(torch.tensor([1, 2, 3])),
            "each latent": lambda: run().without_latents(shown),
            "heads of the encoder": lambda: run().without_heads(0),
            "heads of the middle layer": lambda: run().without_heads(layers // 2),
            "heads of the decoder": lambda: run().without_heads(layers + 1),
        }
        seconds = medians({"run": lambda: model(ids), **calls})
        return {
            part: {
                "seconds": seconds[part],
                "runs": (runs := 1 if part == "inputs" else len(call())),
                "ratio": seconds[part] / seconds["run"] / runs,
            }
            for part, call in calls.items()
        }


def report_interventions(found: dict[str, dict[str, dict[str, float]]]) -> None:
    print("\n| page | without | runs | seconds | relative to as many runs of transformers |")
    print("| --- | --- | ---: | ---: | ---: |")
    for page, parts in found.items():
        for part, each in parts.items():
            print(f"| {page} | {part} | {each['runs']} | {each['seconds']:.3f} | {each['ratio']:.2f} |")


def in_browser() -> dict[str, dict[str, float]]:
    with sync_playwright() as playwright, served() as (address, _):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(2):  # the first time, the models are loading
            found = {name: measured(browser.new_page(), f"{address}{name}") for name in PAGES}
        browser.close()
    report(found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("browser", "interventions"))
    part, found = parser.parse_args().part, {}
    if part != "interventions":
        found["browser"] = in_browser()
    if part != "browser":
        found["interventions"] = {name: interventions(name) for name in TEXTS}
        report_interventions(found["interventions"])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
