"""A saved model as a page for the browser, which computes by itself: written as one file, or served on this machine."""

from textrnn.web.demo import serve
from textrnn.web.page import Page, build_page

__all__ = ["Page", "build_page", "serve"]
