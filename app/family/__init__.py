"""The page Family: relatives side by side, their switches, and the paper's tables at our scale."""
