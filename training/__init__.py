"""Where the models come from: everything here runs offline, nothing live imports it."""
