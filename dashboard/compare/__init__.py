"""Many sessions at once, honestly: found, filtered, grouped, laid side by side; never people, never fewer than five."""
