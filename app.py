"""Perceiver Playground. `python app.py` serves it; a Hugging Face Space does the same."""

import os

# Before Gradio and the hub client are imported: neither is to report anything.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from models.backend.start_checks import check_start

if __name__ == "__main__":
    check_start()  # before the imports that take seconds

import signal
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import Depends
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from models.backend.connect import connect
from models.backend.protocol import Backend
from models.backend.settings import Settings, SettingsError
from models.logs import configure_logging
from pages.gradio_ui.call_checks import check_call
from pages.gradio_ui.event_streams import EventStreams
from pages.gradio_ui.pages import PAGES
from pages.gradio_ui.queue import Places
from pages.gradio_ui.request_checks import RequestChecks
from pages.gradio_ui.root_links import RootLinks
from pages.gradio_ui.shell import HEAD, Page, PagesBlocks, create_blocks
from pages.gradio_ui.social import Preview, SocialTags
from pages.gradio_ui.theme import STYLE_SHEETS, theme
from pages.health import health_routes
from pages.prose import read_prose
from pages.session import SessionStore

PREVIEW_IMAGE = Path(__file__).parent / "assets" / "social" / "preview.png"


def create_app(
    backend: Backend,
    pages: Sequence[Page] = PAGES,
    store: SessionStore | None = None,
    places: Places = Places(),  # noqa: B008
) -> PagesBlocks:
    """The pages over one backend, a route each. Files that visitors save are deleted after a day."""
    return create_blocks(backend, pages, SessionStore() if store is None else store, places)


def launch_options(settings: Settings) -> dict[str, Any]:
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "max_file_size": f"{settings.max_upload_mib}mb",
        "mcp_server": settings.mcp,
        "theme": theme(),
        "css_paths": list(STYLE_SHEETS),
        "head": HEAD,
        "app_kwargs": {"middleware": _middleware(settings), "dependencies": [Depends(check_call)]},
        "footer_links": ["api", "settings"],
        "run_history": False,
        "ssr_mode": False,
    }


def _middleware(settings: Settings) -> list[Middleware]:
    addresses = Middleware(ProxyHeadersMiddleware, trusted_hosts=settings.forwarded_allow_ips)
    links = Middleware(RootLinks, pages={page.name for page in PAGES[1:]})
    checks = Middleware(RequestChecks, most_bytes=settings.max_body_bytes, openapi=settings.openapi)
    streams = Middleware(EventStreams)
    return [addresses, checks, streams, links, Middleware(SocialTags, previews=_previews(), image=PREVIEW_IMAGE)]


def _previews() -> dict[str, Preview]:
    name = read_prose("")["title"]
    previews = {f"/{page.name}": Preview(f"{page.title} - {name}", page.lead) for page in PAGES}
    return {"/": Preview(name, read_prose("")["lead"]), **previews}


def main() -> None:
    try:
        settings = Settings.from_env()
        configure_logging(settings.log_format)
        backend = connect(settings)
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="perceiver-", ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = folder  # for uploads and saved files, too
        serve(backend, settings)


def serve(backend: Backend, settings: Settings) -> None:
    """Serves the pages until the process gets a signal to end. Requests that are running then may end."""
    app = create_app(backend, places=Places(settings.session_places, settings.address_places))
    options = launch_options(settings)
    options["app_kwargs"]["routes"] = health_routes(lambda: backend)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    app.launch(**options, prevent_thread_lock=True)
    backend.start()
    stopping.wait()
    app.stop()


if __name__ == "__main__":
    main()
