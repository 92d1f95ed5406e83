"""Lambda handlers of the file transfer pipeline and the small modules that they are made of."""
