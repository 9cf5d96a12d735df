"""`LocalBackend` under the name that programs outside this project import."""

from models.backend.local import LocalBackend as ModelService

__all__ = ["ModelService"]
