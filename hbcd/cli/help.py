"""The help of the command line, as far as it is more than a line."""

from __future__ import annotations

DESCRIPTION = """\
Small dense neural networks for tables of numbers, trained on the CPU by hybrid block coordinate
descent.

examples:
  hbcd fit                               train on the built-in plant (simulated data)
  hbcd fit plant.csv --target power      train on a table of your own
  hbcd predict hbcd-plant.hbcd new.csv   predict with the model that was written
  hbcd evaluate hbcd-plant.hbcd new.csv  how good that is, where the target is known
  hbcd explain hbcd-plant.hbcd new.csv   which columns it uses, and how
  hbcd info hbcd-plant.hbcd              what is in it

hbcd COMMAND --help says more, with examples.
"""

EXIT_CODES = """
exit codes:
  0    done
  1    something else than the input failed: no network, a full disk, a mistake in hbcd
  2    bad input, reported in one line on standard error; --debug shows the traceback
  130  ended by Ctrl-C; hbcd fit has written the best network until then
"""

FIT = """\
Trains a network on four fifths of a table, tests it on the rest next to simpler models, and writes
it. Ctrl-C ends training early; the best network until then is kept. The same seed gives the same
network, whatever the number of threads.

DATA is plant (the default; simulated), ccpp or siec (published, see: hbcd data), or a file:
.csv, .tsv, .parquet, .xlsx, with a row of column names; or a folder or 'pattern' of many files that
are one table, which may be larger than memory (--memory). Columns of text become dummies. A column
most of whose cells read as numbers is of numbers: a cell that is none is an error that names it.
How a file of text is written (separator, decimal comma, encoding) is found out, or asked for.

A target of text, categories or truth values is of classes: HybridClassifier, scored by accuracy,
log-loss and, of two classes, ROC AUC, compared with the most frequent class and a network without
hidden layers. A target of numbers: HybridRegressor, scored by R2, MSE and MAE in the target's unit,
compared with least squares. --task classification takes whole numbers as classes.

The model goes to hbcd-NAME.hbcd, or to DIR/model.hbcd with --out DIR. A model that is there already
is kept as NAME.1.hbcd, NAME.2.hbcd and so on; report.html, metrics.json and pictures in DIR are
replaced.

--cv, --search and --tune work within the training rows; the rows to test on are never used to
choose. --tune leaves as it is what a flag says: --tune --hidden 20 chooses all but the layers.
--out DIR writes model.hbcd, metrics.json, the pictures (extra plot) and report.html, a page that
any browser shows. --config FILE reads options from a TOML file, by the names of the flags:
hidden = [10, 10] or max-time = 30; flags win over it.
"""

FIT_EXAMPLES = """\
examples:
  hbcd fit
  hbcd fit ccpp --strategy paper --hidden 5,5,5 --seed 1
  hbcd fit plant.csv --target power --drop time,remark --max-time 30
  hbcd fit lab.xlsx --target yield,purity --hidden 20 --activation sigmoid
  hbcd fit plant.csv --target power --hidden grow --max-time 60 --out results
  hbcd fit wine.csv --target grade --task classification --class-weight balanced
  hbcd fit plant.csv --target power --loss quantile:0.9 --alpha 0.1
  hbcd fit plant --strategy bcd --optimizer adam --selector random
  hbcd fit plant.parquet --target power --out results --json > results.json
  hbcd fit 'plant/*.parquet' --target power --memory 2G
  hbcd fit plant.csv --target power --missing indicator --cv 5 --out results
  hbcd fit plant.csv --target power --na -9999 --na Bad --missing indicator
  hbcd fit plant.csv --target power --sep semicolon --decimal , --dates features
  hbcd fit plant.csv --target power --search --grid 5/10,10/20,20
  hbcd fit plant.csv --target power --tune
  hbcd fit plant.csv --target power --tune 50 --activation tanh --out results
  hbcd fit --config plant.toml --seed 3

what --json prints, one object:
  data, rows, features, target, unit    what was learned from
  task, classes                         regression or classification; its labels, sorted, or null
  hidden, activation, loss, alpha, strategy, optimizer, selector, n_parameters, dtype
  effort, members                       what was tried, and what each member counts for
  target_transform                      what was learned in place of the target: none, log or more
  seed, test_size, missing, dates, threads
  train, test                           r2, mse, mae; of a quantile pinball and below, too: the
                                        share of rows not above the prediction; or accuracy,
                                        log_loss and roc_auc (null unless there are two classes)
  baseline_ols                          the same of least squares on the test rows, and under train
  baseline_linear, baseline_frequent    the same for classes: no hidden layers; shares of classes
  confusion                             of classes: test rows by actual (rows) and predicted class
  cv, search                            where asked for: folds, mean, spread; grid, best, rule
  tune                                  likewise: scoring, best, given (the score as given), last
                                        (scores and parameters), candidates, cost, rule and more
  seconds, n_fev, stop_reason, stop_text, best_r2, model, report
  former                                the model that was there before, under its new name
"""

EVALUATE = """\
Predicts a table whose targets are known, and prints how good that is: R2, MSE and MAE in the
target's unit, of each target where there are several; of classes accuracy, log-loss, ROC AUC, and
the confusion matrix. DATA is a file or a data set, as for: hbcd fit.
"""

EXPLAIN = """\
What a model makes of the columns of a table, the most important first: how much its score falls
when the values of a column change places, with an interval, where the table has the targets (R2,
of classes log-loss), and the share of the variance of its prediction that the column explains,
alone and with others (Sobol indices, over the ranges of the table). Best on rows that the model was
not trained on. --out DIR writes explain.html with curves of columns (partial dependence and
accumulated local effects), the pictures (extra plot), and sobol.csv, importance.csv,
partial_dependence.csv, accumulated.csv.
"""

PREDICT = """\
Predicts with a model for every row of a table, as CSV: one column per target, one line per row,
in digits that read back as the same numbers; of classes the label, and with --proba a column
probability_LABEL for each. --interval 0.9 adds TARGET_lower and TARGET_upper, between which the
target is found nine times in ten, --novelty the share of training rows that are less far out. Rows
beyond the range of a column in training are counted in a warning. Columns are found by name; others
are ignored.
The table is read piece by piece, so it may be larger than memory (a spreadsheet may not be); the
predictions are the same whatever the size of the pieces, and written when all of them are there.
"""

INFO = """\
What a model file holds: network, columns with their levels, target or classes, data, training and
scores; of an exported file, how far it is from its model. Without one, what this installation of
hbcd can do: version, instruction set, threads.
"""

EXPORT = """\
Writes a model as a file that another tool reads, reads that file back, and compares it with the
model at 4096 points and at the corners of the box of the training rows. It prints the largest
difference, and what no difference within the box can exceed; both stand in the file, and hbcd info
shows them. A file that is not the model is not kept.
"""

BENCH = """\
Times this machine: the gradient of a 4-10-10-10-1 network on 7654 rows by threads and precision,
and the prediction for one row. Medians; close other programs first.
"""

DATA = """\
The data sets of the article, ccpp and siec, are not part of hbcd: fetch downloads one and checks
every number of it. They stay in --data-home DIR, else $HBCD_DATA, else the platform's cache folder.
plant is simulated and needs no file.
"""

FETCH = "Downloads a published table, unless it is there already, and checks its content."

DESCRIBE = "What a data set is: origin, columns, units, license."

COMPLETION = """\
Prints what makes a shell complete commands, options and names of hbcd with the tab key.
"""

PREDICT_EXAMPLES = """\
examples:
  hbcd predict hbcd-plant.hbcd new.csv
  hbcd predict hbcd-plant.hbcd new.parquet --out predicted.csv --chunk-rows 10000
  hbcd predict hbcd-wine.hbcd new.csv --proba
  hbcd predict hbcd-plant.hbcd new.csv --interval 0.9 --novelty
  hbcd predict hbcd-plant.hbcd new.csv --json | jq .predictions.power
"""

EVALUATE_EXAMPLES = """\
examples:
  hbcd evaluate hbcd-plant.hbcd measured.csv
  hbcd evaluate hbcd-ccpp.hbcd ccpp --json
"""

EXPLAIN_EXAMPLES = """\
examples:
  hbcd explain hbcd-plant.hbcd measured.csv
  hbcd explain hbcd-plant.hbcd measured.csv --out why --features load,temperature
  hbcd explain hbcd-ccpp.hbcd ccpp --rows 1000 --json
"""

INFO_EXAMPLES = """\
examples:
  hbcd info hbcd-plant.hbcd
  hbcd info hbcd-plant.hbcd --json
  hbcd info
"""

EXPORT_EXAMPLES = """\
examples:
  hbcd export --list
  hbcd export hbcd-plant.hbcd --to c
  hbcd export hbcd-plant.hbcd --to c plant.c --jacobian --dtype float32
  hbcd export hbcd-plant.hbcd --to fmi plant.fmu --jacobian
"""

BENCH_EXAMPLES = """\
examples:
  hbcd bench
  hbcd bench --threads 1 --json
"""

DATA_EXAMPLES = """\
examples:
  hbcd data fetch ccpp
  hbcd data fetch siec --data-home data
  hbcd data describe ccpp
"""

COMPLETION_EXAMPLES = """\
examples:
  hbcd completion bash >> ~/.bashrc
  hbcd completion zsh >> ~/.zshrc
  hbcd completion fish > ~/.config/fish/completions/hbcd.fish
"""
