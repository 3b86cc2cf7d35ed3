"""Settings of the documentation: ``python -m sphinx -W docs FOLDER`` writes it as HTML.

Pages are Markdown (MyST); the reference is made of the docstrings.  Nothing is fetched.
"""

import contextlib
import io
import os
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from hbcd import __version__
from hbcd.cli.main import main

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "hbcd"
author = "the hbcd developers"
copyright = author
version = release = __version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "gallery", "offline"]
exclude_patterns = ["_build", "_extensions"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "py:obj"  # `Network` in a docstring is a link
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "none"  # the docstrings say more than the annotations
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

html_theme = "furo"
html_title = f"hbcd {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_show_sphinx = False
html_copy_source = False


class CommandHelp(SphinxDirective):
    """The help of a command as it is printed: ``{command-help} fit``."""

    optional_arguments = 2

    def run(self) -> list[nodes.Node]:
        os.environ["COLUMNS"] = "100"
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            main([*self.arguments, "--help"])
        text = printed.getvalue()
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Sphinx) -> None:
    """Adds the directive of this file."""
    app.add_directive("command-help", CommandHelp)
