"""A model as a surrogate object of IDAES; importing this file imports IDAES."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import IO, Any

import pandas as pd

from hbcd.estimators.model_loading import load as load_model
from hbcd.export.form import ModelForm, solver_form
from hbcd.export.optimization.pyomo_block import to_pyomo
from hbcd.export.optimization.pyomo_layers import FORMULATIONS
from hbcd.export.packages import needed
from hbcd.export.record import ExportRecord
from hbcd.export.self_check import reference

__all__ = ["HbcdSurrogate"]

FORMAT = 1
BASE: Any = needed("idaes.core.surrogate.base.surrogate_base", "idaes").SurrogateBase


class HbcdSurrogate(BASE):  # type: ignore[misc]
    """What `to_idaes` gives, for the ``build_model`` of a ``SurrogateBlock``.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    formulation : str
        Of `to_pyomo`.
    input_labels, output_labels : list of str, optional
        In place of the model's own names.
    input_bounds : dict of str to (float, float), optional
        In place of the ranges of the training rows.

    Attributes
    ----------
    model : HybridRegressor or HybridClassifier
    record : ExportRecord or None
        Of the last block that was populated.
    """

    def __init__(
        self,
        model: Any,
        formulation: str = "full_space",
        input_labels: list[str] | None = None,
        output_labels: list[str] | None = None,
        input_bounds: dict[str, tuple[float, float]] | None = None,
    ) -> None:
        if formulation not in FORMULATIONS:
            known = ", ".join(FORMULATIONS)
            raise ValueError(f"formulation={formulation!r}: must be one of {known}")
        self._form: ModelForm = solver_form(model)[0]
        columns = self._form.columns
        labels = _labels("input_labels", input_labels, [column.name for column in columns])
        outputs = _labels("output_labels", output_labels, list(self._form.outputs))
        if input_bounds is None:
            ends = [(column.low, column.high) for column in columns]
            input_bounds = dict(zip(labels, ends, strict=True))
        super().__init__(labels, outputs, input_bounds)
        self.model = model
        self.formulation = formulation
        self.record: ExportRecord | None = None

    def populate_block(self, block: Any, additional_options: dict[str, Any] | None = None) -> None:
        """Adds the equations of the model to a block, as ``build_model`` of a block asks for it.

        Parameters
        ----------
        block : SurrogateBlock
            With the variables of the inputs and the outputs.
        additional_options : dict, optional
            ``formulation`` in place of that of this object.
        """
        options = {} if additional_options is None else additional_options
        formulation = options.pop("formulation", self.formulation)
        inputs = [block.input_vars_as_dict()[label] for label in self.input_labels()]
        outputs = [block.output_vars_as_dict()[label] for label in self.output_labels()]
        for one in inputs:  # IDAES starts all of them at 0, where no solver should
            low, high = one.bounds
            if low is not None and high is not None and not low <= (one.value or 0.0) <= high:
                one.set_value(0.5 * (low + high))
        block.network = needed("pyomo.environ", "idaes").Block()
        self.record = to_pyomo(
            self.model, block.network, inputs=inputs, outputs=outputs, formulation=formulation
        )

    def evaluate_surrogate(self, dataframe: pd.DataFrame) -> pd.DataFrame:
        """The model's own predictions, without `output_range_`, which a block leaves out as well.

        Parameters
        ----------
        dataframe : pandas.DataFrame
            With a column for every input label; others are not used.

        Returns
        -------
        pandas.DataFrame
            A column for every output label, with the index of `dataframe`.
        """
        labels = self.input_labels()
        missing = [label for label in labels if label not in dataframe.columns]
        if missing:
            raise ValueError(f"dataframe: has no column {missing[0]!r}")
        points = dataframe[labels].to_numpy(dtype="float64")
        found = reference(self._form, points, ends=False)
        return pd.DataFrame(found, index=dataframe.index, columns=self.output_labels())

    def save(self, strm: IO[str]) -> None:
        """Writes this object, the model in it, as JSON; ``save_to_file`` of IDAES calls it.

        Parameters
        ----------
        strm : text stream
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.hbcd"
            self.model.save(path)
            content = base64.b64encode(path.read_bytes()).decode("ascii")
        document = {
            "hbcd_surrogate": FORMAT,
            "formulation": self.formulation,
            "input_labels": self.input_labels(),
            "output_labels": self.output_labels(),
            "input_bounds": self.input_bounds(),
            "model": content,
        }
        json.dump(document, strm)

    @classmethod
    def load(cls, strm: IO[str]) -> HbcdSurrogate:
        """Reads what `save` wrote; ``load_from_file`` of IDAES calls it.

        Parameters
        ----------
        strm : text stream

        Returns
        -------
        HbcdSurrogate
        """
        document = json.load(strm)
        if not isinstance(document, dict) or document.get("hbcd_surrogate") != FORMAT:
            raise ValueError("strm: must be what the save of such a surrogate wrote")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.hbcd"
            path.write_bytes(base64.b64decode(document["model"], validate=True))
            model = load_model(path)
        bounds = {name: (low, high) for name, (low, high) in document["input_bounds"].items()}
        return cls(
            model,
            document["formulation"],
            document["input_labels"],
            document["output_labels"],
            bounds,
        )


def _labels(title: str, given: list[str] | None, names: list[str]) -> list[str]:
    if given is None:
        return names
    if len(given) != len(names):
        raise ValueError(f"{title}: has {len(given)}, must have {len(names)}: {', '.join(names)}")
    return list(given)
