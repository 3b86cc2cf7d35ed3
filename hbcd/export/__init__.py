"""Models in other tools: files and objects that say how far they are from the model.

Every target starts from one form (`model_form`), and every file is read back before it is kept.
"""

from __future__ import annotations

__all__: list[str] = []
