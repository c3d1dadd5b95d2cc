"""What the user reads when a handler fails."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from html import escape

import gradio as gr

from studio.errors import StudioError

logger = logging.getLogger(__name__)


@contextmanager
def plain_words() -> Generator[None]:
    """Turns a StudioError into its words, and anything unexpected into a number by which the log is searched."""
    try:
        yield
    except StudioError as error:
        raise _shown(str(error)) from error
    except Exception as error:
        number = secrets.token_hex(4)
        logger.exception("unexpected error %s", number)
        raise _shown(
            f"Something went wrong in the studio (error {number}). Try again, or give the number to whoever runs it."
        ) from error


def _shown(words: str) -> gr.Error:
    # Gradio shows the text as HTML, and it may quote what the user typed.
    return gr.Error(escape(words, quote=False), print_exception=False)
