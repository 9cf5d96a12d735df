"""Perceiver Playground. `python app.py` serves it; a Hugging Face Space does the same."""

import os

# Before Gradio and the hub client are imported: neither is to report anything.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import logging
from collections.abc import Sequence
from typing import Any

import gradio as gr

from models.backend.local import ModelService
from models.backend.settings import Settings, SettingsError
from pages import PAGES
from pages.link import OPENED, name_in_address, open_named
from pages.page import PRIVATE, Opening, Page
from pages.theme import SHEETS, theme

LEAD = "Watch Perceivers work: give an input, see the output, and trace any part of it to what it was read from."


def create_app(service: ModelService, pages: Sequence[Page] = PAGES) -> gr.Blocks:
    """The pages over one service, a tab each. Files that visitors save are deleted after a day."""
    names = tuple(page.name for page in pages)
    with gr.Blocks(title="Perceiver Playground", analytics_enabled=False, delete_cache=(3600, 86400)) as app:
        gr.Markdown(f"# Perceiver Playground\n{LEAD}", elem_classes="title")
        with gr.Tabs() as tabs:
            for page in pages:
                with gr.Tab(page.title, id=page.name) as tab:
                    page.build(service, Opening(app, tab, page.name, names))
                tab.select(None, js=name_in_address(page.name), **PRIVATE)
        opened = app.load(None, None, tabs, js=open_named(names), **PRIVATE)
        opened.then(None, js=OPENED, **PRIVATE)
    return app.queue(max_size=64, default_concurrency_limit=4)


def launch_options(settings: Settings) -> dict[str, Any]:
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "max_file_size": f"{settings.max_upload_mib}mb",
        "mcp_server": settings.mcp,
        "theme": theme(),
        "css_paths": list(SHEETS),
        "footer_links": ["api", "settings"],
        "run_history": False,
        "ssr_mode": False,
    }


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.from_env()
        service = ModelService(settings)
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    for problem in service.warm_up():
        logging.warning(problem)
    create_app(service).launch(**launch_options(settings))


if __name__ == "__main__":
    main()
