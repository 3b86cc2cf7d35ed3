"""Lines about a training: one form for every solver, through logging or printed, never twice."""

import logging
import re

import pytest

import hbcd
from support.training_runs import STRATEGIES, X, Y, train

FORM = re.compile(
    r"(begin|block_end|sweep_end|end)( [a-z_]+=[^ =]+)+"
    r" n_fev=\d+ n_iter=\d+ seconds=\d+\.\d{3}"
)
HELD = (X[:100], Y[:100])


@pytest.fixture
def at(caplog):
    def set_level(level):
        caplog.set_level(level, logger="hbcd")
        return caplog

    return set_level


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_solver_logs_in_one_form(name, at):
    log = at(logging.DEBUG)
    report = train(STRATEGIES[name], eval_set=HELD)
    lines = [record.message for record in log.records]
    assert all(FORM.fullmatch(line) for line in lines), lines
    whats = [line.split()[0] for line in lines]
    history = report.history
    assert whats.count("block_end") == (history.event == "visit").sum()
    assert whats.count("sweep_end") == (history.event == "epoch").sum()
    assert (whats[0], whats[-1]) == ("begin", "end")
    sweeps = [line for line in lines if line.startswith("sweep_end")]
    assert all(" loss=" in line and " validation_loss=" in line for line in sweeps)
    assert f"reason={report.stop_reason.name.lower()} " in lines[-1]
    levels = {what: record.levelno for what, record in zip(whats, log.records, strict=True)}
    assert levels["sweep_end"] == levels["begin"] == levels["end"] == logging.INFO
    assert levels.get("block_end", logging.DEBUG) == logging.DEBUG


def test_at_info_visits_are_left_out_and_at_warning_everything(at):
    strategy = hbcd.BlockCoordinateDescent(epochs=3)
    log = at(logging.INFO)
    train(strategy)
    assert {record.message.split()[0] for record in log.records} == {"begin", "sweep_end", "end"}
    log.clear()
    at(logging.WARNING)
    train(strategy)
    assert not log.records


def test_without_a_listener_the_core_calls_nobody(monkeypatch):
    from hbcd import core

    handed = []
    train_of_core = core.train

    def spy(*args):
        handed.append(args[9:])
        return train_of_core(*args)

    monkeypatch.setattr(core, "train", spy)
    train(hbcd.FullBatch())
    assert handed == [(None, 0, None, None)]


def test_an_exception_is_logged_as_the_end(at):
    log = at(logging.INFO)

    def fail(event):
        if event.what == "sweep_end":
            raise RuntimeError

    with pytest.raises(RuntimeError):
        train(hbcd.FullBatch(), callbacks=fail)
    assert log.records[-1].message.startswith("end reason=exception ")


# ---- verbose of the estimators ----------------------------------------------------------------


def fit(verbose):
    return hbcd.HybridRegressor((4,), random_state=0, max_iter=40, verbose=verbose).fit(X, Y)


def test_verbose_2_prints_a_line_for_every_pass(capsys):
    model = fit(2)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == len(model.loss_curve_) + 2
    assert all(line.startswith("hbcd: ") and FORM.fullmatch(line[6:]) for line in lines)


def test_verbose_2_prints_nothing_twice(capsys, at):
    log = at(logging.INFO)
    model = fit(2)
    assert len(log.records) == len(model.loss_curve_) + 2
    assert capsys.readouterr().err == ""


def test_verbose_2_prints_where_the_logger_has_nobody_to_show_it(capsys, monkeypatch):
    logger = logging.getLogger("hbcd")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.INFO)
    monkeypatch.setattr(logger, "handlers", [logging.NullHandler()])
    logger.manager._clear_cache()
    try:
        fit(2)
    finally:
        logger.manager._clear_cache()
    assert capsys.readouterr().err.count("sweep_end") > 0


@pytest.mark.parametrize("verbose", [0, 1])
def test_without_a_terminal_nothing_else_is_printed(verbose, capsys):
    fit(verbose)
    assert capsys.readouterr() == ("", "")


def test_lines_change_neither_the_logger_nor_the_fit():
    logger = logging.getLogger("hbcd")
    before = logger.level, list(logger.handlers), logger.propagate
    loud, silent = fit(2), fit(0)
    assert (logger.level, logger.handlers, logger.propagate) == before
    assert loud.theta_.tobytes() == silent.theta_.tobytes()
