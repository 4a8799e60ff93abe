"""Pages to send to a colleague: both papers' figures and verdicts, or one run.

A page is one file of HTML that asks nothing of any network: pictures stand in it, its
script is a few lines, and without a script all of it can be read. It holds no date of its
making, so that the same evidence gives the same bytes.
"""

from tfluck.papers.report.drawn import Which
from tfluck.papers.report.of_papers import PapersPage, papers_page
from tfluck.papers.report.of_run import run_page
from tfluck.papers.report.rendering import write_page

__all__ = ["PapersPage", "Which", "papers_page", "run_page", "write_page"]
