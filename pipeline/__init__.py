"""What ships to AWS: the template and the code that runs in Lambda. Imports nothing from the test harness."""
