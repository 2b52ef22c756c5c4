"""HTTP, queue and timer triggers. They parse the request, call a service and return the response; no rules here."""
