"""What delivering videos to followers costs: the product's own fan-out on engines of its own."""
