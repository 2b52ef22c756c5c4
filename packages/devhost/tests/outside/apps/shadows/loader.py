"""A module beside function_app.py; devhost has one of this name beside the script that it starts."""

WHO = "loader of the app"
