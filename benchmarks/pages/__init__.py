"""What the pages cost: a class of three hours that passes in minutes, beside a real server and a real browser."""
