"""The dashboard below `/devhost/`: what runs in this host, as pages for a person."""
