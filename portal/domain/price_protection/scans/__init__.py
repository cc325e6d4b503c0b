"""Filing signed papers by the pile: what was uploaded, what each page says, what came back of what is due (P1b)."""
