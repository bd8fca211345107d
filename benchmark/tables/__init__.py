"""Records as text, CSV, LaTeX and plots."""
