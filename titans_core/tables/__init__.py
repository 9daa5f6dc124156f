"""The paper's tables, at our scale: small models trained alike, compared, beside the paper's figures."""

from titans_core.tables.run import lacking, path_of, read_results, run_suite
from titans_core.tables.suites import SUITES, Suite

__all__ = ["SUITES", "Suite", "lacking", "path_of", "read_results", "run_suite"]
