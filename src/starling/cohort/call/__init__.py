"""Evidence -> patterns -> results: people whose records state the same are called once."""
