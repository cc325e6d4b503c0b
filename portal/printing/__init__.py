"""Printed papers: HTML with our own letters, made into PDF by a process of its own."""
