"""The appendix: pages beside the lessons, and what is shown at the places of their prose."""
