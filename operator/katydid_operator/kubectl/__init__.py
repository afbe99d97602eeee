"""`kubectl katydid`: the command line to LoadTests, a program of its own beside the operator."""
