"""A report as a file that leaves the page: PDF, one web page, tables as CSV and Excel; students as numbers by default."""
