"""Words and rows, once, for terminal, board and report: pure functions over records. Whoever shows them draws them."""
