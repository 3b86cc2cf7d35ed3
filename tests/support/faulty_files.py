"""What is written and read while calls on files go wrong: ``faulty_files FOLDER STEP CASE...``.

Each call of a case, in turn, goes wrong in each of the ways of `faults.KINDS`; all cases where none
is named. Prints a JSON line for each.
"""

import contextlib
import io
import json
import os
import shutil
import sys
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd

import hbcd
from hbcd.cli.main import main as command
from hbcd.datasets import download
from hbcd.export.targets import TARGETS
from support.fault_cases import X, Y, regressor
from support.faults import KINDS, Faults
from support.tuning import SPACE

OPTIONS = {"budget": 2, "cv": 2, "random_state": 0}
QUICK = ("--hidden", "2", "--strategy", "bcd", "--threads", "1", "--max-iter", "5")
OLD = b"what was there before\n"
FRAME = pd.DataFrame(X, columns=["a", "b"]).assign(y=Y)


class Failed(Exception):
    """A command has ended with an error; its message."""


def run(*arguments):
    """A command of `hbcd`; `Failed` with its line where it ends with an error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command([str(argument) for argument in arguments])
    if code:
        said = err.getvalue()
        if out.getvalue() or not said.startswith("hbcd: error: "):
            raise AssertionError(f"code {code}, {out.getvalue()!r}, {said!r}")
        raise Failed(said.removeprefix("hbcd: error: ").removesuffix("\n"))
    return out.getvalue()


def tables(folder):
    FRAME.to_csv(folder / "own.csv", index=False)
    FRAME.to_csv(folder / "own.csv.gz", index=False)
    FRAME.to_excel(folder / "own.xlsx", index=False)
    regressor().fit(FRAME[["a", "b"]], FRAME["y"]).save(folder / "m.hbcd")
    (folder / "plant.toml").write_text('target = "y"\nhidden = "2"\nstrategy = "bcd"\n')


def stored_rows(folder):
    """A fit on rows that do not fit into memory: they are kept in a file without a name."""
    frame = pd.concat([FRAME] * 40)
    rows = hbcd.Rows(frame, target="y", memory=4096, folder=str(folder))
    return regressor().fit(rows).theta_.tobytes()


def tuned(folder):
    found = hbcd.tune(regressor(), X, Y, SPACE, storage=folder / "search.jsonl", **OPTIONS)
    return str(found.best_params_)


def fetched(folder):
    """A download, answered here."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("small.csv"), FRAME.to_csv(index=False))

    def parse(content):
        return pd.read_csv(io.BytesIO(content))

    known = download.content_hash(parse(FRAME.to_csv(index=False).encode()))
    small = download.Published(
        "small.csv", "small.csv", "https://none.invalid/small.zip", "", known
    )
    download._open = lambda url: io.BytesIO(packed.getvalue())
    where = {"data_home": folder / "home" / "deep", "path": None}
    return download.load(small, parse, download_if_missing=True, **where).to_csv()


def export(name, folder, file):
    TARGETS[name].write(hbcd.load(folder / "m.hbcd"), str(folder / file))


#: By name: what is done in a folder with `tables`, and the files that it writes.
CASES = {
    "save": (lambda f: MODEL.save(f / "m.hbcd"), ["m.hbcd"]),
    "load": (lambda f: hbcd.load(f / "m.hbcd").theta_.tobytes(), []),
    **{
        f"export {name}": (
            lambda f, n=name, s=one.suffix: export(n, f, "model" + s),
            ["model" + one.suffix],
        )
        for name, one in TARGETS.items()
        if not one.missing
    },
    "fit --out": (
        lambda f: run("fit", f / "own.csv", "--target", "y", "--out", f / "out", *QUICK),
        ["out/hbcd-own.hbcd", "out/report.html"],
    ),
    "fit --config": (
        lambda f: run("fit", f / "own.xlsx", "--config", f / "plant.toml"),
        [],
    ),
    "predict": (lambda f: run("predict", f / "m.hbcd", f / "own.csv.gz"), []),
    "predict --out": (
        lambda f: run("predict", f / "m.hbcd", f / "own.csv", "--out", f / "p.csv"),
        ["p.csv"],
    ),
    "explain --out": (
        lambda f: run("explain", f / "m.hbcd", f / "own.csv", "--out", f / "why"),
        ["why/explain.html"],
    ),
    "export of a command": (
        lambda f: run("export", f / "m.hbcd", "--to", "c", f / "m.c"),
        ["m.c"],
    ),
    "tune": (tuned, ["search.jsonl"]),
    "rows in a file": (stored_rows, []),
    "fetch": (fetched, ["home/deep/small.zip"]),
}
MODEL = regressor().fit(X, Y)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Trials:
    """All failures of one case."""

    def __init__(self, name, place):
        self.act, self.written = CASES[name]
        self.folder = place / "folder"
        self.pristine = place / "pristine"
        self.pristine.mkdir(parents=True)
        tables(self.pristine)
        for file in self.written:
            if not file.startswith(("home", "m.hbcd", "search")):
                (self.pristine / file).parent.mkdir(exist_ok=True)
                (self.pristine / file).write_bytes(OLD)
        self.name, self.faults, self.found, self.wrong = name, Faults(), Counter(), []
        self.faults.clock("stands")  # what is written notes how long it took
        for _ in range(2):  # what is imported the first time is so before
            self.begin()
            self.result = self.act(self.folder)
        self.before, self.after = contents(self.pristine), contents(self.folder)

    def begin(self):
        """Everything as it was; the library reads and writes in this folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.pristine, self.folder)
        os.chdir(self.folder)

    def say(self, what):
        if len(self.wrong) < 40:
            self.wrong.append(what)

    def one(self, kind, k):
        """Whether there was a call number k."""
        self.begin()
        run = self.faults.files(self.folder, kind, k)
        result, error, calls, hit = run(lambda: self.act(self.folder))
        if k == 0:
            return calls
        if not hit:
            return k <= calls
        label = f"{kind} at call {k}" + (f": {error!r}" if error is not None else "")
        self.judge(label, kind, result, error)
        return True

    def judge(self, label, kind, result, error):
        now = contents(self.folder)
        left = [name for name in now if name not in self.before and name not in self.after]
        for name, content in self.before.items():
            if name not in now:
                self.say(f"{label}: {name} is lost")
            elif now[name] not in (content, self.after.get(name)):
                self.say(f"{label}: {name} is neither the old nor the new")
        if error is None:
            self.found[f"{kind}: done all the same"] += 1
            if (result, now) != (self.result, self.after):
                self.say(f"{label}: another result")
        else:
            self.found[f"{kind}: an error"] += 1
            self.judge_error(label, kind, error)
        if left and kind not in ("read-only", "broken"):  # there nothing can be taken away
            self.say(f"{label}: leaves {left}")

    def judge_error(self, label, kind, error):
        text = str(error)
        if not isinstance(error, (OSError, ValueError, Failed)) or "\n" in text or not text:
            self.say(f"{label}: no clear line")
        if ".hbcd-" in text:
            self.say(f"{label}: names a file of no concern")
        if kind == "short" or (kind == "interrupted" and "Interrupted system call" not in text):
            self.say(f"{label}: must be done all the same")

    def all(self, step):
        calls = self.one("full", 0)
        for kind in KINDS:
            k = 1
            while self.one(kind, k):
                k += step
        return {"case": self.name, "calls": calls, "found": self.found, "wrong": self.wrong}


def main(place, step, *names):
    warnings.simplefilter("ignore")
    sys.modules["matplotlib"] = None  # pictures take a second each, and are written as tables are
    for number, name in enumerate(names or CASES):
        print(json.dumps(Trials(name, Path(place, str(number))).all(int(step))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
