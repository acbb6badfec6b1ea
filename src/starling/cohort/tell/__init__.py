"""Results -> what is told of a cohort: advice, what changed, whom it affects, frequencies."""
