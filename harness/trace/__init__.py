"""One file's whole story, from the folder of its run and, where it is still up, from the run's stack."""
