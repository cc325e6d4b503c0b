"""The electronic seal: a paper signed with the company's certificate (PAdES), and what a file says of its seal."""
