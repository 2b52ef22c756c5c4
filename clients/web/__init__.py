"""What the HTTP functions share: who calls, how often, from where, and how they are answered."""
