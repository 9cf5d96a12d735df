"""The backend that the settings choose."""

import logging

from models.backend.protocol import Backend
from models.backend.settings import Settings, SettingsError
from models.backend.starting import StartingBackend

log = logging.getLogger(__name__)


def connect(settings: Settings) -> Backend:
    """The backend, with metrics if the settings have a port for them. Raises SettingsError."""
    backend = _connect(settings)
    if settings.metrics_port is None:
        return backend
    try:
        from prometheus_client import start_http_server

        from models.backend.metered import MeteredBackend
    except ImportError:
        raise SettingsError("PERCEIVER_METRICS_PORT: metrics need `pip install prometheus_client`.") from None
    start_http_server(settings.metrics_port, settings.host)
    return MeteredBackend(backend)


def _connect(settings: Settings) -> Backend:
    """On a machine of one's own, models load while pages are already served.

    A Space has to load them before its first visitor: ZeroGPU keeps only what was loaded before a call, and which
    weights a page selects depends on what could be loaded.
    """
    if settings.backend == "ray":
        from models.backend.ray import RayBackend  # with httpx, which nothing else needs

        return RayBackend(settings)
    if not settings.space_id and settings.weights != "published" and settings.device in ("auto", "cpu"):
        return StartingBackend(settings)
    spaces = None
    if settings.zero_gpu:
        import spaces  # pyright: ignore[reportMissingImports]  # before torch, whose CUDA it replaces
    from models.backend.local import LocalBackend  # with torch

    backend = LocalBackend(settings, spaces=spaces)
    for problem in backend.warm_up():
        log.warning(problem)
    return backend
