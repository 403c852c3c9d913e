"""What is to be multiplied or eliminated: chains, graphs, networks, and how specs become them."""
