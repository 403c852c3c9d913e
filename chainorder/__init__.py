"""chainorder: the best order to multiply a Jacobian chain, the product computed in it, and the proof."""
