"""What runs inside MiniStack's process. Imports MiniStack and our Lambda runtime, never the harness."""
