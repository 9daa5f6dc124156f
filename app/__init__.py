"""What a person sees: the pages, and the components that move in the browser."""
