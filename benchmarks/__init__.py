"""How fast the lab is, beside a peer in the same run; results as JSON with the machine they ran on."""
