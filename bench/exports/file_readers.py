"""Readers of files: C, ONNX, FMUs, Structured Text, workbooks."""

import numpy as np

import hbcd
from bench.exports.readers import reader


def _c(dtype, real):
    def read(case, folder):
        from support.compiled_exports import compiled

        record = hbcd.to_c(case.model, folder / "m.c", dtype=dtype)
        status, found, _ = compiled(folder / "m.c", case.points, len(record.outputs), real)
        assert not status.any()
        return record, found

    return read


reader("c", "float64, compiler", "program:cc")(_c("float64", "double"))
reader("c", "float32, compiler", "program:cc", dtype="float32")(_c("float32", "float"))


def _onnx(dialect):
    def read(case, folder):
        import onnxruntime

        record = hbcd.to_onnx(case.model, folder / "m.onnx", dialect=dialect)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1  # more would wait for each other over single rows
        known = onnxruntime.InferenceSession(
            str(folder / "m.onnx"), settings, providers=["CPUExecutionProvider"]
        )
        first = known.get_outputs()[0].name
        given = _onnx_inputs(case, dialect)
        if dialect != "static":
            return record, known.run([first], given)[0]
        rows = (given["X"][k : k + 1] for k in range(len(case.points)))
        return record, np.vstack([known.run([first], {"X": row})[0] for row in rows])

    return read


def _onnx_inputs(case, dialect):
    encoder = case.model.encoder_
    if dialect != "general" or encoder is None or not encoder.named:
        values = case.points if dialect == "general" else case.features
        return {"X": values.astype("float32" if dialect == "float32" else "float64")}
    given = {}
    for k, column in enumerate(case.form.columns):
        values = case.points[:, [k]]
        if column.levels is not None:
            gap = np.isnan(values)
            texts = np.array(column.levels, object)[np.where(gap, 0, values).astype(int)]
            texts[gap] = ""
            values = texts
        given[column.name] = values
    return given


for _dialect in ("general", "omlt", "static"):
    reader("onnx", f"{_dialect}, onnxruntime", "onnx", "onnxruntime")(_onnx(_dialect))
# Runtimes do not say how exact their functions of float32 are.
reader("onnx", "float32, onnxruntime", "onnx", "onnxruntime", dtype="float32", slack=1e-5)(
    _onnx("float32")
)


@reader("onnx", "omlt, OMLT", "onnx", "omlt", points=8)
def _omlt(case, folder):
    from omlt.io.onnx import load_onnx_neural_network_with_bounds

    record = hbcd.to_onnx(case.model, folder / "m.onnx", dialect="omlt")
    network = load_onnx_neural_network_with_bounds(str(folder / "m.onnx"))
    found = []
    for values in case.features:
        for layer in list(network.layers)[1:]:
            values = layer.eval_single_layer(values)
        found.append(values)
    return record, np.array(found)


def _fmi(version):
    def read(case, folder):
        import fmpy

        from support.fmus import description

        record = hbcd.to_fmi(case.model, folder / "m.fmu", version=version, binary=True)
        path = folder / "m.fmu"
        names = [one.get("name") for one in description(path).find("ModelVariables")][1:]
        n = len(case.form.columns)
        outputs, found = names[n : n + len(record.outputs)], []
        for point in case.points:
            given = {}
            for name, column, value in zip(names, case.form.columns, point, strict=False):
                levels = column.levels
                place = value if levels is None else len(levels) if np.isnan(value) else value
                given[name] = place if levels is None else int(place) + 1
            done = fmpy.simulate_fmu(
                str(path), start_values=given, stop_time=1.0, step_size=1.0, output_interval=1.0,
                fmi_type="CoSimulation", output=outputs,
            )  # fmt: skip
            found.append([done[name][-1] for name in outputs])
        return record, np.array(found)

    return read


reader("fmi", "2.0, FMPy", "fmpy", "program:cc", points=4, every=3)(_fmi("2.0"))
reader("fmi", "3.0, FMPy", "fmpy", "program:cc", points=4, every=3)(_fmi("3.0"))


def _structured_text(dtype):
    def read(case, folder):
        from hbcd.export.structured_text.st_program import FunctionBlock
        from support.blark_blocks import Block

        record = hbcd.to_structured_text(case.model, folder / "m.st", dtype=dtype)
        text = (folder / "m.st").read_text()
        variables = FunctionBlock(text).source.variables.items()
        names = {kind: [n for n, one in variables if one.section == kind]
                 for kind in ("VAR_INPUT", "VAR_OUTPUT")}  # fmt: skip
        block, found = Block(text), []
        for point in case.points:
            values = []
            for column, value in zip(case.form.columns, point, strict=True):
                gap = bool(np.isnan(value))
                if column.levels is not None:
                    values.append(-1 if gap else int(value))
                else:
                    values += [0.0 if gap else float(value)] + [gap] * column.gaps
            done = block(**dict(zip(names["VAR_INPUT"], values, strict=True)))
            assert done["VALID"]
            found.append([done[name] for name in names["VAR_OUTPUT"][: len(record.outputs)]])
        return record, np.array(found)

    return read


reader("structured_text", "LREAL, blark", "blark", points=3, every=17)(_structured_text("float64"))
reader("structured_text", "REAL, blark", "blark", points=3, dtype="float32", every=17)(
    _structured_text("float32")
)


# `formulas` rounds the difference of two numbers to 15 decimals: slopes multiply what is lost.
@reader("excel", "formulas", "formulas", "openpyxl", points=2, every=7, slack=1e-11)
def _excel(case, folder):
    import formulas
    import openpyxl

    path = folder / "m.xlsx"
    record = hbcd.to_excel(case.model, path, rows=len(case.points))
    book = openpyxl.load_workbook(path)
    for i, point in enumerate(case.points):
        for k, (column, value) in enumerate(zip(case.form.columns, point, strict=True)):
            cell = None if np.isnan(value) else float(value)
            if cell is not None and column.levels is not None:
                cell = column.levels[int(value)]
            book["Inputs"].cell(7 + i, 2 + k).value = cell
    for cell in (one for sheet in book for row in sheet.iter_rows() for one in row):
        if isinstance(cell.value, float):  # openpyxl would write 16 digits of 17
            cell.value, cell.data_type = repr(cell.value), "n"
    book.save(path)
    done = formulas.ExcelModel().loads(str(path)).finish().calculate()
    found = np.empty((len(case.points), len(record.outputs)))
    for i, k in np.ndindex(found.shape):
        cell = openpyxl.utils.get_column_letter(3 + k) + str(7 + i)
        found[i, k] = done[f"'[{path.name}]OUTPUTS'!{cell}"].value[0, 0]
    return record, found
