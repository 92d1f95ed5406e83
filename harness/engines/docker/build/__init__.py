"""Making the image: its Dockerfile and what runs inside it, its context, and what becomes of old ones."""
