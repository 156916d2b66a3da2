"""Operations: one request followed to its end, with a result for each cluster. An open result is the work to do."""
