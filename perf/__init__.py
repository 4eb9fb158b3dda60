"""What Kinora's speed is held against: README.md says how to read the figures and how the gate decides."""
