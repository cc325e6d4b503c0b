"""The papers of a meeting: sign-in sheet, badges, table cards, agenda, invitations; always in Chinese."""
