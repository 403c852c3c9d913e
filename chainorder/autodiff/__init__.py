"""What the drop-in Jacobians of JAX and PyTorch share: pieces of a function, and the choice of a plan."""
