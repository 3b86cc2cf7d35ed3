"""scikit-learn's protocol of parameters and of metadata, without scikit-learn."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, Self

from hbcd.utils.signatures import parameters_of

__all__ = ["Parameters", "Requests", "Routing", "peer"]

METHODS = ("fit", "partial_fit", "score")  # those that take more than X and y
Request = bool | str | None


class Parameters:
    """Parameters are those of the constructor, which stores them under their names."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        named, nameless = _signature(cls.__init__)
        if nameless is not None:
            raise TypeError(
                f"{cls.__name__}.__init__: must name its parameters, not take *{nameless}"
            )
        return list(named)

    @classmethod
    def parameter_defaults(cls) -> dict[str, Any]:
        """The default of every parameter of the constructor.

        Of a derived class with fewer parameters those of its bases as well: what it hands on to
        their constructors is compared with them.

        Returns
        -------
        dict
        """
        defaults: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            if "__init__" in vars(base) and issubclass(base, Parameters):
                defaults.update(_signature(base.__init__)[0])
        return defaults

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters passed to the constructor.

        Parameters
        ----------
        deep : bool
            Of no effect: no parameter is an estimator.

        Returns
        -------
        dict
        """
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Sets parameters of the constructor; none where one of the names is wrong.

        A derived class with other parameters than its bases is constructed anew: what it hands on
        to them follows from its own.

        Parameters
        ----------
        **params : object
            Their names and values.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A name that is no parameter.
        """
        names = self._parameter_names()
        for name, value in params.items():
            if name not in names:
                raise ValueError(f"{name}={value!r}: must be one of {', '.join(names)}")
        if params and not self.parameter_defaults().keys() <= {*names}:
            type(self).__init__(self, **{**self.get_params(), **params})
            return self
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = self.parameter_defaults()
        changed = [  # by their text: arrays compare element by element
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(defaults[name])
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "theta_")


def _look(constructor: Callable[..., None]) -> tuple[dict[str, Any], str | None]:
    """What a constructor itself takes by name, with its defaults; what it takes without names."""
    parameters = list(parameters_of(constructor).values())[1:]
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = {one.name: one.default for one in parameters if one.kind not in variadic}
    return named, next((one.name for one in parameters if one.kind is variadic[0]), None)


#: A look at a signature takes some 40 us, and a load asks 60 times.  The dict is not to be changed.
_signature = functools.lru_cache(maxsize=128)(_look)


class Requests(dict[str, dict[str, Request]]):
    """Method to metadata to what was asked for; scikit-learn's `clone` takes a copy along."""

    def __sklearn_clone__(self) -> Requests:
        return copy.deepcopy(self)

    @property
    def score(self) -> Any:
        """The requests of `score`, where scikit-learn before 1.7 looks for them."""
        return _request_object("score", {"score": self.get("score", {})}).score


class Routing:
    """Metadata routing: which of `sample_weight`, `eval_set` ... a meta-estimator is to pass on.

    The requests are kept as plain names; scikit-learn's object is made of them when it asks.
    """

    def set_fit_request(self, **requests: Request) -> Self:
        """Says which metadata meta-estimators pass on to `fit`.

        Only with ``sklearn.set_config(enable_metadata_routing=True)``.

        Parameters
        ----------
        **requests : True, False, None or str
            By the name of the argument of `fit`, such as ``sample_weight=True``.  True: passed on;
            False: not; None: an error if it is given; a name: passed on from under that name.

        Returns
        -------
        self

        Raises
        ------
        RuntimeError
            Metadata routing is not enabled.
        TypeError, ValueError
            Another argument or value.
        """
        return self._request("fit", requests)

    def set_partial_fit_request(self, **requests: Request) -> Self:
        """Says which metadata meta-estimators pass on to `partial_fit`.

        Parameters
        ----------
        **requests : True, False, None or str
            As of `set_fit_request`, which tells the errors, too.

        Returns
        -------
        self
        """
        return self._request("partial_fit", requests)

    def set_score_request(self, **requests: Request) -> Self:
        """Says which metadata meta-estimators pass on to `score`.

        Parameters
        ----------
        **requests : True, False, None or str
            As of `set_fit_request`, which tells the errors, too.

        Returns
        -------
        self
        """
        return self._request("score", requests)

    def get_metadata_routing(self) -> Any:
        """What was requested of each method.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRequest
        """
        told: dict[str, dict[str, Request]] = getattr(self, "_metadata_request", {})
        requests = {
            method: {name: told.get(method, {}).get(name) for name in self._metadata(method)}
            for method in METHODS
        }
        return _request_object(type(self).__name__, requests)

    @classmethod
    def _metadata(cls, method: str) -> list[str]:
        """The arguments of a method beside X and y."""
        function = getattr(cls, method, None)
        names = [] if function is None else list(parameters_of(function))
        return [name for name in names if name not in ("self", "X", "y")]

    def _request(self, method: str, requests: dict[str, Request]) -> Self:
        if not _routing_enabled():
            raise RuntimeError(
                f"set_{method}_request: needs sklearn.set_config(enable_metadata_routing=True)"
            )
        known = self._metadata(method)
        for name, value in requests.items():
            if name not in known:
                raise TypeError(
                    f"set_{method}_request: {name}={value!r}: must be one of {', '.join(known)}"
                )
            if not (value is None or isinstance(value, bool) or _is_name(value)):
                raise ValueError(f"{name}={value!r}: must be True, False, None or a name")
        asked = Requests(getattr(self, "_metadata_request", {}))
        asked[method] = {**asked.get(method, {}), **requests}
        self._metadata_request = asked
        return self


def _request_object(owner: str, requests: dict[str, dict[str, Request]]) -> Any:
    from sklearn.utils.metadata_routing import MetadataRequest

    made = MetadataRequest(owner=owner)
    for method, asked in requests.items():
        for name, alias in asked.items():
            getattr(made, method).add_request(param=name, alias=alias)
    return made


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _routing_enabled() -> bool:
    try:
        from sklearn import get_config
    except ImportError:
        return False
    return bool(get_config().get("enable_metadata_routing", False))


def peer(name: str, own: type[Any]) -> type[Any]:
    """An exception or warning that is also scikit-learn's of this name, where that is loaded."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), name, None)
    if theirs is None:
        return own

    def reduce(self: Any) -> Any:  # the class has no place from which pickle could import it
        return _again, (name, own, self.args)

    return type(name, (own, theirs), {"__module__": own.__module__, "__reduce__": reduce})


def _again(name: str, own: type[Any], args: tuple[Any, ...]) -> Any:
    return peer(name, own)(*args)
