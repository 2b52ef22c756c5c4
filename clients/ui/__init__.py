"""The pages for people, under /api/ui: who visits, what they ask for, and the page or the action that follows."""
