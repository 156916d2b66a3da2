"""Operations and their results."""
