"""A saved model as a page for the browser, which computes by itself; or as a service that answers many clients."""

from textrnn.web.demo import serve
from textrnn.web.lesson import build_lesson
from textrnn.web.page import Page, build_page
from textrnn.web.serving import serve_model

__all__ = ["Page", "build_lesson", "build_page", "serve", "serve_model"]
