"""`hbcd.load`: a model file becomes a fitted estimator again."""

from __future__ import annotations

import os
from typing import Any

from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.regressor import HybridRegressor
from hbcd.estimators.saved_model import restore
from hbcd.model_files.custom_classes import Trusted, UntrustedClass
from hbcd.model_files.file_format import read_model_file
from hbcd.training.registry import choose
from hbcd.utils.public import public

__all__ = ["load"]

_KINDS: dict[str, type[Any]] = {
    "HybridRegressor": HybridRegressor,
    "HybridClassifier": HybridClassifier,
}


@public
def load(path: str | os.PathLike[str], trusted: Trusted = ()) -> Any:
    """Reads a model written by an estimator's `save`; no code in the file is ever run.

    The model predicts as it did, and its report says how it was trained; `history_` is empty.  Its
    parameters are those of the model that was saved, so that another `fit` does the same.  What no
    file can hold has its default: callbacks, `backend`, a generator as `random_state`, arrays and
    splitters as `validation_fraction`; in place of a strategy of your own stands "fast".  A file of
    a build before 0.1.0 may have layers, strategy, loss, penalty and precision alone.

    Parameters
    ----------
    path : str or path
    trusted : iterable of classes or of str, default ()
        Custom layer classes, or their import paths ``"module.Class"``, that may be imported and
        made with the arguments in the file.  Importing a module runs its code: name only classes
        that you know.

    Returns
    -------
    HybridRegressor or HybridClassifier
        What was saved.

    Raises
    ------
    ValueError
        Not a model file, damaged, written by a newer format, with a custom class that is not in
        `trusted`, or it cannot be read.
    """
    arrays, document = read_model_file(path)
    try:
        kind = choose("kind", document["kind"], _KINDS)
        return restore(kind, arrays, document, trusted)
    except UntrustedClass as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ValueError(f"{os.fspath(path)}: is not a model of hbcd: {error}") from None
