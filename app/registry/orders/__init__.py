"""What the authority orders: by two of its officers, with a document, for all to see."""
