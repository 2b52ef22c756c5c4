"""What clients and activities do for people, whichever way they come: hand in, act, look at instances."""
