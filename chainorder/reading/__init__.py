"""Text and bytes that nobody vouches for, to plain values that know their place; no domain types."""
