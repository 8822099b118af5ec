"""The engine study: the same pages through each engine, so that a person can choose one."""

from invoice_lab.engine_study.page import EnginesPage
from invoice_lab.engine_study.report import write_study
from invoice_lab.engine_study.sample import StudyParameters

__all__ = ["EnginesPage", "StudyParameters", "write_study"]
