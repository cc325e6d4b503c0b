"""Printed papers: what is laid out here is HTML with our own letters, made into PDF by a process of its own."""
