"""What people do to videos and to each other: like, save, share, comment, follow, block, mute."""
