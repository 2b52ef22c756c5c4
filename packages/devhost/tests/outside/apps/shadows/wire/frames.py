"""devhost has a module of this very name."""

WHO = "wire of the app"
