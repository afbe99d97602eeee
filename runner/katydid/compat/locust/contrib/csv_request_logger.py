"""`locust.contrib.csv_request_logger`: a line per request in a CSV file."""

from katydid.contrib.csv_request_logger import CSV_COLUMNS, CsvRequestLogger

__all__ = ["CSV_COLUMNS", "CsvRequestLogger"]
