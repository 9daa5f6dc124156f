"""Components that live in the browser."""
