"""What the fund's books stand up to: one code, in two sizes.

`make test` runs all of it small; `make faults` (PORTAL_FAULTS=long) runs it as the proof asks for:

- `test_machine`: every operation in any order against a slow model (`model`) that was written apart; 20 seeds of
  10,000 steps, each on ten databases (small: 2 of 130). The model keeps events and fractions, the portal keeps
  transfers and integers.
- `test_together`: two worker processes on one database (`clicker`): 50 quarters of 20 simultaneous clicks, one key
  100 times, release against deduction 1,000 times (20), 200 kill -9 (5).
- `test_interrupted`: a failure after every single statement of every flow that moves money (`flows`); a service that
  posts and is in no flow fails the test.
- `test_closing`: kill -9 of the close of a quarter, 200 times (4), begun again by a worker, the command or the page.
- `test_unseen`: UPDATE, DELETE, TRUNCATE and INSERT OR REPLACE refused; 1,000 edits of one byte found (80).
- `test_quarter_ends`: the second before and after midnight in Asia/Shanghai, whatever calendar.
- `test_at_length`: `flask ledger verify` over 100,000 transfers (1,200) and a year of seals: seconds and memory.
- `test_orders`: 1,000 orders of entering the same purchases and returns make the same balances (15).

A seed that fails is printed: PORTAL_FAULTS_SEED=<n> runs that one alone.
"""
