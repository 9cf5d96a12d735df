"""`ModelService` under the name that programs outside this project import it by."""

from models.backend.local import ModelService

__all__ = ["ModelService"]
