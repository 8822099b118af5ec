"""One module a report: what each section shows, from frames. The notebooks only call them."""
