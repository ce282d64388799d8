"""A report as a file that leaves the page: PDF, one web page, tables as CSV and Excel; students numbered by default."""
