"""Text of XML as elements."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.parsers.expat import errors

__all__ = ["parsed_xml"]

NO_MEMORY = errors.codes[errors.XML_ERROR_NO_MEMORY]


def parsed_xml(text: str | bytes) -> ElementTree.Element:
    """The root of a document.

    Parameters
    ----------
    text : str or bytes

    Returns
    -------
    xml.etree.ElementTree.Element

    Raises
    ------
    xml.etree.ElementTree.ParseError
        It is no XML.
    MemoryError
        There is not enough memory, which the parser calls an error of the text.
    """
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        if error.code == NO_MEMORY:
            raise MemoryError(str(error)) from error
        raise
