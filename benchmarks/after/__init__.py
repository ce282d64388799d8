"""What the pages after class cost, and how well moments that matter are found."""
