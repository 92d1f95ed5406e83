"""What runs inside MiniStack's process, with its Python: imports nothing of ours, nor of our packages."""
