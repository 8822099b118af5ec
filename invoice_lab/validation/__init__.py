"""Page to invoice and findings: the schema, the checks, the review decision. Knows no images and no databases."""
