"""Figures to save. Matplotlib, which takes half a second to import, is imported with the first of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
