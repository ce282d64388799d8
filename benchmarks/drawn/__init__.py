"""What benchmarks and tests look at: pictures and classes drawn at random, with their truth."""
