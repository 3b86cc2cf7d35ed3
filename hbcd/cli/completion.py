"""`hbcd completion`: scripts that make a shell complete what the parser of the commands knows."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hbcd.tables.choices import DATES, MISSING, SEPARATOR_NAMES, TASKS
from hbcd.training import registry

__all__ = ["completion", "describe"]

#: Values of options and of positional arguments that are names; of others, files.
NAMES: dict[str, tuple[str, ...]] = {
    "strategy": tuple(registry.STRATEGIES),
    "activation": tuple(registry.ACTIVATIONS),
    "optimizer": tuple(registry.OPTIMIZERS),
    "selector": tuple(registry.SELECTORS),
    "loss": tuple(registry.LOSSES),
    "task": TASKS,
    "missing": MISSING,
    "dates": DATES,
    "sep": tuple(SEPARATOR_NAMES.values()),
    "decimal": (".", ","),
    "input_encoding": ("auto", "pieces", "none"),
    "class_weight": ("none", "balanced"),
    "dtype": ("auto", "float64", "float32"),
    "data": ("plant", "ccpp", "siec"),
}


@dataclass(frozen=True)
class Word:
    """What may follow a command.

    Attributes
    ----------
    names : tuple of str
        Of an option, with dashes; empty for a positional argument.
    help : str
    values : tuple of str
        What may follow it, or stand in its place.
    takes_value : bool
    """

    names: tuple[str, ...]
    help: str
    values: tuple[str, ...]
    takes_value: bool


def completion(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Prints the script of a shell."""
    write = registry.choose("shell", args.shell, SHELLS)
    print(write(dict(describe(parser))), end="")
    return 0


def describe(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], list[Word]]]:
    """The words after each command, commands of commands included."""
    words = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, inner in action.choices.items():
                words.append(Word((), summaries.get(name, ""), (name,), True))
                yield from describe(inner, (*path, name))
            continue
        values = NAMES.get(action.dest, ())
        metavar = action.metavar
        if not action.option_strings and isinstance(metavar, str) and "|" in metavar:
            values = tuple(metavar.split("|"))
        takes = action.nargs != 0 and not (action.nargs == "?" and action.option_strings)
        words.append(Word(tuple(action.option_strings), action.help or "", values, takes))
    yield path, words


def _bash(commands: dict[tuple[str, ...], list[Word]]) -> str:
    lines = []
    for path, words in commands.items():
        flags = [name for word in words for name in word.names]
        plain = [value for word in words if not word.names for value in word.values]
        lines.append(f'    "{" ".join(path)}") words="{" ".join([*plain, *flags])}" ;;')
    values = {
        name: word.values
        for words in commands.values()
        for word in words
        if word.values
        for name in word.names
    }
    after = [f'    {name}) words="{" ".join(found)}" ;;' for name, found in values.items()]
    return BASH.format(
        nested="|".join(sorted({path[0] for path in commands if len(path) > 1})),
        commands="\n".join(lines),
        options="\n".join(after),
        files="|".join(
            sorted({name for words in commands.values() for word in words
                    if word.takes_value and not word.values for name in word.names})
        ),
    )  # fmt: skip


BASH = """\
_hbcd() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
    local path="" words="" place
    for ((place = 1; place < COMP_CWORD; place++)); do
        case "${{COMP_WORDS[place]}}" in -*) continue ;; esac
        if [ -z "$path" ]; then path="${{COMP_WORDS[place]}}"
        else case "$path" in {nested}) path="$path ${{COMP_WORDS[place]}}" ;; esac; fi
    done
    case "$path" in
{commands}
    esac
    case "$before" in
{options}
    {files}) words="" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _hbcd hbcd
"""


def _zsh(commands: dict[tuple[str, ...], list[Word]]) -> str:
    return f"autoload -U +X bashcompinit && bashcompinit\n{_bash(commands)}"


def _fish(commands: dict[tuple[str, ...], list[Word]]) -> str:
    lines = []
    for path, words in commands.items():
        inner = " ".join(other[-1] for other in commands if other[:-1] == path and other)
        seen = "; and ".join(f"__fish_seen_subcommand_from {name}" for name in path)
        none = f"not __fish_seen_subcommand_from {inner}" if inner else ""
        when = "; and ".join(part for part in (seen, none) if part)
        for word in words:
            lines.append(_fish_line(when, word))
    return "\n".join(line for line in lines if line) + "\n"


def _fish_line(when: str, word: Word) -> str:
    parts = [f"complete -c hbcd -n {_quoted(when)}"]
    if not word.names and not word.values:
        return ""
    for name in word.names:
        parts.append(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}")
    if word.values:
        if word.names:
            parts.append("-x")
        parts.append(f"-a {_quoted(' '.join(word.values))}")
    elif word.takes_value:
        parts.append("-r")
    if word.help:
        parts.append(f"-d {_quoted(word.help.replace('%%', '%'))}")
    return " ".join(parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS: dict[str, Callable[[dict[tuple[str, ...], list[Word]]], str]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}
